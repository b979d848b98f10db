import { describe, expect, test } from 'vitest';
import { KubeFailure, type KubeFailureDetail } from '../../src/kube/failure.ts';
import { createPatience, type Patience } from '../../src/kube/patience.ts';
import { type ManualClock, manualClock } from '../support/timers.ts';

const signal = new AbortController().signal;

/** What is waited for after each of these failures, in milliseconds, without jitter. */
async function waits(clock: ManualClock, patience: Patience, details: readonly KubeFailureDetail[]): Promise<number[]> {
  const before = clock.waits.length;
  for (const detail of details) {
    const waited = patience.after(new KubeFailure(detail, 'x'));
    await clock.advance(clock.waits.at(-1) ?? 0);
    await waited;
  }
  return clock.waits.slice(before);
}

function started(random = 0): { clock: ManualClock; patience: Patience } {
  const clock = manualClock();
  return { clock, patience: createPatience(clock, () => random, signal) };
}

const many = (detail: KubeFailureDetail, count: number): KubeFailureDetail[] =>
  Array.from({ length: count }, () => detail);
const REFUSED = { kind: 'unavailable', status: 503 } as const;
const AWAY = { kind: 'unavailable' } as const;
const GONE = { kind: 'gone', status: 410 } as const;

describe('how long is waited', () => {
  test.each<[string, KubeFailureDetail[], number[]]>([
    ['a refusal doubles from 800 ms to 30 s', many(REFUSED, 7), [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000]],
    ['a server that is away is asked again within 3 s', many(AWAY, 5), [800, 1_600, 3_000, 3_000, 3_000]],
    ['so is a resource that is not there', many({ kind: 'not-found', status: 404 }, 4), [800, 1_600, 3_000, 3_000]],
    [
      'a server that comes back begins anew',
      [...many(AWAY, 5), REFUSED, REFUSED],
      [800, 1_600, 3_000, 3_000, 3_000, 800, 1_600],
    ],
    [
      'the server decides where it asks for more',
      [{ kind: 'rate-limited', status: 429, retryAfterMs: 9_000 }],
      [9_000],
    ],
    ['an old version is listed at once, but not over and over', [GONE, GONE, GONE], [0, 800, 1_600]],
  ])('%s', async (_, details, expected) => {
    const { clock, patience } = started();
    expect(await waits(clock, patience, details)).toEqual(expected);
  });

  test('with jitter of up to as much again, and within ten seconds for what comes back', async () => {
    const { clock, patience } = started(0.999);
    const [first, ...rest] = await waits(clock, patience, many(AWAY, 6));
    expect(first).toBeCloseTo(1_599, 0);
    expect(Math.max(...rest)).toBeLessThan(6_000);
  });

  test('two minutes without a failure forgive', async () => {
    const { clock, patience } = started();
    await waits(clock, patience, many(REFUSED, 5));
    await clock.advance(120_001);
    expect(await waits(clock, patience, [REFUSED, GONE])).toEqual([800, 0]);
  });

  test('no longer than the signal allows', async () => {
    const stop = new AbortController();
    const clock = manualClock();
    const waited = createPatience(clock, () => 0, stop.signal).after(new KubeFailure(REFUSED, 'x'));
    stop.abort();
    await waited;
    expect(clock.sleepers).toBe(0);
  });
});
