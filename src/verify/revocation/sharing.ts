/**
 * One question at a time for one key: who asks while it is under way gets the same answer. Unlike registry/flights.ts it
 * goes on when nobody waits any more, for the answer is kept. Must never remember one itself.
 */

/** Shares what is under way by key. */
export type Sharing<T> = (key: string, start: () => Promise<T>) => Promise<T>;

/** Makes one with nothing under way. */
export function createSharing<T>(): Sharing<T> {
  const running = new Map<string, Promise<T>>();
  return (key, start) => {
    const shared = running.get(key) ?? start().finally(() => running.delete(key));
    running.set(key, shared);
    return shared;
  };
}
