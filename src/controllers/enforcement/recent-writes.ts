/**
 * What we wrote and the watch has not brought back yet, so that nothing is written twice for its delay. Owns how long
 * a write is believed over the watch; must never hide for good what the watch says.
 */
import type { ObservedPolicy } from './observed.ts';

/** The writes of one ImageTrustPolicy. */
export interface RecentWrites {
  applied(policy: ObservedPolicy, now: Date): void;
  removed(policy: ObservedPolicy, now: Date): void;
  /** What is there: by the watch, or by a write that is newer. */
  over(watched: readonly ObservedPolicy[], now: Date): readonly ObservedPolicy[];
  /** When the watch alone is believed again; undefined where it is by now. */
  until(now: Date): Date | undefined;
}

/**
 * A watch that has not shown a write by now never will: whatever was written is gone again. Well below the ten seconds
 * in which a policy that somebody removes at once has to be back.
 */
const BELIEVED_MS = 4_000;

interface Write {
  readonly policy: ObservedPolicy;
  readonly removed: boolean;
  readonly at: Date;
}

/** None yet. */
export function createRecentWrites(): RecentWrites {
  const writes = new Map<string, Write>();
  const keep = (policy: ObservedPolicy, removed: boolean, at: Date): void =>
    void writes.set(keyOf(policy), { policy, removed, at });
  const prune = (now: Date): void => {
    for (const [key, { at }] of writes) if (now.getTime() - at.getTime() >= BELIEVED_MS) writes.delete(key);
  };
  return {
    applied: (policy, now) => keep(policy, false, now),
    removed: (policy, now) => keep(policy, true, now),
    over(watched, now): readonly ObservedPolicy[] {
      prune(now);
      for (const one of watched) {
        const write = writes.get(keyOf(one));
        if (write !== undefined && !isNewer(write, one)) writes.delete(keyOf(one));
      }
      const rest = watched.filter((one) => !writes.has(keyOf(one)));
      return [...rest, ...[...writes.values()].flatMap(({ policy, removed }) => (removed ? [] : [policy]))];
    },
    until(now): Date | undefined {
      prune(now);
      const ends = [...writes.values()].map(({ at }) => at.getTime() + BELIEVED_MS);
      return ends.length === 0 ? undefined : new Date(Math.max(...ends));
    },
  };
}

/** Versions of one object are decimal numbers that grow (KEP-5504); what was removed is another object afterwards. */
function isNewer({ policy, removed }: Write, watched: ObservedPolicy): boolean {
  if (policy.uid !== watched.uid) return !removed && isLater(policy.resourceVersion, watched.resourceVersion);
  return removed || isLater(policy.resourceVersion, watched.resourceVersion);
}

function isLater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

function keyOf({ format, name }: ObservedPolicy): string {
  return `${format} ${name}`;
}
