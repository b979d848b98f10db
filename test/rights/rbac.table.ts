/**
 * What each right of the operator is for: something that is done, and what is seen of it. Without the right it is not
 * seen. A right that is granted and is not in this table fails the suite.
 */
import type { ClusterClient, Loose, Target } from '../support/cluster/client.ts';
import type { Gate } from '../support/cluster/gate.ts';
import type { Operator } from '../support/cluster/operator.ts';
import {
  controllerOf,
  deploy,
  events,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyTarget,
  publicKey,
  reports,
  runPod,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import type { TestRegistry } from '../support/registry.ts';
import { ACCOUNT, DAEMON_SET, OWNERS, type OwnerKind, STATEFUL_SET } from './owners.table.ts';

/** Where it is played: the namespace `team` has a policy, a key and a Deployment `web` that is verified. */
export interface Stage {
  readonly client: ClusterClient;
  readonly gate: Gate;
  readonly registry: TestRegistry;
  readonly operator: Operator;
}

/** Throws where it is not seen. */
export type Seen = () => Promise<void>;

export interface Scenario {
  readonly right: string;
  /** What is seen with the right, and is not without. */
  readonly shows: string;
  /** Does it; `name` is new each time. Gives how to look for what should follow. */
  readonly act: (stage: Stage, name: string) => Promise<Seen>;
  /** What was refused is not tried again by itself: with the right it has to be done once more. */
  readonly once?: true;
  /** How long it would take to be seen another way, in milliseconds: of what is read, where no refusal says so. */
  readonly holdMs?: number;
  /** What is asked for where the server demands this right beside that: an apply of what is not there yet creates it. */
  readonly within?: string;
}

const OURS = 'imagetrust.dev';
const REPORTS = 'wgpolicyk8s.io/policyreports';

/** The watches that the operator always has: without the right to list, or to watch, news does not come. */
export function read(resource: string, shows: string, act: Scenario['act']): readonly Scenario[] {
  const after =
    (verb: string, how: 'gone' | 'cut'): Scenario['act'] =>
    async (stage, name) => {
      const right = `${verb} ${resource}`;
      const before = stage.gate.count(right, 403);
      stage.gate.endWatches(resource, how);
      await eventually(() => demand(stage.gate.count(right, 403) > before, `${right} is refused`));
      return act(stage, name);
    };
  return [
    {
      right: `list ${resource}`,
      shows: `${shows}, after a watch that grew too old`,
      act: after('list', 'gone'),
      holdMs: 1000,
    },
    { right: `watch ${resource}`, shows: `${shows}, at once`, act: after('watch', 'cut'), holdMs: 1000 },
  ];
}

/** Secrets and ConfigMaps with keys: each is listed when it is first wanted, and then watched. */
function material(kind: 'Secret' | 'ConfigMap', plural: string): readonly Scenario[] {
  const field = kind === 'Secret' ? 'secretRef' : 'configMapRef';
  const holding = (name: string, key: string): Loose => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: ACCOUNT.namespace },
    ...(kind === 'Secret' ? { stringData: { pub: publicKey(key) } } : { data: { pub: publicKey(key) } }),
  });
  const begin = async ({ client }: Stage, name: string): Promise<void> => {
    const held = { [field]: { namespace: ACCOUNT.namespace, name, key: 'pub' } };
    await client.apply(holding(name, 'k1'), trustedKey(name, { publicKey: held }));
  };
  const fingerprints = async ({ client }: Stage, name: string): Promise<readonly string[]> => {
    const { keys = [] } = ((await client.get(keyTarget(name)))?.['status'] ?? {}) as {
      keys?: { fingerprint: string }[];
    };
    return keys.map(({ fingerprint }) => fingerprint);
  };
  return [
    {
      right: `list /${plural}`,
      shows: `a key in a ${kind} is read`,
      holdMs: 1000,
      async act(stage, name) {
        await begin(stage, name);
        return async () => demand((await fingerprints(stage, name)).length === 1, 'the key is read');
      },
    },
    {
      right: `watch /${plural}`,
      shows: `a key that is rotated in a ${kind} is read`,
      holdMs: 2200,
      async act(stage, name) {
        await begin(stage, name);
        const before = await eventually(async () => {
          const [found] = await fingerprints(stage, name);
          demand(found !== undefined, 'the key is read');
          return found;
        });
        await stage.client.apply(holding(name, 'other'));
        return async () => demand(!(await fingerprints(stage, name)).includes(before ?? ''), 'the new key is read');
      },
    },
  ];
}

