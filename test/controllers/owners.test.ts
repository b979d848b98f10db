import { describe, expect, test } from 'vitest';
import { createOwnerChains, type OwnerChains, type ResourceLookup } from '../../src/controllers/owners.ts';
import type { ObjectIdentity } from '../../src/core/image-use.ts';
import type { Workload } from '../../src/core/workload.ts';
import { KubeFailure, type KubeFailureDetail } from '../../src/kube/failure.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import { fakeClock } from '../support/clock.ts';

const signal = new AbortController().signal;
const namespaced = (kind: string, group = 'apps'): Resource => ({
  group,
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
});

/** What a controller reference of an object in `shop` says; the uid is the name unless told. */
const ref = (kind: string, name: string, uid = name): ObjectIdentity => ({
  apiVersion: 'apps/v1',
  kind,
  namespace: 'shop',
  name,
  uid,
});

const podOf = (controller?: ObjectIdentity, name = 'pod'): Workload => ({
  identity: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name },
  ...(controller === undefined ? {} : { controller }),
  podLabels: {},
  containers: [],
  isPod: true,
  idle: false,
});

const object = (name: string, owner?: ObjectIdentity, uid = name): KubeObject => ({
  metadata: {
    name,
    namespace: 'shop',
    uid,
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: 'v1', kind: 'ConfigMap', name: 'not-me', uid: 'x' },
            {
              apiVersion: owner.apiVersion,
              kind: owner.kind,
              name: owner.name,
              uid: owner.uid ?? '',
              controller: true,
            },
          ],
        }),
  },
});

/** A cluster of owners by `kind/name`; `asked` is the book of what was read. */
function cluster(objects: Readonly<Record<string, KubeObject>> = {}) {
  const stored = new Map(Object.entries(objects));
  const asked: string[] = [];
  const faults = new Map<string, KubeFailureDetail['kind']>();
  const gates = new Map<string, Promise<void>>();
  const clock = fakeClock();
  const read = async (key: string): Promise<void> => {
    asked.push(key);
    const fault = faults.get(key);
    await gates.get(key);
    if (fault !== undefined) throw new KubeFailure({ kind: fault }, `${key}: ${fault}`);
  };
  const lookup: ResourceLookup = ({ kind }) => Promise.resolve(kind === 'Mystery' ? undefined : namespaced(kind));
  const chains = createOwnerChains(
    {
      async getMetadata({ kind }, { name }) {
        const found = stored.get(`${kind}/${name}`);
        await read(`${kind}/${name}`);
        if (found === undefined) throw new KubeFailure({ kind: 'not-found' }, `${kind}/${name}: not found`);
        return found;
      },
      async listPage({ kind }, { continue: token, limit = 0, metadataOnly }) {
        await read(`list ${kind} ${token ?? ''}${metadataOnly === true ? '' : 'whole'}`);
        const all = [...stored].filter(([key]) => key.startsWith(`${kind}/`)).map(([, one]) => one);
        const from = Number(token ?? 0);
        const items = all.slice(from, from + limit);
        return { items, resourceVersion: '1', ...(from + limit < all.length ? { continue: `${from + limit}` } : {}) };
      },
    },
    lookup,
    { now: () => clock.now(), hiddenMs: 60_000 },
  );
  return { chains, asked, faults, gates, stored, clock };
}

const shown = ({ kind, name }: ObjectIdentity): string => `${kind}/${name}`;
/** Where a chain ends. */
const topOf = async (chains: OwnerChains, pod: Workload): Promise<string> =>
  shown((await chains.topOf(pod, signal)).top);

