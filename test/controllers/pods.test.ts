import { describe, expect, test } from 'vitest';
import type { ChainEnd, OwnerChains } from '../../src/controllers/owners.ts';
import { createPods } from '../../src/controllers/pods.ts';
import { Coverage } from '../../src/core/coverage.ts';
import { parseReference } from '../../src/core/reference.ts';
import type { Workload } from '../../src/core/workload.ts';
import { KubeFailure } from '../../src/kube/failure.ts';
import { deployment, digestOf } from '../support/builders.ts';
import { manualClock, settle } from '../support/timers.ts';

function podOf(name: string, hex = 'a', fields: Partial<Workload> = {}): Workload {
  const image = `registry.example.com/shop/cart@${digestOf(hex)}`;
  return {
    identity: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name },
    podLabels: {},
    containers: [{ name: 'app', type: 'container', image, reference: parseReference(image) }],
    isPod: true,
    idle: false,
    ...fields,
  };
}

type Top = (pod: Workload) => Promise<ChainEnd>;

/** Pods in a map, owners by a function that the test may turn, and what the coverage came to. */
function stage(...pods: readonly Workload[]) {
  const clock = manualClock();
  const kept = new Map(pods.map((pod) => [`shop/${pod.identity.name}`, pod]));
  const coverage = new Coverage({ tasks: () => undefined, workload: () => undefined, open: () => undefined });
  const owner = { topOf: top() };
  const owners: OwnerChains = {
    topOf: (pod) => owner.topOf(pod),
    nearestOf: () => deployment('nearest'),
    prime: () => Promise.resolve(),
    forget: () => undefined,
  };
  const made = createPods({
    pods: { get: (key) => kept.get(key), list: () => kept.values() },
    owners,
    coverage,
    pulls: undefined,
    clock,
  });
  const stop = new AbortController();
  const run = () => made.controller.run(stop.signal, stop.signal);
  const seen = (): readonly string[] =>
    [...coverage.workloads()].flatMap((key) =>
      [...coverage.usesOfWorkload(key)].map(
        ({ workload, pod, digest = '' }) => `${workload.name} ${pod?.name} ${digest.slice(7, 8)}`,
      ),
    );
  const load = (signal: AbortSignal) => made.load(signal);
  return { controller: made.controller, load, clock, kept, owner, run, stop, seen };
}

/** What finds every owner, for when the fault is over. */
const top = (): Top => () => Promise.resolve({ top: deployment('cart') });
const unavailable = () => Promise.reject(new KubeFailure({ kind: 'unavailable' }, 'nobody answers'));

describe('the first reading', () => {
  test('takes every Pod in that runs, under its workload', async () => {
    const { load, seen, stop } = stage(podOf('a'), podOf('b', 'b'), podOf('done', 'c', { idle: true }));
    await load(stop.signal);
    expect(seen()).toEqual(['cart a a', 'cart b b']);
  });

  test('waits for owners that cannot be read for a moment', async () => {
    const { load, seen, owner, clock, stop } = stage(podOf('a'), podOf('b'));
    const topOf = top();
    owner.topOf = (pod) => (pod.identity.name === 'a' ? unavailable() : topOf(pod));
    let loaded = false;
    const loading = load(stop.signal).then(() => (loaded = true));
    await clock.advance(3_000);
    expect([loaded, seen()]).toEqual([false, ['cart b a']]);
    owner.topOf = topOf;
    await clock.advance(1_000);
    await loading;
    expect(seen()).toEqual(['cart b a', 'cart a a']);
  });

  test('does not wait for ever: a Pod stands under what is known, and moves once its owner can be read', async () => {
    const { load, seen, owner, clock, stop, run } = stage(podOf('a'), podOf('b'));
    const topOf = top();
    owner.topOf = (pod) => (pod.identity.name === 'a' ? unavailable() : topOf(pod));
    const loading = load(stop.signal);
    await clock.advance(31_000);
    await loading;
    expect(seen()).toEqual(['cart b a', 'nearest a a']);
    owner.topOf = topOf;
    const running = run();
    await clock.advance(60_000);
    expect(seen()).toEqual(['cart b a', 'cart a a']);
    stop.abort(new Error('over'));
    await running;
  });

  test('ends where the operator ends', async () => {
    const { load, owner, stop, clock } = stage(podOf('a'));
    owner.topOf = unavailable;
    const loading = load(stop.signal);
    await clock.advance(100);
    stop.abort(new Error('over'));
    await expect(loading).rejects.toThrow('over');
  });

  test('says so where it is a fault of ours', async () => {
    const { load, owner, stop } = stage(podOf('a'));
    owner.topOf = () => Promise.reject(new TypeError('a bug'));
    await expect(load(stop.signal)).rejects.toThrow('a bug');
  });
});

