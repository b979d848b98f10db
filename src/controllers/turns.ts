/**
 * Turns of the event loop: work that never waits for anything outside (a thousand tasks that the memory answers) lets
 * everybody else have a turn after a while: probes, the Lease, watches. Owns when; must never know what the work is.
 */
import type { Clock } from '../core/clock.ts';

/**
 * Turns, for all who work side by side: `while (turns.isOver()) await turns.next();` before each piece of work. Asked again
 * after the wait, since many may have waited for the same turn and the first of them may have used it up.
 */
export interface Turns {
  /** Has the work of this turn gone on for long? */
  isOver(): boolean;
  /** Resolves in the next turn. */
  next(): Promise<void>;
}

/** So long work may go on in one turn, in milliseconds: what it began then may take as long again. */
const SLICE_MS = 10;

/** Turns by this clock; where it knows of none, they are never over. */
export function createTurns({ now, turn }: Clock): Turns {
  let since = now();
  let waiting: Promise<void> | undefined;
  const wait = async (): Promise<void> => {
    await turn?.();
    since = now();
    waiting = undefined;
  };
  return {
    // A clock that was set back has to let others have their turn as well.
    isOver: () => turn !== undefined && Math.abs(now() - since) >= SLICE_MS,
    next: () => (waiting ??= wait()),
  };
}
