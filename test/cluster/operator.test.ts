/**
 * The operator, a process of its own, on an API server: what changes in the cluster or in trust shows in status,
 * reports, events and metrics within ten seconds. Each test has a namespace, a policy and a key of one name.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ApiRefusal, type ClusterClient } from '../support/cluster/client.ts';
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
  type PolicyStatus,
  policyStatus,
  policyTarget,
  publicKey,
  reports,
  runPod,
  shownConditions,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { type Kstatus, kstatusOf } from '../support/kstatus.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const fixture = (name: string): string => join(FIXTURES, name);
const k1 = { publicKey: { pem: publicKey('k1') } };
const other = { publicKey: { pem: publicKey('other') } };

let registry: TestRegistry;
let operator: Operator;
let client: ClusterClient;

/** What is seen of a policy, its namespace and its one workload, in all four places, in one value. */
interface Seen {
  /** Images that are verified, rejected and unknown, by the status. */
  readonly status: readonly [number, number, number];
  /** `Ready=True Succeeded`, sorted. */
  readonly conditions: readonly string[];
  readonly kstatus: Kstatus;
  /** The reason of the key's Ready. */
  readonly key: string | undefined;
  readonly reports: readonly string[];
  /** The same images by the metrics. */
  readonly metrics: readonly [number, number, number];
  /** Every event of the namespace, the policy and the key so far, each once, sorted. */
  readonly told: readonly string[];
}

async function seen(name: string): Promise<Record<keyof Seen, unknown>> {
  const found = await client.get(policyTarget(name));
  const status: PolicyStatus = found?.['status'] ?? {};
  return {
    status: [status.images?.verified, status.images?.rejected, status.images?.unknown],
    conditions: shownConditions(status),
    kstatus: kstatusOf(found?.metadata.generation ?? 0, status),
    key: await keyReason(name),
    reports: await reports(client, name).catch(unserved),
    metrics: await counted(name),
    told: await told(name),
  };
}

async function keyReason(name: string): Promise<string | undefined> {
  const status: PolicyStatus = (await client.get(keyTarget(name)))?.['status'] ?? {};
  return status.conditions?.find(({ type }) => type === 'Ready')?.reason;
}

const NOT_SERVED = ['not served'];

function unserved(error: unknown): readonly string[] {
  if (error instanceof ApiRefusal && error.status === 404) return NOT_SERVED;
  throw error;
}

async function counted(name: string): Promise<readonly number[]> {
  const count = (state: string): Promise<number> => operator.metric('image_trust_images', { policy: name, state });
  return [await count('verified'), await count('rejected'), await count('unknown')];
}

async function told(name: string): Promise<readonly string[]> {
  const ours = (await events(client, 'default')).filter((event) => event.split(' ')[0]?.endsWith(`/${name}`));
  return [...(await events(client, name)), ...ours].toSorted();
}

const standing = (compliant: string, reason: string): readonly string[] => [
  `Compliant=${compliant} ${reason}`,
  'EnforcementReady=False KyvernoAbsent',
  'Ready=True Succeeded',
];
/** The first `verified` of an image is no news. */
const good = (name: string, heard: readonly string[] = []): Seen => ({
  status: [1, 0, 0],
  conditions: standing('True', 'AllVerified'),
  kstatus: 'Current',
  key: 'Succeeded',
  reports: [`Deployment/web ${name}/app pass Verified`],
  metrics: [1, 0, 0],
  told: heard.toSorted(),
});
const bad = (name: string, reason: string, heard: readonly string[] = []): Seen => ({
  status: [0, 1, 0],
  conditions: standing('False', 'ImagesRejected'),
  kstatus: 'Current',
  key: 'Succeeded',
  reports: [`Deployment/web ${name}/app fail ${reason}`],
  metrics: [0, 1, 0],
  told: [...news(name, `Warning ${reason}`), ...heard].toSorted(),
});
const nothing = (heard: readonly string[] = []): Seen => ({
  status: [0, 0, 0],
  conditions: standing('True', 'NoImages'),
  kstatus: 'Current',
  key: 'Succeeded',
  reports: [],
  metrics: [0, 0, 0],
  told: heard.toSorted(),
});