/** A chain of owners: the Pod, an owner of this kind, and a top that only the owner itself tells of. */
export function owner({ resource, apiVersion, kind, spec }: OwnerKind): Scenario {
  const top = kind === 'StatefulSet' ? DAEMON_SET : STATEFUL_SET;
  return {
    right: `get ${resource}`,
    shows: `a Pod of a ${kind} stands under what owns that`,
    once: true,
    async act({ client, registry }, name) {
      const at = { name, namespace: 'team' };
      const [above] = await client.apply({ apiVersion: top.apiVersion, kind: top.kind, metadata: at, spec: top.spec });
      const metadata = { ...at, ownerReferences: [controllerOf(above)] };
      const [middle] = await client.apply({ apiVersion, kind, metadata, spec });
      const pod = { ...at, labels: { app: 'o' }, ownerReferences: [controllerOf(middle)] };
      await runPod(client, pod, imageOf(registry, 'app/signed'));
      await eventually(async () => demand((await reportOf(client, name)) !== undefined, 'the Pod is in a report'));
      const expected = `${top.kind}/`;
      return async () =>
        demand((await reportOf(client, name))?.startsWith(expected) === true, `it is under ${expected}`);
    },
  };
}

async function reportOf(client: ClusterClient, name: string): Promise<string | undefined> {
  return (await reports(client, 'team')).find((line) => line.includes(`/${name} `));
}

export const SCENARIOS: readonly Scenario[] = [
  ...read(`${OURS}/trustedkeys`, 'a key that is applied is known', async ({ client, operator }, name) => {
    await client.apply(trustedKey(name, { publicKey: { pem: publicKey('k1') } }));
    return async () => demand(await hasSeries(operator, { key: name }), 'the key has metrics');
  }),
  ...read(`${OURS}/imagetrustpolicies`, 'a policy that is applied is known', async ({ client, operator }, name) => {
    await client.apply(policy(name, 'team'));
    return async () => demand(await hasSeries(operator, { policy: name }), 'the policy has metrics');
  }),
  ...read('/pods', 'a Pod that comes is judged', async ({ client, registry }, name) => {
    await runPod(client, { name, namespace: 'team' }, imageOf(registry, 'app/signed'));
    return async () => demand((await reportOf(client, name)) !== undefined, 'the Pod is in a report');
  }),
  ...read('/namespaces', 'a namespace that is labelled comes under a policy', async ({ client, operator }, name) => {
    const match = { namespaceSelector: { matchLabels: { step: name } } };
    await client.apply(policy(name, 'team', { match }));
    await eventually(async () => demand(await hasSeries(operator, { policy: name }), 'the policy is known'));
    await client.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'team' }, { metadata: { labels: { step: name } } });
    const covered = (): Promise<number> => operator.metric('image_trust_workloads', { policy: name });
    return async () => demand((await covered()) > 0, 'its workloads are counted');
  }),
  ...read(REPORTS, 'a report that somebody removes comes back', async ({ client }) => {
    const found = await webReport(client);
    if (found === undefined) throw new Error('there is no report of Deployment/web');
    await client.remove(found);
    return async () => demand((await webReport(client)) !== undefined, 'the report is back');
  }),
  ...material('Secret', 'secrets'),
  ...material('ConfigMap', 'configmaps'),
  ...OWNERS.map(owner),
  {
    right: `patch ${OURS}/trustedkeys/status`,
    shows: 'a key has a status',
    async act({ client }, name) {
      await client.apply(trustedKey(name, { publicKey: { pem: publicKey('k1') } }));
      return async () => demand((await generationSeen(client, keyTarget(name))) === 1, 'the key has a status');
    },
  },
  {
    right: `patch ${OURS}/imagetrustpolicies/status`,
    shows: 'a policy has a status',
    async act({ client }, name) {
      await client.apply(policy(name, 'team'));
      return async () => demand((await generationSeen(client, policyTarget(name))) === 1, 'the policy has a status');
    },
  },
  {
    right: 'create events.k8s.io/events',
    shows: 'a Pod that is not trusted has an event',
    once: true,
    async act({ client, registry }, name) {
      await runPod(client, { name, namespace: 'team' }, imageOf(registry, 'app/unsigned'));
      return async () =>
        demand((await events(client, 'team')).includes(`Pod/${name} Warning NoSignature`), 'it has one');
    },
  },
  {
    right: 'patch events.k8s.io/events',
    shows: 'the same news again is a series of one event',
    once: true,
    async act(stage, name) {
      const { client } = stage;
      await judged(stage, name);
      await turn(client, name, 'Revoked');
      // What turns back and forth within a moment is told once.
      await eventually(async () =>
        demand((await events(client, name)).includes('Deployment/web Warning KeyRevoked'), 'it is told'),
      );
      for (const state of ['Active', 'Revoked']) await turn(client, name, state);
      const counted = async (): Promise<readonly number[]> =>
        (await client.list('events.k8s.io/v1', 'Event', name)).flatMap(({ series }) =>
          series === undefined ? [] : [(series as { count: number }).count],
        );
      return async () => demand((await counted()).includes(2), 'an event happened twice');
    },
  },
  {
    right: `create ${REPORTS}`,
    shows: 'a workload gets a report',
    async act({ client, registry }, name) {
      await runPod(client, { name, namespace: 'team' }, imageOf(registry, 'app/signed'));
      return async () => demand((await reportOf(client, name)) !== undefined, 'it has one');
    },
  },
  {
    right: `update ${REPORTS}`,
    shows: 'a report says what is new',
    async act(stage, name) {
      await judged(stage, name);
      await stage.client.patch(keyTarget(name), { spec: { lifecycle: { state: 'Revoked' } } });
      return async () => demand(await saysOf(stage.client, name, 'fail KeyRevoked'), 'it says so');
    },
  },
  {
    right: `get ${REPORTS}`,
    shows: 'a report that somebody wrote in between is read and written over',
    async act(stage, name) {
      await judged(stage, name);
      const release = stage.gate.holdWatches(REPORTS);
      for (const { metadata } of await stage.client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', name))
        await stage.client.annotate(reportTarget(name, metadata.name ?? ''), { 'example.com/read-by': 'somebody' });
      await stage.client.patch(keyTarget(name), { spec: { lifecycle: { state: 'Revoked' } } });
      return async () => {
        demand(await saysOf(stage.client, name, 'fail KeyRevoked'), 'it says what is new');
        release();
      };
    },
  },
  {
    right: `delete ${REPORTS}`,
    shows: 'a report of what no policy covers any more goes',
    async act(stage, name) {
      await judged(stage, name);
      await stage.client.remove(policyTarget(name));
      return async () => demand((await reports(stage.client, name)).length === 0, 'it is gone');
    },
  },
];

