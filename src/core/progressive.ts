/**
 * Mode Progressive: from Audit to Enforce, once everything that runs has been trusted for long enough. Pure; the state
 * lies in the status, so a restart goes on where it was. Must never go back: only a person leaves Enforce.
 */
import type { Enforcement } from '../api/enforcement.ts';
import { parseDuration } from './duration.ts';
import type { PassRecord } from './known.ts';

/** How far a policy has come. */
export interface Progress {
  readonly phase: 'Audit' | 'Enforce';
  /** Since when nothing is in the way; absent while something is, or nobody has looked. */
  readonly compliantSince?: Date;
  /** Complete passes since then, up to the number that is needed. */
  readonly passes: number;
  /** Passes that ended by then are counted, or do not count. */
  readonly lastPassTime?: Date;
  readonly inTheWay: number;
}

/** What is known of the images of the policy now. */
export interface ProgressFacts {
  /** Images that are not trusted, or that Kyverno would refuse. */
  readonly inTheWay: number;
  /** Images that are still to be judged. A new one holds up the turn; it does not start the time anew. */
  readonly pending: number;
  /** Images of which the latest check could not be made: what is known of them stands, but that pass proves nothing. */
  readonly unchecked: number;
  readonly lastPass?: PassRecord;
}

/** The next state. `before` undefined: the mode was just chosen. */
export function advance(
  before: Progress | undefined,
  { compliantFor, minimumPasses }: Enforcement['progressive'],
  facts: ProgressFacts,
  now: Date,
): Progress {
  const { inTheWay, pending } = facts;
  if (before?.phase === 'Enforce') return { ...before, inTheWay };
  if (inTheWay > 0) return interrupted(before, inTheWay, now);
  const start = before ?? { phase: 'Audit', passes: 0, inTheWay: 0 };
  const counted = countPass(start, minimumPasses, facts, now);
  const isDone = pending === 0 && counted.passes >= minimumPasses;
  const isDue = isDone && dueAt(counted.compliantSince, compliantFor) <= now.getTime();
  return { ...counted, phase: isDue ? 'Enforce' : 'Audit', inTheWay };
}

/** When the state turns by nothing but time; undefined where a pass is awaited, or nothing more. */
export function turnsAt(
  { phase, compliantSince, passes }: Progress,
  { compliantFor, minimumPasses }: Enforcement['progressive'],
): Date | undefined {
  if (phase === 'Enforce' || compliantSince === undefined || passes < minimumPasses) return undefined;
  return new Date(dueAt(compliantSince, compliantFor));
}

/** The clock starts anew; what ended before it does not count. */
function interrupted(before: Progress | undefined, inTheWay: number, now: Date): Progress {
  // As long as it is interrupted nothing moves: a state that is written at every pass would be noise.
  const isNew = before === undefined || before.inTheWay === 0 || before.lastPassTime === undefined;
  return { phase: 'Audit', passes: 0, lastPassTime: isNew ? now : before.lastPassTime, inTheWay };
}

/** One pass more, where one has ended with nothing in the way and it is needed; the first one starts the clock. */
function countPass(before: Progress, needed: number, facts: ProgressFacts, now: Date): Progress {
  const { pending, unchecked, lastPass } = facts;
  // What was in the way is gone: passes that ended with it there do not count.
  const free = before.inTheWay === 0 ? before : { ...before, compliantSince: now, lastPassTime: now, inTheWay: 0 };
  const end = lastPass?.completionTime;
  if (end === undefined || pending > 0 || unchecked > 0) return free;
  const isNew = free.lastPassTime === undefined || wholeSeconds(end) > wholeSeconds(free.lastPassTime);
  const started = { ...free, compliantSince: free.compliantSince ?? now };
  // A pass that is not needed any more is nothing to write.
  if (!isNew || started.passes >= needed) return started;
  return { ...started, passes: started.passes + 1, lastPassTime: end };
}

function dueAt(since: Date | undefined, compliantFor: string): number {
  return since === undefined ? Number.POSITIVE_INFINITY : since.getTime() + parseDuration(compliantFor);
}

/** A status holds whole seconds: a pass must not count twice for the part that is lost. */
function wholeSeconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}
