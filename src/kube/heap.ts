/** A binary heap: the smallest first. Owns an order; must know nothing of what it orders. */

/** A heap. */
export interface Heap<T> {
  push(value: T): void;
  /** The smallest, which stays; undefined where the heap is empty. */
  peek(): T | undefined;
  pop(): T | undefined;
  readonly size: number;
}

/** Makes a heap. `before`: does `a` come before `b`? */
export function createHeap<T extends object>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push: (value) => {
      items.push(value);
      rise(items, before);
    },
    pop: () => {
      const first = items[0];
      const last = items.pop();
      if (last === undefined || items.length === 0) return first;
      items[0] = last;
      sink(items, before);
      return first;
    },
  };
}

/** Moves the last item up to its place. */
function rise<T extends object>(items: T[], before: (a: T, b: T) => boolean): void {
  let at = items.length - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!swapIf(items, at, above, before)) return;
    at = above;
  }
}

/** Moves the first item down to its place. */
function sink<T extends object>(items: T[], before: (a: T, b: T) => boolean): void {
  let at = 0;
  for (;;) {
    const left = items[2 * at + 1];
    const right = items[2 * at + 2];
    const smaller = left !== undefined && right !== undefined && before(right, left) ? 2 * at + 2 : 2 * at + 1;
    if (!swapIf(items, smaller, at, before)) return;
    at = smaller;
  }
}

/** Swaps two items where the one that lies lower comes first; false where it does not, or is not there. */
function swapIf<T extends object>(items: T[], lower: number, upper: number, before: (a: T, b: T) => boolean): boolean {
  const below = items[lower];
  const above = items[upper];
  if (below === undefined || above === undefined || !before(below, above)) return false;
  items[lower] = above;
  items[upper] = below;
  return true;
}
