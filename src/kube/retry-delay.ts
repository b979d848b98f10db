/**
 * How long something that failed waits: client-go's two limiters of a work queue, of which the stricter counts.
 * Owns the counts per key; must never wait itself.
 */

/** The limits. Times in milliseconds. */
export interface RetryLimits {
  /** Wait after the first failure of a key; doubled with each further one. Default 5. */
  readonly baseMs?: number;
  /** Default 1,000,000. */
  readonly maxMs?: number;
  /** Retries of all keys together, per second. Default 10. */
  readonly perSecond?: number;
  /** How many may be retried at once before `perSecond` counts. Default 100. */
  readonly burst?: number;
}

/** Delays of retries. */
export interface RetryDelays {
  /** Counts a failure of the key; how long it has to wait. */
  next(key: string): number;
  /** How often the key failed since it was forgotten. */
  failures(key: string): number;
  forget(key: string): void;
}

/** Makes the delays; `now` in milliseconds. */
export function createRetryDelays(now: () => number, limits: RetryLimits = {}): RetryDelays {
  const { baseMs = 5, maxMs = 1_000_000, perSecond = 10, burst = 100 } = limits;
  const failures = new Map<string, number>();
  const bucket = createBucket(now, perSecond, burst);
  return {
    next: (key) => {
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      // 2^40 of any base is beyond every bound; larger exponents would end in Infinity.
      return Math.max(Math.min(maxMs, baseMs * 2 ** Math.min(before, 40)), bucket());
    },
    failures: (key) => failures.get(key) ?? 0,
    forget: (key) => {
      failures.delete(key);
    },
  };
}

/** A token bucket that goes into debt: each call takes a token and says how long until it is covered, in milliseconds. */
function createBucket(now: () => number, perSecond: number, burst: number): () => number {
  let tokens = burst;
  let at = now();
  return () => {
    const time = now();
    // A clock that is set back must not take tokens away.
    tokens = Math.min(burst, tokens + (Math.max(0, time - at) / 1000) * perSecond);
    at = time;
    tokens -= 1;
    return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
  };
}
