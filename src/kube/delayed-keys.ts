/** Keys that wait for their time, each once. Owns their order in time; must never own a timer. */
import { createHeap, type Heap } from './heap.ts';

/** A key that waits. Time in milliseconds. */
export interface Delayed {
  readonly key: string;
  readonly readyAt: number;
  readonly priority: number;
}

/** Waiting keys. */
export interface DelayedKeys {
  /** Where the key waits already, the earlier time and the higher priority count. */
  add(delayed: Delayed): void;
  /** Takes the key out, whatever its time. */
  remove(key: string): Delayed | undefined;
  /** Takes out the first key whose time has come. */
  shiftDue(now: number): Delayed | undefined;
  /** When the first one is due; undefined where none waits. */
  nextAt(): number | undefined;
  readonly size: number;
}

/** Entries that mean nothing any more may pile up to this many beside as many that do. */
const SPENT_ALLOWED = 64;

/** Makes an empty collection. */
export function createDelayedKeys(): DelayedKeys {
  const live = new Map<string, Delayed>();
  let heap: Heap<Delayed> = createHeap(isEarlier);
  // A heap cannot forget: an entry counts only while it is the one that the map holds.
  const first = (): Delayed | undefined => {
    for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
      if (live.get(top.key) === top) return top;
      heap.pop();
    }
    return undefined;
  };
  const sweep = (): void => {
    if (heap.size <= 2 * live.size + SPENT_ALLOWED) return;
    heap = createHeap(isEarlier);
    for (const delayed of live.values()) heap.push(delayed);
  };
  return {
    get size() {
      return live.size;
    },
    nextAt: () => first()?.readyAt,
    add: (wanted) => {
      const known = live.get(wanted.key);
      const merged = known === undefined ? wanted : earliest(wanted, known);
      live.set(wanted.key, merged);
      heap.push(merged);
      sweep();
    },
    remove: (key) => {
      const known = live.get(key);
      live.delete(key);
      sweep();
      return known;
    },
    shiftDue: (now) => {
      const top = first();
      if (top === undefined || top.readyAt > now) return undefined;
      heap.pop();
      live.delete(top.key);
      return top;
    },
  };
}

function isEarlier(a: Delayed, b: Delayed): boolean {
  return a.readyAt < b.readyAt;
}

function earliest(a: Delayed, b: Delayed): Delayed {
  return { key: a.key, readyAt: Math.min(a.readyAt, b.readyAt), priority: Math.max(a.priority, b.priority) };
}
