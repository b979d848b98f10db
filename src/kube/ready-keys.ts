/** Keys that are ready, the most urgent first, those of one priority in order of arrival. Owns that order. */

/** How urgent a key is, and since when it is ready (milliseconds). */
export interface Ready {
  readonly priority: number;
  readonly since: number;
}

/** Ready keys. */
export interface ReadyKeys {
  has(key: string): boolean;
  /** Where the key is there already, the higher priority and the earlier `since` count. */
  add(key: string, ready: Ready): void;
  /** Takes the first one out. */
  shift(): { readonly key: string; readonly ready: Ready } | undefined;
  /** How many, by priority; a priority that was ever used stays, with 0. */
  depth(): ReadonlyMap<number, number>;
}

/** Makes an empty collection. Few priorities are expected: they are kept in a sorted list. */
export function createReadyKeys(): ReadyKeys {
  const levels = new Map<number, Map<string, Ready>>();
  const places = new Map<string, Ready>();
  let order: readonly number[] = [];
  const levelOf = (priority: number): Map<string, Ready> => {
    const level = levels.get(priority) ?? new Map<string, Ready>();
    if (!levels.has(priority)) {
      levels.set(priority, level);
      order = [...levels.keys()].sort((a, b) => b - a);
    }
    return level;
  };
  return {
    has: (key) => places.has(key),
    add: (key, ready) => {
      const known = places.get(key);
      if (known !== undefined && known.priority >= ready.priority) return;
      if (known !== undefined) levels.get(known.priority)?.delete(key);
      const merged = { ...ready, since: Math.min(ready.since, known?.since ?? ready.since) };
      places.set(key, merged);
      levelOf(ready.priority).set(key, merged);
    },
    shift: () => {
      for (const priority of order) {
        const first = levels.get(priority)?.entries().next();
        if (first === undefined || first.done === true) continue;
        const [key, ready] = first.value;
        levels.get(priority)?.delete(key);
        places.delete(key);
        return { key, ready };
      }
      return undefined;
    },
    depth: () => new Map([...levels].map(([priority, keys]) => [priority, keys.size])),
  };
}
