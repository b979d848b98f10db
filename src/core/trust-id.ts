/**
 * The identity of the trust that a policy judges under: what it demands, and the signers that it names. Two verdicts
 * under the same identity are answers to the same question. Pure; signers come in as texts that change when they do.
 */
import { createHash } from 'node:crypto';
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';

/** Which half of the identity changed. */
export type TrustChange = 'PolicyChanged' | 'TrustChanged';

/**
 * The identity: 16 hex digits of the demands, a dot, 16 of the signers. `signerId` gives the identity of a TrustedKey
 * by name: its material, life and the part of its validity window that `now` lies in; one for a key that is missing too.
 */
export function trustIdOf(policy: ImageTrustPolicy, signerId: (trustedKey: string) => string): string {
  const signers = trustedKeysOf(policy).map((name) => [name, signerId(name)]);
  return `${hash(demandsIn(policy))}.${hash(signers)}`;
}

/** The TrustedKeys that a policy names, each once, sorted. */
export function trustedKeysOf({ spec }: ImageTrustPolicy): readonly string[] {
  const sets = [...spec.attestors, ...spec.attestations.flatMap((attestation) => attestation.attestors ?? [])];
  return [...new Set(sets.flatMap((set) => set.entries).map((entry) => entry.trustedKey))].sort();
}

/** What changed from one identity to another; undefined where nothing did. The policy's own change is named first. */
export function changeOfTrust(before: string, after: string): TrustChange | undefined {
  if (before === after) return undefined;
  const [demands] = before.split('.');
  return demands === after.split('.')[0] ? 'TrustChanged' : 'PolicyChanged';
}

/** What the engine reads of a policy; globs, exceptions, severity and schedules decide other things. */
function demandsIn({ spec }: ImageTrustPolicy): unknown {
  return [spec.attestors, spec.attestations, spec.digest];
}

function hash(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 16);
}

/** Keys in order: the API server does not keep the order in which a user wrote them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
