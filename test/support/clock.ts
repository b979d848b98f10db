/** A clock that nobody waits for: sleeping moves it on and is written down. */
import type { Clock } from '../../src/registry/clock.ts';

export interface FakeClock extends Clock {
  readonly sleeps: number[];
  advance(ms: number): void;
}

export function fakeClock(start = Date.parse('2026-11-21T00:00:00Z')): FakeClock {
  let time = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      sleeps.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      time += ms;
    },
  };
}
