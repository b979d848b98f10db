/** Waits that grow with each failure, as client-go's reflector has them. Owns the growth; must never wait itself. */

/** Bounds of the growth. Times in milliseconds. */
export interface BackOffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
  /** After this long without a failure the growth starts anew. */
  readonly resetMs: number;
}

/** A growing wait. */
export interface BackOff {
  /** How long to wait after a failure now. */
  next(): number;
}

/** client-go, tools/cache/reflector.go: NewExponentialBackoffManager(800ms, 30s, 2min, 2.0, 1.0). */
export const REFLECTOR_BACK_OFF: BackOffLimits = { initialMs: 800, maxMs: 30_000, resetMs: 120_000 };

/**
 * Where nobody was bothered by the try: a server that cannot be reached, a resource that it does not have. What comes
 * back has to be seen within ten seconds, jitter included.
 */
export const SOON: BackOffLimits = { ...REFLECTOR_BACK_OFF, maxMs: 3_000 };

/** Makes a back-off that doubles, with up to as much again of jitter. `random`: uniform in [0, 1). */
export function createBackOff(now: () => number, random: () => number, limits: BackOffLimits): BackOff {
  let steps = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    next: () => {
      const time = now();
      if (time - last > limits.resetMs) steps = 0;
      last = time;
      const wait = Math.min(limits.maxMs, limits.initialMs * 2 ** Math.min(steps, 30));
      steps += 1;
      return wait * (1 + random());
    },
  };
}
