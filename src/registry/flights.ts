/**
 * Single flight: callers who ask for the same thing at the same time share one lookup. Each waits with its own signal;
 * the lookup itself ends only when nobody waits any more. Must never remember a result.
 */
import { errorOfAbort, orAbort, type Trouble } from './abort.ts';

/** What a shared lookup gets: a signal that fires when the last waiter has gone, and a place for what is in its way. */
export interface Flight {
  readonly signal: AbortSignal;
  readonly trouble: Trouble;
}

/** Shares lookups by key. */
export interface Flights<T> {
  join(key: string, waiter: Waiter, start: (flight: Flight) => Promise<T>): Promise<T>;
}

/** Who waits, and for what (for messages). */
export interface Waiter {
  readonly signal: AbortSignal;
  readonly where: string;
}

interface Shared<T> {
  readonly controller: AbortController;
  readonly trouble: Trouble;
  readonly result: Promise<T>;
  waiters: number;
}

/** Makes an empty set of flights. */
export function createFlights<T>(): Flights<T> {
  const running = new Map<string, Shared<T>>();

  function board(key: string, start: (flight: Flight) => Promise<T>): Shared<T> {
    const existing = running.get(key);
    if (existing !== undefined) return existing;
    const controller = new AbortController();
    const trouble: Trouble = {};
    const result = start({ signal: controller.signal, trouble });
    const shared: Shared<T> = { controller, trouble, result, waiters: 0 };
    running.set(key, shared);
    const land = (): void => {
      if (running.get(key) === shared) running.delete(key);
    };
    result.then(land, land);
    return shared;
  }

  return {
    async join(key, { signal, where }, start) {
      if (signal.aborted) throw errorOfAbort(signal, where);
      const shared = board(key, start);
      shared.waiters += 1;
      try {
        return await orAbort(shared.result, signal, () => errorOfAbort(signal, where, shared.trouble));
      } finally {
        shared.waiters -= 1;
        if (shared.waiters === 0 && running.get(key) === shared) {
          running.delete(key);
          shared.controller.abort(signal.reason);
        }
      }
    },
  };
}
