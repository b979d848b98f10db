/**
 * Checks that could not be made and when they are tried again. Owns the waits, and that a registry which is back is
 * noticed soon without being asked by everybody: one of its tasks goes ahead, and the others follow when it succeeds.
 */
import type { UnknownReason } from '../api/reasons.ts';
import { retryAfterMs } from '../core/due.ts';

/** The tasks that wait for another try. */
export interface Retries {
  /** A check failed; when to try again, in milliseconds since the epoch. Undefined: only a change can help. */
  failed(key: string, registry: string, reason: UnknownReason): number | undefined;
  /** A check of this task was made. The answer: the tasks of the same registry that may follow at once. */
  succeeded(key: string, registry: string): readonly string[];
  /** When the task may be tried again; undefined where it need not. */
  retryAt(key: string): number | undefined;
  forget(key: string): void;
}

interface Waiting {
  readonly registry: string;
  readonly failures: number;
  readonly at: number;
}

/** How often the task that goes ahead asks a registry that is away. */
const AHEAD_MS = 3_000;
/** Failures that say something of the registry, and not of one image. */
const OF_REGISTRY: ReadonlySet<UnknownReason> = new Set(['RegistryUnavailable', 'Timeout']);

/** Nothing waits yet. `now` in milliseconds, `random` in [0, 1). */
export function createRetries(now: () => number, random: () => number): Retries {
  const waiting = new Map<string, Waiting>();
  const outages = new Map<string, Set<string>>();
  const leave = (key: string): void => {
    const registry = waiting.get(key)?.registry;
    waiting.delete(key);
    const others = registry === undefined ? undefined : outages.get(registry);
    if (registry === undefined || others?.delete(key) !== true) return;
    if (others.size === 0) outages.delete(registry);
  };
  return {
    retryAt: (key) => waiting.get(key)?.at,
    forget: leave,
    failed(key, registry, reason): number | undefined {
      const failures = (waiting.get(key)?.failures ?? 0) + 1;
      const wait = retryAfterMs(reason, failures, random());
      if (wait === undefined) {
        leave(key);
        return undefined;
      }
      const ahead = OF_REGISTRY.has(reason) && goesAhead(outages, registry, key);
      const at = now() + (ahead ? Math.min(wait, AHEAD_MS) : wait);
      waiting.set(key, { registry, failures, at });
      return at;
    },
    succeeded(key, registry): readonly string[] {
      leave(key);
      const followers = [...(outages.get(registry) ?? [])];
      outages.delete(registry);
      for (const follower of followers) {
        const before = waiting.get(follower);
        if (before !== undefined) waiting.set(follower, { ...before, at: now() });
      }
      return followers;
    },
  };
}

/** The first task of an outage goes ahead; when it is gone, the next one that fails does. */
function goesAhead(outages: Map<string, Set<string>>, registry: string, key: string): boolean {
  const tasks = outages.get(registry) ?? new Set<string>();
  outages.set(registry, tasks.add(key));
  const [first] = tasks;
  return first === key;
}
