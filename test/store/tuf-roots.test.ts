import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import type { TufClient, TufRoot } from '../../src/registry/tuf/client.ts';
import { type TufRepository, tufRepository } from '../../src/registry/tuf/repository.ts';
import { createTufRoots, endsOfRoot, type TufRoots } from '../../src/store/tuf-roots.ts';
import { manualClock, type ManualClock, settle } from '../support/timers.ts';

const TEXT = readFileSync('test/fixtures/keys/trusted_root.json', 'utf8');
const OTHER = JSON.stringify({ ...(JSON.parse(TEXT) as object), timestampAuthorities: [] });
const DAY = 86_400_000;
const HOUR = 3_600_000;
const REPOSITORY = tufRepository('https://tuf.example.com', '{}');

interface Scene extends AsyncDisposable {
  readonly roots: TufRoots;
  readonly clock: ManualClock;
  /** What the mirror answers next, and what is on disk. */
  readonly mirror: { answer: TufRoot | Failure; kept?: TufRoot; asked: number };
  readonly changed: TufRepository[];
}

function scene(answer: (now: number) => TufRoot | Failure, kept?: (now: number) => TufRoot): Scene {
  const clock = manualClock();
  const mirror: Scene['mirror'] = { answer: answer(clock.now()), asked: 0 };
  if (kept !== undefined) mirror.kept = kept(clock.now());
  const client: TufClient = {
    kept: () => Promise.resolve(mirror.kept),
    refresh: () => {
      mirror.asked += 1;
      return mirror.answer instanceof Failure ? Promise.reject(mirror.answer) : Promise.resolve(mirror.answer);
    },
  };
  const changed: TufRepository[] = [];
  const roots = createTufRoots({
    client,
    clock,
    random: () => 0.5,
    onChange: (repository) => changed.push(repository),
  });
  return { roots, clock, mirror, changed, [Symbol.asyncDispose]: () => roots.close() };
}

const until =
  (days: number, trustedRoot = TEXT) =>
  (now: number): TufRoot => ({
    trustedRoot,
    expires: new Date(now + days * DAY),
    rootExpires: new Date(now + 100 * DAY),
  });
const down = (): Failure =>
  new Failure({ kind: 'unavailable' }, 'TUF repository https://tuf.example.com: nobody listens');

async function wanted({ roots }: Scene): Promise<void> {
  roots.want('TrustedKey/a', REPOSITORY);
  await roots.settled();
}

test('is loading until the mirror has answered, and asks again every hour', async () => {
  await using it = scene(until(10));
  expect(it.roots.get(REPOSITORY)).toEqual({ state: 'loading' });
  await wanted(it);
  expect(it.roots.rootOf(REPOSITORY)).toMatchObject({ ok: true });
  await it.clock.advance(HOUR + 1);
  await it.clock.advance(HOUR + 1);
  expect(it.mirror.asked).toBe(3);
  expect(it.changed).toHaveLength(1);
});

test('nothing is asked before somebody wants it, nor after nobody does', async () => {
  await using it = scene(until(10));
  await it.clock.advance(DAY);
  expect(it.mirror.asked).toBe(0);
  await wanted(it);
  it.roots.want('TrustedKey/b', REPOSITORY);
  it.roots.want('TrustedKey/a', undefined);
  await it.clock.advance(HOUR + 1);
  expect(it.mirror.asked).toBe(2);
  it.roots.want('TrustedKey/b', undefined);
  await it.clock.advance(DAY);
  expect(it.mirror.asked).toBe(2);
});

test('another trusted root is told once, the same one with later times is not', async () => {
  await using it = scene(until(10));
  await wanted(it);
  const before = it.roots.rootOf(REPOSITORY);
  it.mirror.answer = until(20)(it.clock.now());
  await it.clock.advance(HOUR + 1);
  expect(it.roots.rootOf(REPOSITORY)).toEqual(before);
  expect(it.changed).toHaveLength(1);
  it.mirror.answer = until(20, OTHER)(it.clock.now());
  await it.clock.advance(HOUR + 1);
  expect(it.changed).toHaveLength(2);
  expect(it.roots.rootOf(REPOSITORY)).not.toEqual(before);
});

