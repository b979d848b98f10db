/**
 * Every known difference between our verdict and that of cosign 3.1.3 or notation 1.3.2. A row that differs names one;
 * docs/differences.md explains each in its own words. A difference that no row shows any more fails the suite.
 */

/** `stricter`: we refuse what they accept. `more capable`: we accept, by proof, what they refuse. */
export interface Difference {
  readonly kind: 'stricter' | 'more capable' | 'unknown instead';
  readonly reason: string;
}

export const DIFFERENCES = {
  'own-digest-algorithms': {
    kind: 'more capable',
    reason:
      'cosign 3 signs with SHA-384 (P-384), SHA-512 (P-521) and Ed25519ph, and its verify tries SHA-256 and pure Ed25519 unless --signature-digest-algorithm says otherwise; we try what cosign writes for the curve',
  },
  'every-place': { kind: 'more capable', reason: '' },
  'claim-type': { kind: 'stricter', reason: '' },
  'duplicate-keys': { kind: 'stricter', reason: '' },
  'attestation-as-signature': { kind: 'stricter', reason: '' },
  'anchored-patterns': { kind: 'stricter', reason: '' },
  'chain-in-bundle': { kind: 'more capable', reason: '' },
  'no-statement': { kind: 'unknown instead', reason: '' },
  'skip-vouches-not': { kind: 'unknown instead', reason: '' },
} as const satisfies Record<string, Difference>;

export type DifferenceId = keyof typeof DIFFERENCES;
