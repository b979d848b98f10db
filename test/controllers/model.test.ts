/**
 * Whatever happens to a cluster, in whatever order and however fast: in the end reports and status say what is computed
 * afresh from what is there, by a model that knows nothing of how the operator came to it.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Loose, Target } from '../support/cluster/client.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import {
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
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { runOperator, skippingClock } from '../support/operator.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const SPACES = ['shop', 'bank'] as const;
const PODS = ['cart', 'till', 'web'] as const;
const KEYS = ['key-a', 'key-b'] as const;
const POLICIES = ['wide', 'narrow'] as const;
const WATCHED = ['/pods', '/namespaces', 'imagetrust.dev/trustedkeys', 'imagetrust.dev/imagetrustpolicies'] as const;

interface Key {
  readonly pem: 'k1' | 'other';
  readonly state: 'Active' | 'Retiring' | 'Revoked';
}
interface Policy {
  readonly key: (typeof KEYS)[number];
  readonly match: 'shop' | 'both' | 'production';
}
/** What is in the cluster. Pods by `namespace/name`: k1 signed `signed`. */
interface World {
  readonly labels: Map<string, string>;
  readonly pods: Map<string, 'signed' | 'unsigned'>;
  readonly keys: Map<string, Key>;
  readonly policies: Map<string, Policy>;
}

type Step =
  | { readonly do: 'label'; readonly space: string; readonly env: 'production' | 'test' }
  | {
      readonly do: 'pod';
      readonly space: string;
      readonly name: string;
      readonly image: 'signed' | 'unsigned' | undefined;
    }
  | { readonly do: 'key'; readonly name: string; readonly to: Key | undefined }
  | { readonly do: 'policy'; readonly name: string; readonly to: Policy | undefined }
  | { readonly do: 'break'; readonly watch: string; readonly how: 'end' | 'reset' | 'gone' };

const orNone = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('label' as const),
    space: fc.constantFrom(...SPACES),
    env: fc.constantFrom('production' as const, 'test' as const),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pod' as const),
      space: fc.constantFrom(...SPACES),
      name: fc.constantFrom(...PODS),
      image: orNone(fc.constantFrom('signed' as const, 'unsigned' as const)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('key' as const),
      name: fc.constantFrom(...KEYS),
      to: orNone(
        fc.record({
          pem: fc.constantFrom('k1' as const, 'other' as const),
          state: fc.constantFrom('Active' as const, 'Retiring' as const, 'Revoked' as const),
        }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('policy' as const),
      name: fc.constantFrom(...POLICIES),
      to: orNone(
        fc.record({
          key: fc.constantFrom(...KEYS),
          match: fc.constantFrom('shop' as const, 'both' as const, 'production' as const),
        }),
      ),
    }),
  },
  fc.record({
    do: fc.constant('break' as const),
    watch: fc.constantFrom(...WATCHED),
    how: fc.constantFrom('end' as const, 'reset' as const, 'gone' as const),
  }),
);

type Place = Extract<Cluster, { kind: 'embedded' }>;

/** Does it, in the cluster and in the model. */
async function take(step: Step, world: World, { client, api }: Place, registry: TestRegistry): Promise<void> {
  switch (step.do) {
    case 'label':
      world.labels.set(step.space, step.env);
      await client.apply(namespace(step.space, { env: step.env }));
      return;
    case 'pod': {
      // A Pod of the same name is another Pod.
      await client.remove(podTarget(step.space, step.name));
      if (note(world.pods, `${step.space}/${step.name}`, step.image) === undefined) return;
      await runPod(client, { name: step.name, namespace: step.space }, imageOf(registry, `app/${step.image}`));
      return;
    }
    case 'key':
      return put(note(world.keys, step.name, step.to), keyTarget(step.name), ({ pem, state }) =>
        trustedKey(step.name, { publicKey: { pem: publicKey(pem) }, lifecycle: { state } }),
      );
    case 'policy':
      return put(note(world.policies, step.name, step.to), policyTarget(step.name), ({ key, match }) =>
        policy(step.name, key, { match: MATCHES[match] }),
      );
    case 'break':
      if (step.how === 'gone') api.failWatches(step.watch);
      else api.dropWatches(step.watch, step.how);
  }

  async function put<T>(value: T | undefined, target: Target, object: (value: T) => Loose) {
    await (value === undefined ? client.remove(target) : client.apply(object(value)));
  }
}

