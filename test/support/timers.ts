/** A clock whose sleepers wake when time is moved on, in the order of their times; nothing passes by itself. */
import type { Clock } from '../../src/core/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers one by one and letting what they set off run. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  readonly sleepers: number;
  /** Every wait that was asked for, in milliseconds. */
  readonly waits: readonly number[];
}

interface Sleeper {
  readonly at: number;
  wake(): void;
}

export function manualClock(start = Date.parse('2026-11-21T00:00:00Z')): ManualClock {
  let time = start;
  const sleepers = new Set<Sleeper>();
  const waits: number[] = [];
  const earliest = (until: number): Sleeper | undefined =>
    [...sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    waits,
    get sleepers() {
      return sleepers.size;
    },
    now: () => time,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        waits.push(ms);
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal.reason as Error);
        };
        const sleeper = {
          at: time + ms,
          wake: () => {
            signal.removeEventListener('abort', onAbort);
            sleepers.delete(sleeper);
            resolve();
          },
        };
        if (signal.aborted) return onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        sleepers.add(sleeper);
      }),
    advance: async (ms) => {
      const until = time + ms;
      await settle();
      for (let next = earliest(until); next !== undefined; next = earliest(until)) {
        time = Math.max(time, next.at);
        next.wake();
        await settle();
      }
      time = until;
      await settle();
    },
  };
}

/** Lets everything run that is ready to. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
