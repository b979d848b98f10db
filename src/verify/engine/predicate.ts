/**
 * What the predicate of an authentic attestation says to the conditions of the policy, as part of its proof. Must never
 * make a proof of anything: it can only take one away.
 */
import type { UnknownReason } from '../../api/reasons.ts';
import type { TestedPredicate } from '../../core/predicate/predicate-test.ts';
import type { Claim, Outcome, Refusal } from '../family.ts';
import { refusal } from '../refusal.ts';

/** The outcome with what its predicate lacks. An answer that rests on the time of the check holds for that check only. */
export function withAnswer(outcome: Outcome, { demands, now }: Claim): Outcome {
  if (!outcome.ok || demands.type !== 'attestation' || demands.predicate === undefined) return outcome;
  const answer = demands.predicate.ask(outcome.predicate, now);
  const unmet = unmetBy(answer, demands.predicateType);
  return { ...outcome, ...(unmet === undefined ? {} : { unmet }), ...(answer.timed ? { holdsUntil: now } : {}) };
}

/**
 * What keeps authentic attestations from vouching. All of one type have to satisfy the policy, as in Kyverno (verifyAttestation
 * of pkg/engine/internal/imageverifier.go) and cosign (verify-attestation): one that fails decides, then one that cannot be asked.
 */
export function unmetOf(unmet: readonly Refusal[]): Refusal | undefined {
  return unmet.find(({ reason }) => reason === 'AttestationConditionFailed') ?? unmet[0];
}

function unmetBy({ state, message }: Described, type: string): Refusal | undefined {
  const said = `attestation ${type}: ${message}`;
  switch (state) {
    case 'satisfied':
      return undefined;
    case 'failed':
      return refusal('AttestationConditionFailed', said);
    case 'fault':
      return unknown('ConditionError', said);
    case 'invalid':
      return unknown('ConditionInvalid', said);
  }
}

interface Described {
  readonly state: TestedPredicate['state'];
  readonly message?: string;
}

function unknown(reason: UnknownReason, message: string): Refusal {
  return refusal(reason, message);
}
