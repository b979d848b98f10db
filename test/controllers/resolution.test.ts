import { describe, expect, test } from 'vitest';
import { createResolution } from '../../src/controllers/resolution.ts';
import { Coverage } from '../../src/core/coverage.ts';
import { Failure } from '../../src/core/failure.ts';
import type { ImageUse } from '../../src/core/image-use.ts';
import { createSightings } from '../../src/store/sightings.ts';
import { policyOf, useOf } from '../support/builders.ts';
import { manifestOf, MemorySource } from '../support/memory-source.ts';
import { manualClock } from '../support/timers.ts';

const IMAGE = 'registry.example.com/shop/cart:v1';
const REPOSITORY = 'registry.example.com/shop/cart';

/** A coverage with policies over one Pod whose image has no digest, and a registry that holds the tag. */
function stage(...policies: readonly ReturnType<typeof policyOf>[]) {
  const clock = manualClock();
  const source = new MemorySource();
  const manifest = source.putManifest(REPOSITORY, manifestOf({ salt: 'v1' }), 'v1');
  const ways = new Map<string, () => Promise<never>>();
  const changed: ImageUse[] = [];
  const coverage = new Coverage({
    tasks: () => undefined,
    workload: () => undefined,
    open: (policy, reference) => resolution.want(policy, reference),
  });
  const sightings = createSightings(source, () => clock.now());
  const resolution = createResolution({
    coverage,
    clock,
    concurrency: 2,
    sources: {
      of: ({ metadata: { name } }) => ways.get(name)?.() ?? Promise.resolve(sightings),
      forget: () => undefined,
      close: () => Promise.resolve(),
    },
    onChange: (uses) => void changed.push(...uses),
  });
  for (const policy of policies) coverage.setPolicy(policy);
  const stop = new AbortController();
  const kill = new AbortController();
  const running = resolution.controller.run(stop.signal, kill.signal);
  const open = (policy = 'shop'): readonly string[] => [...coverage.openOf(policy).keys()];
  return {
    clock,
    source,
    manifest,
    ways,
    changed,
    coverage,
    open,
    unresolved: (policy = 'shop') => resolution.unresolved(policy, IMAGE),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('over'));
      kill.abort(new Error('over'));
      await running;
    },
  };
}

describe('a tag that no status proves', () => {
  test('is asked for when the Pod had its time to say so itself, and not before', async () => {
    await using it = stage(policyOf('shop'));
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(2_900);
    expect(it.source.asked).toEqual([]);
    await it.clock.advance(200);
    expect(it.source.asked).toEqual([`${REPOSITORY}@v1`]);
    expect([it.open(), it.coverage.digestsOf('shop')]).toEqual([[], [it.manifest.digest]]);
  });

  test('is not asked for where the Pod says so in time', async () => {
    await using it = stage(policyOf('shop'));
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(1_000);
    it.coverage.setUses('shop/pod', [useOf(IMAGE, { digest: it.manifest.digest, digestSource: 'status' })]);
    await it.clock.advance(10_000);
    expect(it.source.asked).toEqual([]);
  });

  test.each<[string, (it: ReturnType<typeof stage>) => void]>([
    ['the Pod goes', ({ coverage }) => coverage.setUses('shop/pod', [])],
    ['the policy goes', ({ coverage }) => coverage.removePolicy('shop')],
    [
      'the policy is suspended',
      ({ coverage }) => coverage.setPolicy(policyOf('shop', { verification: { suspend: true } })),
    ],
  ])('is not asked for where %s', async (_, change) => {
    await using it = stage(policyOf('shop'));
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    change(it);
    await it.clock.advance(10_000);
    expect(it.source.asked).toEqual([]);
  });

  test('is asked for once, however many Pods run it', async () => {
    await using it = stage(policyOf('shop'));
    for (const pod of ['a', 'b', 'c']) it.coverage.setUses(`shop/${pod}`, [useOf(IMAGE, { container: pod })]);
    await it.clock.advance(10_000);
    expect(it.source.asked).toHaveLength(1);
    expect(it.coverage.usesOf({ policy: 'shop', digest: it.manifest.digest }).size).toBe(3);
  });
});

describe('a tag that cannot be resolved', () => {
  test.each<[string, (it: ReturnType<typeof stage>) => void, string]>([
    ['the registry is away', ({ source }) => source.fail('cart@v1', { kind: 'unavailable' }), 'unavailable'],
    ['there is no such tag', ({ source }) => source.fail('cart@v1', { kind: 'not-found' }), 'not-found'],
    [
      'the way to the registry cannot be had',
      ({ ways }) => ways.set('shop', () => Promise.reject(new Failure({ kind: 'unauthorized' }, 'no Secret'))),
      'unauthorized',
    ],
  ])('where %s: it is said since when, and tried again every minute', async (_, wrong, kind) => {
    await using it = stage(policyOf('shop'));
    wrong(it);
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(4_000);
    const first = it.unresolved();
    expect(first?.failure.detail.kind).toBe(kind);
    expect(it.changed).toHaveLength(1);
    await it.clock.advance(60_000);
    expect(it.changed).toHaveLength(2);
    expect(it.unresolved()?.since).toEqual(first?.since);
    expect(it.open()).toEqual([IMAGE]);
  });

  test('heals alone, and nothing is left of the failure', async () => {
    await using it = stage(policyOf('shop'));
    it.ways.set('shop', () => Promise.reject(new Failure({ kind: 'unavailable' }, 'away')));
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(4_000);
    it.ways.clear();
    await it.clock.advance(61_000);
    expect([it.unresolved(), it.open(), it.coverage.digestsOf('shop')]).toEqual([undefined, [], [it.manifest.digest]]);
  });

  test('by one policy is resolved by another that can, and is no failure of the first any more', async () => {
    await using it = stage(policyOf('shop'), policyOf('other'));
    it.ways.set('shop', () => Promise.reject(new Failure({ kind: 'unauthorized' }, 'no Secret')));
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(4_000);
    expect([it.open(), it.open('other')]).toEqual([[], []]);
    expect(it.coverage.digestsOf('shop')).toEqual([it.manifest.digest]);
    await it.clock.advance(61_000);
    expect(it.unresolved()).toBeUndefined();
  });

  test('is asked for no more once its Pod is gone', async () => {
    await using it = stage(policyOf('shop'));
    it.source.fail('cart@v1', { kind: 'unavailable' });
    it.coverage.setUses('shop/pod', [useOf(IMAGE)]);
    await it.clock.advance(4_000);
    it.coverage.setUses('shop/pod', []);
    await it.clock.advance(200_000);
    expect([it.source.asked.length, it.unresolved()]).toEqual([1, undefined]);
  });

  test('by a fault of ours is tried again, and keeps nobody else waiting', async () => {
    await using it = stage(policyOf('shop'), policyOf('other', { images: ['*/till*'] }));
    it.ways.set('shop', () => Promise.reject(new TypeError('a bug')));
    it.source.putManifest('registry.example.com/shop/till', manifestOf({ salt: 'till' }), 'v1');
    it.coverage.setUses('shop/pod', [useOf(IMAGE), useOf('registry.example.com/shop/till:v1', { container: 'till' })]);
    await it.clock.advance(4_000);
    expect(it.open('other')).toEqual([]);
    it.ways.clear();
    await it.clock.advance(60_000);
    expect(it.open()).toEqual([]);
  });
});
