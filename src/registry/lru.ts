/** A cache bounded by bytes that forgets what was not used for longest. Owns what an entry costs. */
import { createLru, type Lru } from '../core/lru.ts';

/** A cache with a budget of bytes. */
export interface ByteCache<T> extends Pick<Lru<T>, 'get' | 'delete'> {
  /** `bytes` is what the entry costs; one larger than the whole budget is not kept. */
  set(key: string, value: T, bytes: number): void;
}

/** What an entry costs besides its content: keys, map nodes, object headers. Measured roughly, on the high side. */
const OVERHEAD = 512;

/** Makes a cache that never holds more than `budget` bytes. */
export function createByteCache<T>(budget: number): ByteCache<T> {
  const entries = createLru<T>(budget);
  return { ...entries, set: (key, value, bytes) => entries.set(key, value, bytes + OVERHEAD) };
}