function note<T>(map: Map<string, T>, name: string, value: T | undefined): T | undefined {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
  return value;
}

const MATCHES = {
  shop: { namespaces: ['shop'] },
  both: { namespaces: [...SPACES] },
  production: { namespaceSelector: { matchLabels: { env: 'production' } } },
} as const;

interface Row {
  readonly space: string;
  readonly pod: string;
  readonly policy: string;
  readonly image: string;
  readonly result: string;
}

/** What is to be seen of a world, computed from nothing else. */
function rowsOf({ labels, pods, keys, policies }: World): readonly Row[] {
  return [...policies].flatMap(([name, { key, match }]) =>
    [...pods].flatMap(([at, image]): readonly Row[] => {
      const [space = '', pod = ''] = at.split('/');
      const covers = { shop: space === 'shop', both: true, production: labels.get(space) === 'production' }[match];
      return covers ? [{ space, pod, policy: name, image, result: resultOf(image, keys.get(key)) }] : [];
    }),
  );
}

function resultOf(image: 'signed' | 'unsigned', key: Key | undefined): string {
  if (key === undefined) return 'error TrustedKeyMissing';
  if (image === 'unsigned') return 'fail NoSignature';
  if (key.pem === 'other') return 'fail UntrustedSigner';
  return key.state === 'Revoked' ? 'fail KeyRevoked' : 'pass Verified';
}

const STATES = { pass: 'verified', fail: 'rejected', error: 'unknown' } as const;

function tallyOf(rows: readonly Row[], name: string) {
  const own = rows.filter((row) => row.policy === name);
  const images = new Map(own.map(({ image, result }) => [image, STATES[result.split(' ')[0] as keyof typeof STATES]]));
  const count = (state: string): number => [...images.values()].filter((one) => one === state).length;
  return { total: images.size, verified: count('verified'), rejected: count('rejected'), unknown: count('unknown') };
}

const shown = (rows: readonly Row[], of: string): readonly string[] =>
  rows
    .filter(({ space }) => space === of)
    .map(({ pod, policy: by, result }) => `Pod/${pod} ${by}/app ${result}`)
    .toSorted();

test('after any changes, reports and tallies are those of a fresh computation', { timeout: 170_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const cluster = await startCluster('embedded');
  if (cluster?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  stack.use(cluster);
  const { client } = cluster;
  const layouts = { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/unsigned': join(FIXTURES, 'unsigned') };
  const registry = stack.use(await startRegistry({ layouts }));
  const clock = skippingClock();
  await installReports(client, 'wgpolicyk8s');
  await client.apply(...SPACES.map((space) => namespace(space)));
  stack.use(await runOperator(cluster.kubeconfig, [registry.host], { clock }));
  // One operator through all of it: what a run leaves behind is what the next one finds.
  const world: World = { labels: new Map(), pods: new Map(), keys: new Map(), policies: new Map() };
  const property = fc.asyncProperty(fc.array(anyStep, { minLength: 6, maxLength: 14 }), async (steps) => {
    for (const step of steps) await take(step, world, cluster, registry);
    const rows = rowsOf(world);
    const names = [...world.policies.keys()];
    const expected = {
      shop: shown(rows, 'shop'),
      bank: shown(rows, 'bank'),
      tallies: names.map((name) => tallyOf(rows, name)),
    };
    const look = async (): Promise<void> => {
      const tallies = await Promise.all(names.map(async (name) => (await policyStatus(client, name)).images));
      const seen = { shop: await reports(client, 'shop'), bank: await reports(client, 'bank'), tallies };
      clock.skip(500);
      expect(seen).toEqual(expected);
    };
    await eventually(look, { within: 15_000, every: 50 });
  });
  await fc.assert(property, { numRuns: 20, endOnFailure: true });
});