/** The same, but that the latest check could not be made and is tried again. */
const retried = (expected: Seen): Seen => ({
  ...expected,
  conditions: [...expected.conditions, 'Reconciling=True ProgressingWithRetry'],
  kstatus: 'InProgress',
});
const revoked = (name: string): Seen => ({
  ...bad(name, 'KeyRevoked', [`TrustedKey/${name} Warning Revoked`]),
  key: 'Revoked',
});

/** Events of the workload and of the policy. */
function news(name: string, event: string): readonly string[] {
  return [`Deployment/web ${event}`, `ImageTrustPolicy/${name} ${event}`];
}

/** Within ten seconds all of this is seen, at one moment. */
async function expectSoon(name: string, expected: Seen): Promise<void> {
  await eventually(async () => expect(await seen(name)).toEqual(expected), { every: 200 });
}

/** The same, and nothing is told afterwards: news is gathered for a moment before it is. */
async function expectNoNews(name: string, expected: Seen): Promise<void> {
  await expectSoon(name, expected);
  await delay(GATHERED_MS);
  expect(await seen(name)).toEqual(expected);
}

/** Everything that was told to anybody and was not in `before`, with how often. */
async function toldToAll(before: readonly string[] = []): Promise<readonly string[]> {
  const all = await client.list('events.k8s.io/v1', 'Event');
  return all
    .map(({ metadata, series }) => `${metadata.name} ${JSON.stringify(series)}`)
    .filter((event) => !before.includes(event));
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

/** Longer than news is gathered, and written. */
const GATHERED_MS = 2500;
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
      await scene('unsigned', 'app/unsigned');
      await expectSoon('unsigned', bad('unsigned', 'NoSignature'));
      await expectNoNews('fresh', good('fresh'));
    });

    test('a key that is revoked', async () => {
      await scene('revoked', 'app/signed');
      await expectSoon('revoked', good('revoked'));
      await client.patch(keyTarget('revoked'), { spec: { lifecycle: { state: 'Revoked' } } });
      const lost = revoked('revoked');
      await expectSoon('revoked', lost);
      await client.patch(keyTarget('revoked'), { spec: { lifecycle: { state: 'Active' } } });
      await expectSoon('revoked', good('revoked', [...lost.told, ...news('revoked', 'Normal Verified')]));
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
      const lost = bad('rotated', 'UntrustedSigner');
      await expectSoon('rotated', lost);
      await client.apply(secret('k1'));
      await expectSoon('rotated', good('rotated', [...lost.told, ...news('rotated', 'Normal Verified')]));
    });

    test('a signature that is deleted in the registry, once a check is asked for', async () => {
      await scene('deleted', 'own/deleted');
      await expectSoon('deleted', good('deleted'));
      const { tags } = registry.repository('own/deleted');
      for (const tag of [...tags.keys()].filter((name) => name.endsWith('.sig'))) tags.delete(tag);
      await client.annotate(policyTarget('deleted'), { 'imagetrust.dev/requestedAt': 'now' });
      await expectSoon('deleted', bad('deleted', 'NoSignature'));
      expect((await policyStatus(client, 'deleted')).lastHandledRequestedAt).toBe('now');
    });

    test('a policy that is widened and narrowed, to an image that is trusted: no news', async () => {
      const only = { images: [`${registry.host}/app/nothing*`] };
      await scene('wide', 'own/wide', k1, only);
      await expectSoon('wide', nothing());
      await client.apply(policy('wide', 'wide', { images: [`${registry.host}/own/*`] }));
      await expectSoon('wide', good('wide'));
      await client.apply(policy('wide', 'wide', only));
      await expectNoNews('wide', nothing());
    });

    test('a policy that is widened and narrowed, to an image that is not: news once', async () => {
      const only = { images: [`${registry.host}/app/nothing*`] };
      await scene('broad', 'app/unsigned', k1, only);
      await expectSoon('broad', nothing());
      await client.apply(policy('broad', 'broad', { images: [`${registry.host}/app/*`] }));
      const refused = bad('broad', 'NoSignature');
      await expectSoon('broad', refused);
      await client.apply(policy('broad', 'broad', only));
      await expectNoNews('broad', nothing(refused.told));
    });

    test('an exception that expires', async () => {
      const soon = new Date(Date.now() + 6000).toISOString().replace(/\.\d+Z$/, 'Z');
      const exceptions = [{ images: ['*'], reason: 'INC-42', expiresAt: soon }];
      await scene('excepted', 'app/unsigned', k1, { exceptions });
      const skipped = ['Deployment/web excepted/app skip Excepted'];
      await expectSoon('excepted', { ...nothing(), reports: skipped });
      await expectSoon('excepted', bad('excepted', 'NoSignature'));
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
    });

    test('a namespace that is deleted: its events go with it, and nothing more is told of it', async () => {
      await scene('leaving', 'app/unsigned');
      await expectSoon('leaving', bad('leaving', 'NoSignature'));
      await client.remove({ apiVersion: 'v1', kind: 'Namespace', name: 'leaving' });
      await expectNoNews('leaving', nothing(['ImageTrustPolicy/leaving Warning NoSignature']));
    });

    test('a registry that is down rejects nothing, keeps what is known, and is recovered from alone', async () => {
      await scene('down', 'own/down');
      await expectSoon('down', good('down'));
      const up = registry.fault({ match: '/own/down/', status: 503 });
      await client.annotate(policyTarget('down'), { 'imagetrust.dev/requestedAt': 'now' });
      await expectUnchecked('down', 1);
      await eventually(async () => expect((await policyStatus(client, 'down')).lastHandledRequestedAt).toBe('now'));
      // Nobody knows less than before: no event is due.
      await expectNoNews('down', retried(good('down')));
      up();
      await expectUnchecked('down', 0, 30_000);
      await expectNoNews('down', good('down'));
    });

    test('an image that could not be checked is judged as soon as its registry answers', async () => {
      const up = registry.fault({ match: '/app/bundle/', status: 503 });
      await scene('late', 'app/bundle');
      const unknown: Seen = {
        ...good('late'),
        status: [0, 0, 1],
        conditions: standing('Unknown', 'ImagesUnknown'),
        reports: ['Deployment/web late/app error RegistryUnavailable'],
        metrics: [0, 0, 1],
      };
      await expectNoNews('late', retried(unknown));
      up();
      await eventually(async () => expect(await seen('late')).toEqual(good('late')), { within: 30_000, every: 200 });
    });

    test('an API server that is restarted: what was known is known, what changes then is told, and nothing else', async () => {
      await scene('restart', 'app/signed');
      await expectSoon('restart', good('restart'));
      const before = await toldToAll();
      await cluster().stopApiServer();
      expect(await counted('restart')).toEqual([1, 0, 0]);
      await cluster().startApiServer();
      await eventually(() => client.patch(keyTarget('restart'), { spec: other }));
      const lost = bad('restart', 'UntrustedSigner');
      await expectSoon('restart', lost);
      expect(await operator.isReady()).toBe(true);
      await delay(GATHERED_MS);
      expect(await toldToAll(before)).toHaveLength(lost.told.length);
    });

    test('the kind of reports taken away and given back: everything else goes on, and news is told once', async () => {
      await scene('reports', 'app/signed');
      await expectSoon('reports', good('reports'));
      const before = await toldToAll();
      const crd = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: 'policyreports.wgpolicyk8s.io',
      };
      await client.remove(crd);
      await eventually(async () => expect(await client.get(crd)).toBeUndefined());
      await client.patch(keyTarget('reports'), { spec: { lifecycle: { state: 'Revoked' } } });
      const lost = revoked('reports');
      const [compliant = '', enforced = ''] = lost.conditions;
      const conditions = [compliant, enforced, 'Ready=True ReportsUnavailable'];
      await expectSoon('reports', { ...lost, conditions, reports: NOT_SERVED });
      await installReports(client, 'wgpolicyk8s');
      await expectNoNews('reports', lost);
      expect(await toldToAll(before)).toHaveLength(lost.told.length);
      const lines = operator.logs().filter(({ message }) => String(message).includes('reports'));
      expect(lines.map(({ level, message }) => `${String(level)} ${String(message)}`)).toEqual([
        'warn no reports are written: the API server does not serve their kind',
        'info reports can be written again',
      ]);
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