/** Lists of owners, the Lease and reports of the other kind are for the start of the operator: rbac.test.ts tries them there. */
export const AT_START: readonly string[] = [
  ...['delete', 'list'].map((verb) => `${verb} openreports.io/reports`),
  ...OWNERS.map(({ resource }) => `list ${resource}`),
  ...['create', 'get', 'update'].map((verb) => `${verb} coordination.k8s.io/leases`),
];

/** A namespace, policy and key of this name, with a Deployment that is verified. */
export async function judged({ client, registry }: Pick<Stage, 'client' | 'registry'>, name: string): Promise<void> {
  await client.apply(namespace(name), trustedKey(name, { publicKey: { pem: publicKey('k1') } }), policy(name, name));
  await deploy(client, name, 'web', imageOf(registry, 'app/signed'));
  await eventually(async () => demand(await saysOf(client, name, 'pass Verified'), 'it is verified'));
}

async function turn(client: ClusterClient, name: string, state: string): Promise<void> {
  await client.patch(keyTarget(name), { spec: { lifecycle: { state } } });
  const result = state === 'Revoked' ? 'fail KeyRevoked' : 'pass Verified';
  await eventually(async () => demand(await saysOf(client, name, result), result));
}

async function saysOf(client: ClusterClient, space: string, result: string): Promise<boolean> {
  return (await reports(client, space)).includes(`Deployment/web ${space}/app ${result}`);
}

const reportTarget = (space: string, name: string): Target => ({
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  namespace: space,
  name,
});

/** The report of the Deployment `web` of `team`. */
async function webReport(client: ClusterClient): Promise<Target | undefined> {
  const found = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', 'team');
  const report = found.find(({ scope }) => (scope as { name: string }).name === 'web');
  return report === undefined ? undefined : reportTarget('team', report.metadata.name ?? '');
}

async function generationSeen(client: ClusterClient, target: Target): Promise<number | undefined> {
  return ((await client.get(target))?.['status'] as { observedGeneration?: number } | undefined)?.observedGeneration;
}

async function hasSeries(operator: Operator, labels: Readonly<Record<string, string>>): Promise<boolean> {
  const wanted = Object.entries(labels);
  return (await operator.metrics()).some((sample) => wanted.every(([label, value]) => sample.labels[label] === value));
}

/** Throws what a scenario has not seen yet. */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`not seen: ${what}`);
}