describe('the top of a chain', () => {
  const deployment = ref('Deployment', 'web');
  const set = ref('ReplicaSet', 'web-1');
  const long = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [`Link/${at}`, object(`${at}`, ref('Link', `${at + 1}`))]),
  );
  test.each<[string, Readonly<Record<string, KubeObject>>, ObjectIdentity | undefined, string]>([
    ['of a Pod that nobody controls is the Pod', {}, undefined, 'Pod/pod'],
    ['of a static Pod is the Pod: a Node is no workload', {}, { apiVersion: 'v1', kind: 'Node', name: 'n' }, 'Pod/pod'],
    [
      'goes by controller references, whatever the kinds',
      { 'ReplicaSet/web-1': object('web-1', deployment), 'Deployment/web': object('web') },
      set,
      'Deployment/web',
    ],
    ['of an owner that is gone is what it owned', {}, set, 'Pod/pod'],
    [
      'of an owner above that is gone is what is left',
      { 'ReplicaSet/web-1': object('web-1', deployment) },
      set,
      'ReplicaSet/web-1',
    ],
    [
      'is not another object of the same name',
      { 'ReplicaSet/web-1': object('web-1', undefined, 'another') },
      set,
      'Pod/pod',
    ],
    ['of a kind that nobody knows is what the reference says', {}, ref('Mystery', 'm'), 'Mystery/m'],
    ['of an owner of itself is itself', { 'ReplicaSet/web-1': object('web-1', set) }, set, 'ReplicaSet/web-1'],
    ['of a chain without end is sixteen up', long, ref('Link', '0'), 'Link/15'],
  ])('%s', async (_, objects, controller, expected) => {
    const { chains } = cluster(objects);
    expect(await topOf(chains, podOf(controller))).toBe(expected);
  });

  test.each(['forbidden', 'unauthorized', 'invalid'] as const)(
    'that is %s to be read is what the reference says',
    async (kind) => {
      const { chains, faults } = cluster({ 'ReplicaSet/web-1': object('web-1', deployment) });
      faults.set('Deployment/web', kind);
      expect(await topOf(chains, podOf(set))).toBe('Deployment/web');
    },
  );

  test.each(['unavailable', 'timeout', 'rate-limited', 'conflict', 'gone'] as const)(
    'is not guessed where reading it fails as %s, and read again the next time',
    async (kind) => {
      const { chains, faults } = cluster({ 'ReplicaSet/web-1': object('web-1') });
      faults.set('ReplicaSet/web-1', kind);
      await expect(chains.topOf(podOf(set), signal)).rejects.toMatchObject({ detail: { kind } });
      expect(shown(chains.nearestOf(podOf(set)))).toBe('ReplicaSet/web-1');
      faults.clear();
      expect(await topOf(chains, podOf(set))).toBe('ReplicaSet/web-1');
    },
  );

  test('is as near as what was read, where the rest cannot be read', async () => {
    const { chains, faults } = cluster({ 'ReplicaSet/web-1': object('web-1', deployment) });
    faults.set('Deployment/web', 'unavailable');
    expect(shown(chains.nearestOf(podOf(set)))).toBe('ReplicaSet/web-1');
    await expect(chains.topOf(podOf(set), signal)).rejects.toThrow('unavailable');
    expect(shown(chains.nearestOf(podOf(set)))).toBe('Deployment/web');
    expect(shown(chains.nearestOf(podOf()))).toBe('Pod/pod');
  });
});

