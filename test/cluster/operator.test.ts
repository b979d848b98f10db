/**
 * The operator, a process of its own, on an API server: what changes in the cluster or in trust shows in status,
 * reports, events and metrics within ten seconds. Each test has a namespace, a policy and a key of one name.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import {
  deploy,
  events,
  imageOf,
  keyTarget,
  namespace,
  podTarget,
  policy,
  policyStatus,
  policyTarget,
  publicKey,
  reports,
  runPod,
  shownConditions,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const fixture = (name: string): string => join(FIXTURES, name);
const k1 = { publicKey: { pem: publicKey('k1') } };
const other = { publicKey: { pem: publicKey('other') } };

let registry: TestRegistry;
let operator: Operator;
let client: ClusterClient;

/** What is seen of a policy, its namespace and its one workload, in one value. */
async function seen(name: string): Promise<object> {
  const { images, conditions = [] } = await policyStatus(client, name);
  const compliant = conditions.find(({ type }) => type === 'Compliant');
  const counted = async (state: string): Promise<number> =>
    operator.metric('image_trust_images', { policy: name, state });
  const metrics = [await counted('verified'), await counted('rejected'), await counted('unknown')];
  return {
    status: [images?.verified, images?.rejected, images?.unknown],
    compliant: compliant?.status,
    reports: await reports(client, name),
    metrics,
  };
}

const good = (name: string, container = 'app') => ({
  status: [1, 0, 0],
  compliant: 'True',
  reports: [`Deployment/web ${name}/${container} pass Verified`],
  metrics: [1, 0, 0],
});
const bad = (name: string, reason: string) => ({
  status: [0, 1, 0],
  compliant: 'False',
  reports: [`Deployment/web ${name}/app fail ${reason}`],
  metrics: [0, 1, 0],
});

async function expectSoon(name: string, expected: object): Promise<void> {
  await eventually(async () => expect(await seen(name)).toEqual(expected), { every: 200 });
}

/** Within ten seconds an event of the workload, and one of the policy, say so. */
async function expectTold(name: string, event: string): Promise<void> {
  await eventually(async () => expect(await events(client, name)).toContain(`Deployment/web ${event}`));
  await eventually(async () => expect(await events(client, 'default')).toContain(`ImageTrustPolicy/${name} ${event}`));
}

/** Within ten seconds these conditions stand, and no others: kstatus takes the policy for current. */
async function expectConditions(name: string, expected: readonly string[]): Promise<void> {
  await eventually(async () => expect(shownConditions(await policyStatus(client, name))).toEqual(expected));
}

/** So many images whose latest check could not be made. */
async function expectUnchecked(name: string, count: number, within = 10_000): Promise<void> {
  const unchecked = (): Promise<number> => operator.metric('image_trust_images_unchecked', { policy: name });
  await eventually(async () => expect(await unchecked()).toBe(count), { within, every: 200 });
}

/** A namespace with a key, a policy and a workload, judged. */
async function scene(
  name: string,
  image: string,
  key: object = k1,
  rest: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await client.apply(namespace(name), trustedKey(name, key), policy(name, name, rest));
  await deploy(client, name, 'web', imageOf(registry, image));
}

const OWN = ['deleted', 'down', 'wide'] as const;

