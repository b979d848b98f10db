/**
 * Which of several refusals tells the reader most: the one whose signature came closest to being a proof.
 */
import type { RejectedReason } from '../../api/reasons.ts';
import type { Refusal } from '../family.ts';

/** From the furthest on the way to a proof to the least. Every rejected reason stands here; the compiler counts. */
const CLOSENESS = {
  TagDrift: 20,
  DigestRequired: 20,
  KeyRevoked: 19,
  KeyOutsideValidity: 18,
  AttestationConditionFailed: 17,
  AnnotationMismatch: 16,
  TransparencyLogMissing: 15,
  TimestampMissing: 14,
  CertificateRevoked: 13,
  SignatureExpired: 13,
  CertificateExpired: 12,
  IdentityMismatch: 11,
  DigestMismatch: 10,
  SignatureInvalid: 9,
  CertificateUntrusted: 8,
  UntrustedSigner: 7,
  AttestationMissing: 2,
  NoSignature: 1,
} as const satisfies Record<RejectedReason, number>;

const closenessByName: ReadonlyMap<string, number> = new Map(Object.entries(CLOSENESS));

/** The most telling refusal; the first of equals, so that the answer does not depend on anything but the order. */
export function mostTelling(refusals: readonly Refusal[]): Refusal | undefined {
  let best: Refusal | undefined;
  for (const refusal of refusals) {
    if (best === undefined || closeness(refusal) > closeness(best)) best = refusal;
  }
  return best;
}

function closeness(refusal: Refusal): number {
  return closenessByName.get(refusal.reason) ?? 0;
}
