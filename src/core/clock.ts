/**
 * Time as every layer below the command line takes it: passed in, so that tests wait for nothing.
 * Owns the shape only; the clock of the machine is in registry/clock.ts.
 */

/** A clock. Times in milliseconds; `sleep` rejects when its signal fires. */
export interface Clock {
  readonly now: () => number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Resolves when all that waits for the event loop has had a turn. Absent: nothing waits. */
  readonly turn?: () => Promise<void>;
}