describeOnClusters(
  'the operator',
  {
    controllers: 'lifecycle',
    async prepare(cluster) {
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const own = Object.fromEntries(OWN.map((name) => [`own/${name}`, fixture('legacy3-k1')]));
      const layouts = {
        'app/signed': fixture('legacy3-k1'),
        'app/bundle': fixture('bundle3-k1'),
        'app/unsigned': fixture('unsigned'),
        ...own,
      };
      registry = stack.use(await startRegistry({ layouts }));
      await installReports(client, 'wgpolicyk8s');
      operator = stack.use(
        await startOperator({ kubeconfig: cluster.kubeconfig, args: [`--plain-http=${registry.host}`] }),
      );
      return stack;
    },
  },
  (cluster) => {
    test('judges what runs, and says it everywhere', async () => {
      await scene('fresh', 'app/signed');
      await expectSoon('fresh', good('fresh'));
      await expectConditions('fresh', ['Compliant=True', 'EnforcementReady=False', 'Ready=True']);
      await scene('unsigned', 'app/unsigned');
      await expectSoon('unsigned', bad('unsigned', 'NoSignature'));
      await expectConditions('unsigned', ['Compliant=False', 'EnforcementReady=False', 'Ready=True']);
      await expectTold('unsigned', 'Warning NoSignature');
    });

    test('a key that is revoked', async () => {
      await scene('revoked', 'app/signed');
      await expectSoon('revoked', good('revoked'));
      await client.patch(keyTarget('revoked'), { spec: { lifecycle: { state: 'Revoked' } } });
      await expectSoon('revoked', bad('revoked', 'KeyRevoked'));
      await expectTold('revoked', 'Warning KeyRevoked');
      await client.patch(keyTarget('revoked'), { spec: { lifecycle: { state: 'Active' } } });
      await expectSoon('revoked', good('revoked'));
    });

    test('a key that is rotated inside a Secret', async () => {
      const secret = (name: string) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'cosign', namespace: 'rotated' },
        data: { 'cosign.pub': Buffer.from(publicKey(name)).toString('base64') },
      });
      await client.apply(namespace('rotated'), secret('k1'));
      const ref = { secretRef: { namespace: 'rotated', name: 'cosign', key: 'cosign.pub' } };
      await scene('rotated', 'app/signed', { publicKey: ref });
      await expectSoon('rotated', good('rotated'));
      await client.apply(secret('other'));
      await expectSoon('rotated', bad('rotated', 'UntrustedSigner'));
      await expectTold('rotated', 'Warning UntrustedSigner');
      await client.apply(secret('k1'));
      await expectSoon('rotated', good('rotated'));
    });

    test('a signature that is deleted in the registry, once a check is asked for', async () => {
      await scene('deleted', 'own/deleted');
      await expectSoon('deleted', good('deleted'));
      const { tags } = registry.repository('own/deleted');
      for (const tag of [...tags.keys()].filter((name) => name.endsWith('.sig'))) tags.delete(tag);
      await client.annotate(policyTarget('deleted'), { 'imagetrust.dev/requestedAt': 'now' });
      await expectSoon('deleted', bad('deleted', 'NoSignature'));
      await expectTold('deleted', 'Warning NoSignature');
      expect((await policyStatus(client, 'deleted')).lastHandledRequestedAt).toBe('now');
    });

    test('a policy that is widened and narrowed', async () => {
      const only = { images: [`${registry.host}/app/nothing*`] };
      await scene('wide', 'own/wide', k1, only);
      await expectSoon('wide', { status: [0, 0, 0], compliant: 'True', reports: [], metrics: [0, 0, 0] });
      await client.apply(policy('wide', 'wide', { images: [`${registry.host}/own/*`] }));
      await expectSoon('wide', good('wide'));
      await client.apply(policy('wide', 'wide', only));
      await expectSoon('wide', { status: [0, 0, 0], compliant: 'True', reports: [], metrics: [0, 0, 0] });
    });

    test('an exception that expires', async () => {
      const soon = new Date(Date.now() + 5000).toISOString().replace(/\.\d+Z$/, 'Z');
      const exceptions = [{ images: ['*'], reason: 'INC-42', expiresAt: soon }];
      await scene('excepted', 'app/unsigned', k1, { exceptions });
      await eventually(async () =>
        expect(await reports(client, 'excepted')).toEqual(['Deployment/web excepted/app skip Excepted']),
      );
      await expectSoon('excepted', bad('excepted', 'NoSignature'));
      await expectTold('excepted', 'Warning NoSignature');
    });

    test('a Pod that is replaced', async () => {
      await scene('replaced', 'app/signed');
      await expectSoon('replaced', good('replaced'));
      const old = await client.get(podTarget('replaced', 'web-1-a'));
      await client.remove(podTarget('replaced', 'web-1-a'));
      const { labels, ownerReferences } = old?.metadata ?? {};
      const next = { name: 'web-1-b', namespace: 'replaced', labels, ownerReferences };
      await runPod(client, next, imageOf(registry, 'app/unsigned'));
      await expectSoon('replaced', bad('replaced', 'NoSignature'));
      await expectTold('replaced', 'Warning NoSignature');
    });

    test('a namespace that is deleted', async () => {
      await scene('leaving', 'app/unsigned');
      await expectSoon('leaving', bad('leaving', 'NoSignature'));
      await client.remove({ apiVersion: 'v1', kind: 'Namespace', name: 'leaving' });
      await expectSoon('leaving', { status: [0, 0, 0], compliant: 'True', reports: [], metrics: [0, 0, 0] });
    });

    test('a registry that is down rejects nothing, keeps what is known, and is recovered from alone', async () => {
      await scene('down', 'own/down');
      await expectSoon('down', good('down'));
      const up = registry.fault({ match: '/own/down/', status: 503 });
      await client.annotate(policyTarget('down'), { 'imagetrust.dev/requestedAt': 'now' });
      await eventually(async () => expect((await policyStatus(client, 'down')).lastHandledRequestedAt).toBe('now'));
      await eventually(async () =>
        expect(await seen('down')).toMatchObject({ status: [1, 0, 0], reports: good('down').reports }),
      );
      await expectUnchecked('down', 1);
      expect((await events(client, 'down')).filter((event) => event.includes('Warning'))).toEqual([]);
      up();
      await expectUnchecked('down', 0, 30_000);
      await expectSoon('down', good('down'));
    });

    test('an image that could not be checked is judged as soon as its registry answers', async () => {
      const up = registry.fault({ match: '/app/bundle/', status: 503 });
      await scene('late', 'app/bundle');
      await expectSoon('late', {
        status: [0, 0, 1],
        compliant: 'Unknown',
        reports: ['Deployment/web late/app error RegistryUnavailable'],
        metrics: [0, 0, 1],
      });
      up();
      await eventually(async () => expect(await seen('late')).toEqual(good('late')), { within: 30_000, every: 200 });
    });

    test('an API server that is restarted', async () => {
      await scene('restart', 'app/signed');
      await expectSoon('restart', good('restart'));
      await cluster().stopApiServer();
      await cluster().startApiServer();
      await eventually(() => client.patch(keyTarget('restart'), { spec: other }));
      await expectSoon('restart', bad('restart', 'UntrustedSigner'));
      expect(await operator.isReady()).toBe(true);
    });

    test('the kind of reports taken away and given back', async () => {
      await scene('reports', 'app/signed');
      await expectSoon('reports', good('reports'));
      const crd = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: 'policyreports.wgpolicyk8s.io',
      };
      await client.remove(crd);
      await eventually(async () => expect(await client.get(crd)).toBeUndefined());
      await client.patch(keyTarget('reports'), { spec: { lifecycle: { state: 'Revoked' } } });
      await eventually(async () => expect((await policyStatus(client, 'reports')).images?.rejected).toBe(1));
      await installReports(client, 'wgpolicyk8s');
      await eventually(async () => expect(await seen('reports')).toEqual(bad('reports', 'KeyRevoked')), {
        within: 15_000,
        every: 200,
      });
    });

    test('keys say who depends on them', async () => {
      await scene('counted', 'app/signed');
      await eventually(async () => {
        const status = (await client.get(keyTarget('counted')))?.['status'];
        expect(status).toMatchObject({
          observedGeneration: 1,
          keys: [{ algorithm: 'ECDSA-P256' }],
          dependents: { policies: 1, images: 1, workloads: 1, solelyDependentWorkloads: 1 },
        });
      });
    });
  },
);
