/**
 * The operator with the rights that config/ gives it and no others, on the real API server: it is refused nothing that
 * it asks for, and of what it was given, nothing is in vain. The audit log says both.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Account, type Done, doneBy, kubeconfigOf } from '../support/cluster/access.ts';
import type { ClusterClient, Loose } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, documentsOf, installReports } from '../support/cluster/cluster.ts';
import { startOperator } from '../support/cluster/operator.ts';
import {
  controllerOf,
  deploy,
  deploymentTarget,
  events,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyStatus,
  publicKey,
  reports,
  runPod,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { runTool } from '../toolbox/toolbox.ts';

const CONFIG = join(import.meta.dirname, '../../config');
const FIXTURES = join(import.meta.dirname, '../fixtures');
const ACCOUNT: Account = { namespace: 'image-trust-system', name: 'image-trust-operator' };
/** So many Pods of one kind of owner are enough for a list of owners in place of single reads. */
const MANY = Array.from({ length: 60 }, (_, index) => `o-${index}`);

let registry: TestRegistry;

describeOnClusters(
  'the rights of the operator',
  {
    crds: false,
    controllers: 'lifecycle',
    audit: true,
    only: 'real',
    async prepare(cluster) {
      const layouts = { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/unsigned': join(FIXTURES, 'unsigned') };
      registry = await startRegistry({ layouts });
      await apply(cluster, 'default');
      await installReports(cluster.client, 'wgpolicyk8s');
      return registry;
    },
  },
  (cluster) => {
    test('are enough, and none of them is in vain', async () => {
      const { client } = cluster();
      await client.apply(
        namespace('team'),
        namespace('security'),
        ...documentsOf('config/samples/trust_material_role.yaml'),
      );
      await client.apply(secret('cosign'), configMap('sigstore'));
      for (const kind of OWNERS) await owned(client, kind, MANY);
      const operator = await startOperator({
        kubeconfig: await kubeconfigOf(cluster(), ACCOUNT),
        args: [`--plain-http=${registry.host}`, '--leader-elect', `--leader-election-namespace=${ACCOUNT.namespace}`],
      });
      for (const kind of OWNERS) await owned(client, kind, ['late']);
      const from = { secretRef: { namespace: 'security', name: 'cosign', key: 'cosign.pub' } };
      const root = { configMapRef: { namespace: 'security', name: 'sigstore', key: 'trusted_root.json' } };
      await client.apply(
        trustedKey('team', { publicKey: from }),
        trustedKey('rooted', { publicKey: from, trustRoot: root }),
        policy('team', 'team'),
        policy('rooted', 'rooted', { match: { namespaces: ['team'] } }),
      );
      await deploy(client, 'team', 'web', imageOf(registry, 'app/signed'));
      await deploy(client, 'team', 'bad', imageOf(registry, 'app/unsigned'));
      await eventually(async () => {
        expect(await reports(client, 'team')).toEqual(
          expect.arrayContaining(['Deployment/web team/app pass Verified', 'Deployment/bad team/app fail NoSignature']),
        );
        expect(await events(client, 'team')).toContain('Deployment/bad Warning NoSignature');
        expect((await policyStatus(client, 'team')).images).toMatchObject({ verified: 1, rejected: 1 });
      });
      // The same news twice is one event that is patched; a report that others write is read before it is replaced.
      await eventually(
        async () => {
          await inTheWay(client, () => turned(client, 'Revoked', 'fail KeyRevoked'));
          await inTheWay(client, () => turned(client, 'Active', 'pass Verified'));
          const used = doneBy(cluster(), ACCOUNT).flatMap((each) => rightOf(each));
          expect(used).toEqual(expect.arrayContaining(['patch events.k8s.io/events', `get ${REPORTS}`]));
        },
        { within: 45_000 },
      );
      await client.remove(policyTargetOf('rooted'));
      await client.remove(policyTargetOf('team'));
      await eventually(async () => expect(await reports(client, 'team')).toEqual([]));
      expect((await operator.end()).code).toBe(0);

      const done = doneBy(cluster(), ACCOUNT);
      expect(shown(done.filter(({ code }) => code === 403))).toEqual([]);
      const used = new Set(done.flatMap((each) => rightOf(each)));
      const given = await rightsOf(cluster());
      expect(given.length).toBeGreaterThan(20);
      expect(given.filter((right) => !used.has(right))).toEqual([]);
    });

    test('are needed: without them, it says what it may not do', async () => {
      const { client } = cluster();
      const binding = { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', name: 'image-trust-operator' };
      await client.remove(binding);
      await using operator = await startOperator({ kubeconfig: await kubeconfigOf(cluster(), ACCOUNT), ready: false });
      await eventually(() => expect(operator.output()).toMatch(/forbidden|403/i));
      expect(await operator.isReady()).toBe(false);
      await client.remove(deploymentTarget('team', 'bad'));
    });
  },
);

/** Turns the key, and waits until the report says what follows. */
async function turned(client: ClusterClient, state: string, shown_: string): Promise<void> {
  await client.patch(keyTarget('team'), { spec: { lifecycle: { state } } });
  await eventually(async () => expect(await reports(client, 'team')).toContain(`Deployment/web team/app ${shown_}`));
}

/** Writes the reports of the namespace as somebody else, without a pause, until the work is done. */
async function inTheWay(client: ClusterClient, work: () => Promise<void>): Promise<void> {
  const state = { done: false };
  const meddle = async (): Promise<void> => {
    const found = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', 'team');
    for (let turn = 0; !state.done; turn += 1)
      for (const { apiVersion, kind, metadata } of found) {
        const target = { apiVersion, kind, name: metadata.name ?? '', namespace: 'team' };
        await client.annotate(target, { 'example.com/turn': String(turn) });
      }
  };
  const meddling = meddle();
  await work().finally(() => {
    state.done = true;
  });
  await meddling;
}

const REPORTS = 'wgpolicyk8s.io/policyreports';
const RBAC = 'rbac.authorization.k8s.io';

const policyTargetOf = (name: string) => ({ apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name });
const secret = (name: string): Loose => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'security' },
  data: { 'cosign.pub': Buffer.from(publicKey('k1')).toString('base64') },
});
const configMap = (name: string): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'security' },
  data: { 'trusted_root.json': '{}' },
});

