/**
 * A lane for each registry: so many tasks at once, the rest waits beside the queue. Owns fairness between registries:
 * one that is slow or down fills its own lane and nobody else's.
 */

/** The lanes. */
export interface Lanes {
  /** Enters the lane, or is put on its waiting list: then `false`, and `released` tells when to try again. */
  enter(lane: string, key: string, urgent: boolean): boolean;
  /** Leaves the lane; the first of those that wait is told, and the place is kept for it. */
  leave(lane: string): void;
  /** The task has nothing to do after all: a place that was kept for it goes to the next. */
  decline(key: string): void;
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
  /** Lanes in which a place is kept, by key. */
  const kept = new Map<string, string>();
  const leave = (name: string): void => {
    const lane = laneOf(name);
    const urgent = lane.urgent.size > 0;
    const next = shift(urgent ? lane.urgent : lane.waiting);
    if (next !== undefined) {
      kept.set(next, name);
      released(next, urgent);
      return;
    }
    lane.running -= 1;
    if (lane.running === 0) lanes.delete(name);
  };
  const decline = (key: string): void => {
    const name = kept.get(key);
    kept.delete(key);
    if (name !== undefined) leave(name);
  };
  return {
    leave,
    decline,
    enter(name, key, urgent): boolean {
      if (kept.get(key) === name) return kept.delete(key);
      // Its place was kept in another lane: the image lies in another registry by now.
      decline(key);
      const lane = laneOf(name);
      if (lane.running < width) {
        lane.running += 1;
        return true;
      }
      wait(lane, key, urgent);
      return false;
    },
    inWork: () => new Map([...lanes].map(([name, { running }]) => [name, running])),
  };
}

/** In one of the two lists, the better one. */
function wait({ urgent: first, waiting }: Lane, key: string, urgent: boolean): void {
  if (urgent) waiting.delete(key);
  if (urgent || !first.has(key)) (urgent ? first : waiting).add(key);
}

function shift(keys: Set<string>): string | undefined {
  const [first] = keys;
  if (first !== undefined) keys.delete(first);
  return first;
}
