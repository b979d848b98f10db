/**
 * The steps of a trust level (Notary trust policy, "Signature Verification Level"): enforced, logged or skipped.
 * Owns what a failure of each means; must never touch integrity, which no level relaxes.
 */
import { Refused } from '../refusal.ts';
import type { NotaryLevel, NotaryStep } from '../signer.ts';

/** What each step does; it throws Refused where it fails. */
export interface Steps<A, E, T> {
  readonly authenticity: () => A;
  readonly expiry: () => E;
  readonly authenticTimestamp: () => T;
}

/** What each step gave: nothing where it failed and is only logged, or was skipped. */
export interface StepResults<A, E, T> {
  readonly authenticity: A | undefined;
  readonly expiry: E | undefined;
  readonly authenticTimestamp: T | undefined;
  /** One line per step that failed without consequence, or was not made. */
  readonly notes: readonly string[];
}

/** Runs the steps in the order of the specification. The first failure of an enforced one is thrown. */
export function runSteps<A, E, T>(level: NotaryLevel, steps: Steps<A, E, T>): StepResults<A, E, T> {
  const notes: string[] = [];
  return {
    authenticity: run('authenticity', level.authenticity, steps.authenticity, notes),
    expiry: run('expiry', level.expiry, steps.expiry, notes),
    authenticTimestamp: run('authenticTimestamp', level.authenticTimestamp, steps.authenticTimestamp, notes),
    notes,
  };
}

function run<R>(name: string, action: NotaryStep, step: () => R, notes: string[]): R | undefined {
  switch (action) {
    case 'enforce':
      return step();
    case 'log':
      return logged(name, step, notes);
    case 'skip':
      notes.push(`${name}: skipped by the trust level`);
      return undefined;
  }
}

/** Only a refusal is a failure of the step; anything else that is thrown refuses the signature as a whole. */
function logged<R>(name: string, step: () => R, notes: string[]): R | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notes.push(`${name}: logged, not enforced: ${error.message.slice(0, 400)}`);
    return undefined;
  }
}
