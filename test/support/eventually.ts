/** Waiting for what happens elsewhere: asks again until nothing is thrown, within a bound. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds; default 10,000. */
  readonly within?: number;
  /** Milliseconds between attempts; default 50. */
  readonly every?: number;
  /** What is waited for, for the message when it does not come. */
  readonly what?: string;
}

/** What `attempt` gives once it does not throw; throws its last error when time is up. */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { within = 10_000, every = 50, what }: Patience = {},
): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw late(error, within, what);
    }
    await delay(every);
  }
}

function late(error: unknown, within: number, what: string | undefined): unknown {
  if (what !== undefined && error instanceof Error) error.message = `${what}, within ${within} ms: ${error.message}`;
  return error;
}
