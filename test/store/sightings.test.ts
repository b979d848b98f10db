import { beforeEach, describe, expect, test } from 'vitest';
import { createSightings } from '../../src/store/sightings.ts';
import { fakeClock } from '../support/clock.ts';
import { manifestOf, MemorySource } from '../support/memory-source.ts';

const repository = { registry: 'registry.example.com', path: 'shop/cart' };
const options = { signal: AbortSignal.timeout(60_000) };
const manifest = manifestOf({ salt: 'cart' });

let source: MemorySource;
let clock: ReturnType<typeof fakeClock>;

beforeEach(() => {
  source = new MemorySource();
  source.putManifest('registry.example.com/shop/cart', manifest, 'v1');
  clock = fakeClock();
});

describe('what can change', () => {
  test('is asked for once by all who are content with the answer', async () => {
    const seen = createSightings(source, () => clock.now());
    const began = clock.now();
    await seen.since(began).manifest(repository, 'v1', options);
    clock.advance(60_000);
    await seen.since(began).manifest(repository, 'v1', options);
    await seen.since(0).referrers(repository, manifest.digest, options);
    await seen.since(0).referrers(repository, manifest.digest, options);
    expect(source.asked).toHaveLength(2);
  });

  test('is asked for again by whom the answer is too old', async () => {
    const seen = createSightings(source, () => clock.now());
    await seen.since(clock.now()).manifest(repository, 'v1', options);
    clock.advance(1);
    await seen.since(clock.now()).manifest(repository, 'v1', options);
    expect(source.asked).toHaveLength(2);
  });

  test('is remembered as absent, but not as unreachable', async () => {
    const seen = createSightings(source, () => clock.now());
    const ask = (tag: string): Promise<unknown> => seen.since(0).manifest(repository, tag, options);
    await expect(ask('gone')).rejects.toMatchObject({ detail: { kind: 'not-found' } });
    await expect(ask('gone')).rejects.toMatchObject({ detail: { kind: 'not-found' } });
    expect(source.asked).toHaveLength(1);
    source.fail('v1', { kind: 'unavailable' });
    await expect(ask('v1')).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
    await expect(ask('v1')).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
    expect(source.asked).toHaveLength(3);
  });
});

test('content by digest is the source’s to keep', async () => {
  const seen = createSightings(source, () => clock.now());
  await seen.since(0).manifest(repository, manifest.digest, options);
  await seen.since(0).manifest(repository, manifest.digest, options);
  expect(source.asked).toHaveLength(2);
});