test('a mirror that goes away changes nothing until what it gave expires', async () => {
  await using it = scene(until(10));
  await wanted(it);
  it.mirror.answer = down();
  await it.clock.advance(9 * DAY);
  expect(it.roots.rootOf(REPOSITORY)).toMatchObject({ ok: true });
  expect(it.roots.get(REPOSITORY)).toMatchObject({ problem: expect.stringContaining('nobody listens') });
  // It came, and then it was told that it is not renewed.
  expect(it.changed).toHaveLength(2);
  await it.clock.advance(DAY + HOUR);
  expect(it.roots.rootOf(REPOSITORY)).toEqual({
    ok: false,
    message: 'trustRoot: TUF repository https://tuf.example.com: nobody listens; what it gave before has expired',
  });
  it.mirror.answer = until(30)(it.clock.now());
  await it.clock.advance(20 * 60_000);
  expect(it.roots.rootOf(REPOSITORY)).toMatchObject({ ok: true });
});

test('a mirror that is down at the start is unavailable, tried again ever less often, and noticed when it is back', async () => {
  await using it = scene(down);
  await wanted(it);
  expect(it.roots.rootOf(REPOSITORY)).toEqual({
    ok: false,
    message: 'trustRoot: TUF repository https://tuf.example.com: nobody listens',
  });
  await it.clock.advance(HOUR);
  expect(it.clock.waits.slice(0, 8)).toEqual([15, 30, 60, 120, 240, 480, 600, 600].map((seconds) => seconds * 1000));
  it.mirror.answer = until(10)(it.clock.now());
  await it.clock.advance(600_000);
  expect(it.roots.rootOf(REPOSITORY)).toMatchObject({ ok: true });
});

test('after a restart the root on disk serves at once, while the mirror is down', async () => {
  await using it = scene(down, until(3));
  await wanted(it);
  expect(it.roots.get(REPOSITORY)).toMatchObject({ state: 'present' });
  expect(it.roots.get(REPOSITORY)).not.toHaveProperty('refreshed');
  await it.clock.advance(4 * DAY);
  expect(it.roots.get(REPOSITORY)).toMatchObject({ state: 'unavailable' });
});

test('a trusted root that cannot be read leaves the last good one', async () => {
  await using it = scene(until(10));
  await wanted(it);
  it.mirror.answer = until(10, '{"mediaType":"other"}')(it.clock.now());
  await it.clock.advance(HOUR + 1);
  expect(it.roots.get(REPOSITORY)).toMatchObject({
    state: 'present',
    problem: expect.stringContaining('TUF repository https://tuf.example.com: mediaType: expected'),
  });
});

test('a root that expires within the hour is asked for sooner', async () => {
  await using it = scene(until(0.01));
  await wanted(it);
  it.mirror.answer = until(10)(it.clock.now());
  await it.clock.advance(0.006 * DAY);
  expect(it.mirror.asked).toBe(2);
});

test('the words of an outage stay the same through it', async () => {
  await using it = scene(down);
  await wanted(it);
  const first = it.roots.rootOf(REPOSITORY);
  it.mirror.answer = new Failure({ kind: 'unavailable' }, 'TUF repository https://tuf.example.com: reset');
  await it.clock.advance(60_000);
  expect(it.roots.rootOf(REPOSITORY)).toEqual(first);
  it.mirror.answer = new Failure({ kind: 'timeout' }, 'TUF repository https://tuf.example.com: too late');
  await it.clock.advance(600_000);
  expect(it.roots.rootOf(REPOSITORY)).toMatchObject({ message: expect.stringContaining('too late') });
});

test('root.json ends for people to see, its timestamps only where nobody renews them', async () => {
  await using it = scene(until(6));
  await wanted(it);
  const fresh = endsOfRoot(it.roots.get(REPOSITORY), REPOSITORY);
  expect(fresh.map(({ what }) => what)).toEqual(['root.json of the TUF repository https://tuf.example.com']);
  it.mirror.answer = down();
  await it.clock.advance(2 * HOUR);
  const stale = endsOfRoot(it.roots.get(REPOSITORY), REPOSITORY);
  expect(stale.map(({ what }) => what)).toEqual([
    'root.json of the TUF repository https://tuf.example.com',
    'the trust root of https://tuf.example.com, which is not renewed (TUF repository https://tuf.example.com: nobody listens),',
  ]);
});

test('ends where it is told to, in the middle of a request as well', async () => {
  const clock = manualClock();
  const client: TufClient = {
    kept: () => Promise.resolve(undefined),
    refresh: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  };
  const roots = createTufRoots({ client, clock, random: () => 0.5, onChange: () => undefined });
  roots.want('TrustedKey/a', REPOSITORY);
  await settle();
  await roots.close();
  expect(roots.get(REPOSITORY)).toEqual({ state: 'loading' });
});
