/** Time as the registry layer takes it: passed in, so that tests wait for nothing. */
import { setTimeout as delay } from 'node:timers/promises';

/** A clock. Times in milliseconds; `sleep` rejects when its signal fires. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
