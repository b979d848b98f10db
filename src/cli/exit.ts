/**
 * Exit codes of the command line, and the error that carries one. Owns the numbers.
 */
import type { VerdictState } from '../api/reasons.ts';

/** 0 trusted, 1 rejected, 2 unknown, 64 usage (sysexits.h EX_USAGE), 130 interrupted (128 + SIGINT). */
export const EXIT = { trusted: 0, rejected: 1, unknown: 2, usage: 64, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Wrong input: what the user gave cannot be used. Printed without a stack; nothing was verified. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The worst of several states decides: a rejection outweighs what could not be checked. */
export function exitCodeOf(states: Iterable<VerdictState>): ExitCode {
  let code: ExitCode = EXIT.trusted;
  for (const state of states) {
    if (state === 'rejected') return EXIT.rejected;
    if (state === 'unknown') code = EXIT.unknown;
  }
  return code;
}
