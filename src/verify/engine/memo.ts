/**
 * Remembers what proving a signature for a claim came to, so that a pass over unchanged images does no cryptography.
 * An outcome is a pure function of the key below, but for those that rest on the time of the check: they say until
 * when they hold. Must never remember a failure to look: only outcomes come here.
 */
import { createHash } from 'node:crypto';
import { createLru } from '../../core/lru.ts';
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../family.ts';
import { withAnswer } from './predicate.ts';

/** Outcomes kept at most; about 1 KiB each. */
const MAX_OUTCOMES = 20_000;

/** A bounded memory of outcomes. */
export interface ProofMemo {
  /** The outcome of `family.prove`, remembered or made now. `signerId` names the trust material (`Signer.id`). */
  prove(family: SignatureFamily, signature: RawSignature, claim: Claim, signerId: string): Outcome;
  /** Proofs made and proofs remembered since the start. */
  readonly counts: { made: number; remembered: number };
}

interface Remembered {
  readonly outcome: Outcome;
  readonly madeAt: number;
}

/** A new, empty memory. */
export function createProofMemo(max: number = MAX_OUTCOMES): ProofMemo {
  const outcomes = createLru<Remembered>(max);
  const counts = { made: 0, remembered: 0 };
  return {
    counts,
    prove(family, signature, claim, signerId): Outcome {
      const key = keyOf(signature, claim, signerId);
      const known = outcomes.get(key);
      if (known !== undefined && stillHolds(known, claim.now)) {
        counts.remembered++;
        return known.outcome;
      }
      counts.made++;
      const outcome = withoutPredicate(withAnswer(family.prove(signature, claim), claim));
      outcomes.set(key, { outcome, madeAt: claim.now.getTime() });
      return outcome;
    },
  };
}

/** An outcome that rests on the time of the check holds from then to `holdsUntil`; a clock set back voids it. */
function stillHolds(known: Remembered, now: Date): boolean {
  if (known.outcome.holdsUntil === undefined) return true;
  return now.getTime() >= known.madeAt && now.getTime() < known.outcome.holdsUntil.getTime();
}

/** Predicates can be megabytes, and nothing reads them from here. */
function withoutPredicate(outcome: Outcome): Outcome {
  if (!outcome.ok || outcome.predicate === undefined) return outcome;
  const { predicate: _, ...rest } = outcome;
  return rest;
}

/** Everything that an outcome depends on: the bytes by their digests, the claim, the trust material by its id. */
function keyOf(signature: RawSignature, claim: Claim, signerId: string): string {
  const parts = [
    signature.family,
    signature.manifest.digest,
    signature.layer.digest,
    signature.layer.mediaType,
    sorted(signature.layer.annotations),
    claim.subject.digest,
    claim.subject.mediaType ?? null,
    claim.subject.size ?? null,
    claim.demands.type === 'attestation' ? claim.demands.predicateType : null,
    claim.demands.type === 'attestation' ? (claim.demands.predicate?.id ?? null) : null,
    sorted(claim.annotations),
    signerId,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

function sorted(map: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
