/** What is known of keys in key services: refreshed, kept through outages, gone when the service says so. */
import { afterEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { createKmsKeys, type KmsKeys } from '../../src/store/kms-keys.ts';
import { eventually } from '../support/eventually.ts';

const SOURCE = { uri: 'hashivault://k', refreshInterval: '1h' };
const DOWN = new Failure({ kind: 'unavailable' }, 'hashivault://k: away');
const GONE = new Failure({ kind: 'not-found' }, 'hashivault://k: no such key');
const HOUR = 3_600_000;
type Answer = string | Error;

/** A clock whose sleepers are woken by hand, one round at a time. */
function scene(first: Answer, random = 0) {
  let current = first;
  const changed: string[] = [];
  const failed: string[] = [];
  const asked: string[] = [];
  const sleeps: number[] = [];
  let wake = (): void => undefined;
  const keys = createKmsKeys({
    ask: (uri) => {
      asked.push(uri);
      return current instanceof Error ? Promise.reject(current) : Promise.resolve(current);
    },
    clock: {
      now: () => 0,
      turn: () => Promise.resolve(),
      sleep: (ms, signal) => {
        sleeps.push(ms);
        return new Promise((resolve, reject) => {
          wake = resolve;
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        });
      },
    },
    random: () => random,
    onChange: (uri) => changed.push(uri),
    onFailure: (uri, { detail }) => failed.push(`${uri} ${detail.kind}`),
  });
  const next = async (answer: Answer): Promise<void> => {
    current = answer;
    const before = sleeps.length;
    wake();
    await eventually(() => expect(sleeps.length).toBe(before + 1));
  };
  open.push(keys);
  return { keys, next, changed, failed, asked, sleeps };
}

const open: KmsKeys[] = [];
afterEach(() => Promise.all(open.splice(0).map((keys) => keys.stop())));

test('nothing is asked before something is wanted', async () => {
  const { keys, asked } = scene('PEM');
  await keys.settled();
  expect([keys.get(SOURCE), asked]).toEqual([{ state: 'loading' }, []]);
});

describe('a key', () => {
  test('is known, is asked for again after its interval, and a change is told once', async () => {
    const { keys, next, changed, sleeps } = scene('one');
    keys.want('a', SOURCE);
    await keys.settled();
    expect(keys.get(SOURCE)).toEqual({ state: 'known', text: 'one' });
    await next('one');
    expect(changed).toHaveLength(1);
    await next('two');
    expect([keys.get(SOURCE), changed.length]).toEqual([{ state: 'known', text: 'two' }, 2]);
    expect(sleeps).toEqual([HOUR, HOUR, HOUR]);
  });

  test.each<[string, Error]>([
    ['an outage', DOWN],
    ['a refusal', new Failure({ kind: 'unauthorized' }, 'hashivault://k: no')],
    ['an answer that makes no sense', new Failure({ kind: 'timeout' }, 'hashivault://k: late')],
    ['a fault of an SDK', new TypeError('bug')],
  ])('stays through %s', async (_, error) => {
    const { keys, next, changed, failed } = scene('one');
    keys.want('a', SOURCE);
    await keys.settled();
    await next(error);
    await next(error);
    expect([keys.get(SOURCE), changed.length, failed.length]).toEqual([{ state: 'known', text: 'one' }, 1, 2]);
  });

  test('goes where the service says that there is none, and comes back', async () => {
    const { keys, next } = scene('one');
    keys.want('a', SOURCE);
    await keys.settled();
    await next(GONE);
    expect(keys.get(SOURCE)).toEqual({ state: 'unknown', message: GONE.message });
    await next(DOWN);
    expect(keys.get(SOURCE)).toEqual({ state: 'unknown', message: DOWN.message });
    await next('one');
    expect(keys.get(SOURCE)).toEqual({ state: 'known', text: 'one' });
  });

  test('that never came is unknown, told once, and asked for again soon, ever more rarely', async () => {
    const { keys, next, changed, sleeps } = scene(DOWN);
    keys.want('a', SOURCE);
    await keys.settled();
    for (let i = 0; i < 8; i++) await next(DOWN);
    expect([keys.get(SOURCE), changed.length]).toEqual([{ state: 'unknown', message: DOWN.message }, 1]);
    expect(sleeps).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300].map((seconds) => seconds * 1000));
  });

  test('of a short interval is never asked for more rarely than that', async () => {
    const { keys, next, sleeps } = scene(DOWN);
    keys.want('a', { ...SOURCE, refreshInterval: '8s' });
    await keys.settled();
    await next(DOWN);
    expect(sleeps).toEqual([5_000, 8_000]);
  });
});

test('the shortest interval of several owners counts, and the last owner who leaves ends it', async () => {
  const { keys, next, sleeps, asked } = scene('one');
  keys.want('a', SOURCE);
  keys.want('b', { ...SOURCE, refreshInterval: '10m' });
  await keys.settled();
  await next('one');
  keys.want('b', undefined);
  await next('one');
  expect(sleeps).toEqual([600_000, 600_000, HOUR]);
  keys.want('a', { ...SOURCE, uri: 'hashivault://other' });
  await keys.settled();
  expect(keys.get(SOURCE)).toEqual({ state: 'loading' });
  expect(asked).toEqual([SOURCE.uri, SOURCE.uri, SOURCE.uri, 'hashivault://other']);
});

test('an interval beyond a day is a day, and who comes after the end is not served', async () => {
  const { keys, sleeps, asked } = scene('one');
  keys.want('a', { ...SOURCE, refreshInterval: '365d' });
  await keys.settled();
  await eventually(() => expect(sleeps).toEqual([24 * HOUR]));
  await keys.stop();
  keys.want('b', SOURCE);
  await keys.settled();
  expect([keys.get(SOURCE), asked.length]).toEqual([{ state: 'loading' }, 1]);
});

test('many keys do not come due together', async () => {
  const { keys, sleeps } = scene('one', 0.5);
  keys.want('a', SOURCE);
  await keys.settled();
  await eventually(() => expect(sleeps).toEqual([HOUR * 0.95]));
});

test('an answer that comes when nobody waits any more is not told', async () => {
  const answer = Promise.withResolvers<string>();
  const changed: string[] = [];
  const keys = createKmsKeys({
    ask: () => answer.promise,
    clock: { now: () => 0, turn: () => Promise.resolve(), sleep: () => Promise.resolve() },
    random: () => 0,
    onChange: (uri) => changed.push(uri),
    onFailure: () => undefined,
  });
  keys.want('a', SOURCE);
  keys.want('a', undefined);
  answer.resolve('late');
  await keys.stop();
  expect(changed).toEqual([]);
});
