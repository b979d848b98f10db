/** The clock of the machine. Its shape is in core/clock.ts: everything that waits takes it as an argument. */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';

export type { Clock } from '../core/clock.ts';

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  turn: () => nextTurn(),
};
