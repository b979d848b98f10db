/**
 * Every known difference between our verdict and that of cosign 3.1.3 or notation 1.3.2. A row that differs names one;
 * docs/differences.md explains each to users. A difference that no row shows any more fails the suite.
 */

/**
 * `stricter`: we refuse what they accept. `more capable`: we accept, by proof, what they refuse. `unknown instead`: we
 * say that it could not be checked, where they accept or refuse.
 */
export interface Difference {
  readonly kind: 'stricter' | 'more capable' | 'unknown instead';
  readonly tool: 'cosign' | 'notation';
  readonly reason: string;
}

export const DIFFERENCES = {
  'own-digest-algorithms': {
    kind: 'more capable',
    tool: 'cosign',
    reason:
      'cosign 3 signs with SHA-384 (P-384), SHA-512 (P-521) and Ed25519ph, and its verify tries SHA-256 and pure Ed25519 unless --signature-digest-algorithm says otherwise; we try what cosign writes for the key',
  },
  'every-place': {
    kind: 'more capable',
    tool: 'cosign',
    reason:
      'cosign looks in one place and stops at the first bundle that it can read; we look in all of them, and one good signature suffices',
  },
  'claim-type': {
    kind: 'stricter',
    tool: 'cosign',
    reason:
      'cosign does not read critical.type; a payload that a key signed for another purpose is no signature of an image',
  },
  'duplicate-keys': {
    kind: 'stricter',
    tool: 'cosign',
    reason: 'two readers may choose differently among duplicate JSON keys, so a signed text with such names nothing',
  },
  'attestation-as-signature': {
    kind: 'stricter',
    tool: 'cosign',
    reason: 'cosign takes every statement in a bundle for a signature, whatever its predicate type',
  },
  'text-predicates': {
    kind: 'more capable',
    tool: 'cosign',
    reason:
      'cosign attest --type spdx writes the SBOM as a text into the predicate, and cosign 3 then cannot decode its own statement; who attests what about which image is proven all the same',
  },
  'anchored-patterns': {
    kind: 'stricter',
    tool: 'cosign',
    reason: 'cosign matches a pattern anywhere in an identity; we match the whole of it',
  },
  'chain-in-bundle': {
    kind: 'more capable',
    tool: 'cosign',
    reason:
      'cosign sign --certificate-chain writes the issuers into the bundle, and its verify reads such bundles only with --allow-certificate-chain; we read them, and trust none of the issuers for being there',
  },
  'signature-cap': {
    kind: 'stricter',
    tool: 'cosign',
    reason:
      'we look at 64 signatures of an image, so that nobody can make us work without end, and the verdict says that there were more',
  },
  'no-statement': {
    kind: 'unknown instead',
    tool: 'notation',
    reason:
      'no statement of the trust policy holds for the repository: nobody said whom to trust, which is no finding about the image',
  },
  'skip-vouches-not': {
    kind: 'unknown instead',
    tool: 'notation',
    reason: 'notation ends with 0 for an image that it did not look at; without a proof nothing is verified',
  },
  'global-skip': {
    kind: 'stricter',
    tool: 'notation',
    reason: 'the specification forbids the level skip for the scope *; notation takes it, we refuse the file',
  },
} as const satisfies Record<string, Difference>;

export type DifferenceId = keyof typeof DIFFERENCES;
