/**
 * A memory with a budget that forgets what was not used for longest. Takes no room for what it does not hold, however
 * large its budget. Owns nothing about what it holds.
 */

/** The memory. */
export interface Lru<T> {
  get(key: string): T | undefined;
  /** Is it there? Does not count as use. */
  has(key: string): boolean;
  /** `cost` (default 1) is what it takes of the budget; what costs more than all of it is not kept. */
  set(key: string, value: T, cost?: number): void;
  delete(key: string): void;
}

/** An empty memory. A Map keeps the order of insertion, which serves as the order of use. */
export function createLru<T>(budget: number): Lru<T> {
  const entries = new Map<string, { readonly value: T; readonly cost: number }>();
  let held = 0;
  const remove = (key: string): void => {
    held -= entries.get(key)?.cost ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    has: (key) => entries.has(key),
    set(key, value, cost = 1) {
      remove(key);
      if (cost > budget) return;
      entries.set(key, { value, cost });
      held += cost;
      for (const oldest of entries.keys()) {
        if (held <= budget) return;
        remove(oldest);
      }
    },
    delete: remove,
  };
}
