/**
 * How long a reflector waits after each kind of failure. Owns the back-offs; must never look at what is reflected.
 */
import type { Clock } from '../core/clock.ts';
import { createBackOff, REFLECTOR_BACK_OFF, SOON } from './back-off.ts';
import type { KubeFailure } from './failure.ts';

/** Waits. */
export interface Patience {
  /** Waits before the next try after this failure; returns early when the signal fires. Never rejects. */
  after(failure: KubeFailure): Promise<void>;
}

/** A version that grew too old is met with a list within this time, unless that happened just before. */
const RELIST_MS = 1_000;
const RELISTED_JUST_NOW_MS = 30_000;

/** Makes the patience of one reflector. `random`: uniform in [0, 1). */
export function createPatience(clock: Clock, random: () => number, signal: AbortSignal): Patience {
  const now = (): number => clock.now();
  // Two, so that an outage does not make a server that is back wait for what it refuses while it starts.
  const refused = createBackOff(now, random, REFLECTOR_BACK_OFF);
  const away = createBackOff(now, random, SOON);
  let relistedAt = Number.NEGATIVE_INFINITY;
  const waitFor = ({ detail }: KubeFailure): number => {
    const relistedJustNow = now() - relistedAt < RELISTED_JUST_NOW_MS;
    if (detail.kind === 'gone') relistedAt = now();
    if (detail.kind === 'gone' && !relistedJustNow) return RELIST_MS * random();
    return detail.kind === 'not-found' || detail.status === undefined ? away.next() : refused.next();
  };
  return {
    after: async (failure) => {
      const ms = Math.max(failure.detail.retryAfterMs ?? 0, waitFor(failure));
      await clock.sleep(ms, signal).catch(() => undefined);
    },
  };
}