describe('an owner', () => {
  const set = ref('ReplicaSet', 'web-1');
  test('of many Pods is read once, also by those who ask at the same moment', async () => {
    const { chains, asked } = cluster({ 'ReplicaSet/web-1': object('web-1') });
    await Promise.all(Array.from({ length: 20 }, (_, at) => chains.topOf(podOf(set, `pod-${at}`), signal)));
    await chains.topOf(podOf(set), signal);
    expect(asked).toEqual(['ReplicaSet/web-1']);
  });

  test('that is forgotten is read again', async () => {
    const { chains, stored } = cluster({ 'ReplicaSet/web-1': object('web-1') });
    await chains.topOf(podOf(set), signal);
    stored.clear();
    expect(await topOf(chains, podOf(set))).toBe('ReplicaSet/web-1');
    chains.forget(set);
    expect(await topOf(chains, podOf(set))).toBe('Pod/pod');
  });

  test('that is forgotten while it is read was read too early, and is read again', async () => {
    const { chains, stored, gates, asked } = cluster({ 'ReplicaSet/web-1': object('web-1') });
    const gate = Promise.withResolvers<void>();
    gates.set('ReplicaSet/web-1', gate.promise);
    const early = chains.topOf(podOf(set), signal);
    await expect.poll(() => asked).toHaveLength(1);
    stored.clear();
    gates.clear();
    chains.forget(set);
    expect(await topOf(chains, podOf(set, 'late'))).toBe('Pod/late');
    gate.resolve();
    expect(shown((await early).top)).toBe('ReplicaSet/web-1');
    expect(await topOf(chains, podOf(set, 'last'))).toBe('Pod/last');
    expect(asked).toHaveLength(2);
  });

  test('that was hidden is seen a minute after somebody gave the right to read it', async () => {
    const { chains, faults, clock, asked } = cluster({
      'ReplicaSet/web-1': object('web-1', ref('Deployment', 'web')),
      'Deployment/web': object('web'),
    });
    faults.set('ReplicaSet/web-1', 'forbidden');
    expect(await topOf(chains, podOf(set))).toBe('ReplicaSet/web-1');
    const { againAt = 0 } = await chains.topOf(podOf(set), signal);
    expect(againAt - clock.now()).toBe(60_000);
    faults.clear();
    clock.advance(59_000);
    expect(await topOf(chains, podOf(set))).toBe('ReplicaSet/web-1');
    expect(asked).toHaveLength(1);
    clock.advance(1_000);
    expect(await topOf(chains, podOf(set))).toBe('Deployment/web');
  });
});

test('an owner that stays hidden is asked for once a minute', async () => {
  const { chains, faults, clock, asked } = cluster();
  const set = ref('ReplicaSet', 'web-1');
  faults.set('ReplicaSet/web-1', 'forbidden');
  for (let half = 0; half < 6; half++) {
    expect(await topOf(chains, podOf(set))).toBe('ReplicaSet/web-1');
    clock.advance(30_000);
  }
  expect(asked).toHaveLength(3);
});

describe('many owners of a kind', () => {
  const many = (count: number): Readonly<Record<string, KubeObject>> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`ReplicaSet/${at}`, object(`${at}`, ref('Deployment', `d${at}`))]),
    );
  const podsOf = (count: number): readonly Workload[] =>
    Array.from({ length: count }, (_, at) => podOf(ref('ReplicaSet', `${at}`), `pod-${at}`));

  test('are read by pages of metadata, kind by kind upwards, and not one by one', async () => {
    const owners = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`Deployment/d${at}`, object(`d${at}`)]));
    const { chains, asked } = cluster({ ...many(600), ...owners });
    await chains.prime(podsOf(600), signal);
    const lists = ['list ReplicaSet ', 'list ReplicaSet 500', 'list Deployment ', 'list Deployment 500'];
    expect(asked).toEqual(lists);
    const tops = await Promise.all(podsOf(600).map((pod) => topOf(chains, pod)));
    expect(tops).toEqual(Array.from({ length: 600 }, (_, at) => `Deployment/d${at}`));
    expect(asked).toEqual(lists);
  });

  test('are asked for one by one where they are few', async () => {
    const { chains, asked } = cluster(many(49));
    await chains.prime(podsOf(49), signal);
    expect(asked).toEqual([]);
  });

  test.each(['forbidden', 'unavailable'] as const)('whose list is %s are asked for one by one', async (kind) => {
    const { chains, asked, faults } = cluster(many(50));
    faults.set('list ReplicaSet ', kind);
    await chains.prime(podsOf(50), signal);
    faults.set('Deployment/d7', 'forbidden');
    expect(await topOf(chains, podOf(ref('ReplicaSet', '7')))).toBe('Deployment/d7');
    expect(asked).toEqual(['list ReplicaSet ', 'ReplicaSet/7', 'Deployment/d7']);
  });

  test('of a kind that nobody knows are not listed', async () => {
    const { chains, asked } = cluster();
    await chains.prime(
      Array.from({ length: 60 }, (_, at) => podOf(ref('Mystery', `${at}`))),
      signal,
    );
    expect(asked).toEqual([]);
  });
});
