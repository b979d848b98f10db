/**
 * Refusing in the middle of a chain of demands. `demand…` functions throw `Refused`; `attempt` turns it into a
 * Refusal at the border of a family.
 */
import type { RejectedReason, UnknownReason } from '../api/reasons.ts';
import { Failure } from '../core/failure.ts';
import type { Outcome, Refusal } from './family.ts';

const MAX_MESSAGE = 1024;

/** Thrown by a demand that does not hold. Never leaves a family. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: RejectedReason | UnknownReason;
  readonly holdsUntil: Date | undefined;

  constructor(reason: RejectedReason | UnknownReason, message: string, holdsUntil?: Date) {
    super(message);
    this.reason = reason;
    this.holdsUntil = holdsUntil;
  }
}

/** A Refusal as a value, its message bounded. */
export function refusal(reason: RejectedReason | UnknownReason, message: string, holdsUntil?: Date): Refusal {
  const bounded = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
  return { ok: false, reason, message: bounded, ...(holdsUntil === undefined ? {} : { holdsUntil }) };
}

/**
 * Runs a chain of demands. A refusal stays one; a Failure says that the bytes are not what they claim. Anything else
 * that is thrown is a fault of ours: it must not read as a rejection, so it ends as `unknown`.
 */
export function attempt(what: string, demands: () => Outcome): Outcome {
  try {
    return demands();
  } catch (error) {
    if (error instanceof Refused) return refusal(error.reason, error.message, error.holdsUntil);
    if (error instanceof Failure) return refusal('SignatureInvalid', `${what} is malformed: ${error.message}`);
    return refusal(
      'InternalError',
      `${what} could not be examined: ${error instanceof Error ? error.message : 'unknown fault'}`,
    );
  }
}