async function apply(cluster: Cluster, folder: string): Promise<void> {
  if (cluster.kind === 'embedded') throw new Error('the rights are tried on the real server');
  const args = ['--kubeconfig', cluster.kubeconfig, 'apply', '-k', join(CONFIG, folder)];
  const { code, stderr } = await runTool(cluster.plane.kubectl, args);
  if (code !== 0) throw new Error(stderr);
}

/** Kinds of owners, each with a spec that is taken. */
const POD = {
  metadata: { labels: { app: 'o' } },
  spec: { containers: [{ name: 'app', image: 'registry.example.com/none' }] },
};
const SELECTED = { selector: { matchLabels: { app: 'o' } }, template: POD };
const RESTARTED = { template: { ...POD, spec: { ...POD.spec, restartPolicy: 'Never' } } };
type Owner = readonly [apiVersion: string, kind: string, spec: object];
const OWNERS: readonly Owner[] = [
  ['v1', 'ReplicationController', { replicas: 0, selector: { app: 'o' }, template: POD }],
  ['apps/v1', 'DaemonSet', SELECTED],
  ['apps/v1', 'Deployment', SELECTED],
  ['apps/v1', 'ReplicaSet', { replicas: 0, ...SELECTED }],
  ['apps/v1', 'StatefulSet', { serviceName: 'o', ...SELECTED }],
  ['batch/v1', 'CronJob', { schedule: '0 0 1 1 *', jobTemplate: { spec: RESTARTED } }],
  ['batch/v1', 'Job', { suspend: true, ...RESTARTED }],
];

/** Pods of that many owners of a kind, in a namespace of their own. */
async function owned(client: ClusterClient, [apiVersion, kind, spec]: Owner, names: readonly string[]): Promise<void> {
  const space = `many-${kind.toLowerCase()}s`;
  await client.apply(namespace(space));
  const one = async (name: string): Promise<void> => {
    const [owner] = await client.apply({ apiVersion, kind, metadata: { name, namespace: space }, spec });
    const metadata = { name, namespace: space, labels: { app: 'o' }, ownerReferences: [controllerOf(owner)] };
    await runPod(client, metadata, imageOf(registry, 'app/signed'));
  };
  await Promise.all(names.map((name) => one(name)));
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Every right that a Role or ClusterRole gives to the operator: `patch imagetrust.dev/trustedkeys/status`. */
async function rightsOf({ client }: Cluster): Promise<readonly string[]> {
  const bindings = [
    ...(await client.list(`${RBAC}/v1`, 'ClusterRoleBinding')),
    ...(await client.list(`${RBAC}/v1`, 'RoleBinding')),
  ].filter((binding) =>
    (binding['subjects'] as { name: string }[] | undefined)?.some(({ name }) => name === ACCOUNT.name),
  );
  const rules = await Promise.all(
    bindings.map(async ({ roleRef, metadata }) => {
      const { kind, name } = roleRef as { kind: string; name: string };
      const scope = kind === 'Role' ? { namespace: metadata.namespace ?? '' } : {};
      return ((await client.get({ apiVersion: `${RBAC}/v1`, kind, name, ...scope }))?.['rules'] ??
        []) as readonly Rule[];
    }),
  );
  const rights = rules
    .flat()
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    );
  return [...new Set(rights)].toSorted();
}

/** The right that a request used. */
function rightOf({ verb, group, resource, subresource, code }: Done): readonly string[] {
  if (code >= 400 && code !== 404 && code !== 409) return [];
  return [`${verb} ${group}/${resource}${subresource === undefined ? '' : `/${subresource}`}`];
}

function shown(done: readonly Done[]): readonly string[] {
  return [
    ...new Set(done.map(({ verb, group, resource, namespace: space = '' }) => `${verb} ${group}/${resource} ${space}`)),
  ];
}
