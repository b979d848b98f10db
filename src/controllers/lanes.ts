/**
 * A lane for each registry: so many tasks at once, the rest waits beside the queue. Owns fairness between registries:
 * one that is slow or down fills its own lane and nobody else's.
 */

/** The lanes. */
export interface Lanes {
  /** Enters the lane, or is put on its waiting list: then `false`, and `released` tells when to try again. */
  enter(lane: string, key: string, urgent: boolean): boolean;
  /** Leaves the lane; the first of those that wait is told. */
  leave(lane: string): void;
  /** Tasks under way, by lane. */
  inWork(): ReadonlyMap<string, number>;
}

interface Lane {
  running: number;
  readonly urgent: Set<string>;
  readonly waiting: Set<string>;
}

/** Lanes that take `width` tasks each. `released` is told of a key that may try again, and whether it is urgent. */
export function createLanes(width: number, released: (key: string, urgent: boolean) => void): Lanes {
  const lanes = new Map<string, Lane>();
  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? { running: 0, urgent: new Set(), waiting: new Set() };
    lanes.set(name, lane);
    return lane;
  };
  return {
    enter(name, key, urgent): boolean {
      const lane = laneOf(name);
      if (lane.running < width) {
        lane.running += 1;
        return true;
      }
      if (urgent) lane.waiting.delete(key);
      if (urgent || !lane.urgent.has(key)) (urgent ? lane.urgent : lane.waiting).add(key);
      return false;
    },
    leave(name): void {
      const lane = laneOf(name);
      lane.running -= 1;
      const urgent = lane.urgent.size > 0;
      const next = shift(urgent ? lane.urgent : lane.waiting);
      if (next !== undefined) released(next, urgent);
      else if (lane.running === 0) lanes.delete(name);
    },
    inWork: () => new Map([...lanes].map(([name, { running }]) => [name, running])),
  };
}

function shift(keys: Set<string>): string | undefined {
  const [first] = keys;
  if (first !== undefined) keys.delete(first);
  return first;
}