describe('a Pod', () => {
  test('comes, changes, ends and goes', async () => {
    const { controller, kept, run, stop, seen, clock } = stage();
    const running = run();
    const shows = async (pod: Workload | undefined): Promise<readonly string[]> => {
      if (pod === undefined) kept.delete('shop/a');
      else kept.set('shop/a', pod);
      controller.add('shop/a');
      await clock.advance(10);
      return seen();
    };
    expect(await shows(podOf('a'))).toEqual(['cart a a']);
    expect(await shows(podOf('a', 'b'))).toEqual(['cart a b']);
    expect(await shows(podOf('a', 'b', { idle: true }))).toEqual([]);
    expect(await shows(podOf('a', 'c'))).toEqual(['cart a c']);
    expect(await shows(undefined)).toEqual([]);
    stop.abort(new Error('over'));
    await running;
  });

  test.each<[string, Workload | undefined, readonly string[]]>([
    ['changes', podOf('a', 'b'), ['cart a b']],
    ['goes', undefined, []],
    ['ends', podOf('a', 'a', { idle: true }), []],
  ])('that %s while its owners are read counts as it is then', async (_, next, expected) => {
    const { controller, kept, owner, run, stop, seen, clock } = stage(podOf('a'));
    const slow = Promise.withResolvers<ChainEnd>();
    const topOf = top();
    owner.topOf = () => slow.promise;
    const running = run();
    controller.add('shop/a');
    await settle();
    owner.topOf = topOf;
    if (next === undefined) kept.delete('shop/a');
    else kept.set('shop/a', next);
    controller.add('shop/a');
    slow.resolve({ top: deployment('old') });
    await clock.advance(10);
    expect(seen()).toEqual(expected);
    stop.abort(new Error('over'));
    await running;
  });

  test('whose owners cannot be read is tried again, and nobody else waits for it', async () => {
    const { controller, owner, run, stop, seen, clock } = stage(podOf('a'), podOf('b'));
    const topOf = top();
    owner.topOf = (pod) => (pod.identity.name === 'a' ? unavailable() : topOf(pod));
    const running = run();
    for (const name of ['a', 'b']) controller.add(`shop/${name}`);
    await clock.advance(10);
    expect(seen()).toEqual(['cart b a']);
    owner.topOf = topOf;
    await clock.advance(1_000);
    expect(seen()).toEqual(['cart b a', 'cart a a']);
    stop.abort(new Error('over'));
    await running;
  });

  test.each(['at the start', 'later'])('whose owner is hidden %s moves without an event of its own', async (when) => {
    const { controller, load, owner, run, stop, seen, clock } = stage(podOf('a'));
    owner.topOf = () => Promise.resolve({ top: deployment('set'), againAt: clock.now() + 5_000 });
    if (when === 'at the start') await load(stop.signal);
    const running = run();
    if (when === 'later') controller.add('shop/a');
    await clock.advance(4_000);
    expect(seen()).toEqual(['set a a']);
    owner.topOf = top();
    await clock.advance(2_000);
    expect(seen()).toEqual(['cart a a']);
    stop.abort(new Error('over'));
    await running;
  });
});
