/**
 * Refusing in the middle of a chain of demands. `demand…` functions throw `Refused`; `attempt` turns it into a
 * Refusal at the border of a family. Anything else that is thrown there came from hostile bytes and refuses as well.
 */
import type { RejectedReason, UnknownReason } from '../api/reasons.ts';
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

/** Runs a chain of demands. A refusal stays one; anything else thrown means that the bytes are not what they claim. */
export function attempt(what: string, demands: () => Outcome): Outcome {
  try {
    return demands();
  } catch (error) {
    if (error instanceof Refused) return refusal(error.reason, error.message, error.holdsUntil);
    return refusal('SignatureInvalid', `${what} is malformed: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}
