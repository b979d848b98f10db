/** A cache bounded by bytes that forgets what was not used for longest. Owns nothing about what it holds. */

/** A cache with a budget of bytes. */
export interface ByteCache<T> {
  get(key: string): T | undefined;
  /** `bytes` is what the entry costs; one larger than the whole budget is not kept. */
  set(key: string, value: T, bytes: number): void;
  delete(key: string): void;
}

/** What an entry costs besides its content: keys, map nodes, object headers. Measured roughly, on the high side. */
const OVERHEAD = 512;

/** Makes a cache that never holds more than `budget` bytes. A Map keeps insertion order, which serves as order of use. */
export function createByteCache<T>(budget: number): ByteCache<T> {
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
    set(key, value, bytes) {
      remove(key);
      const cost = bytes + OVERHEAD;
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
