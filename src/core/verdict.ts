/**
 * The verdict on one task: a frozen value. Owns its shape and the rules of what may be built;
 * must never decide anything (that is verify/judge's).
 */
import type { Reason, RejectedReason, UnknownReason } from '../api/reasons.ts';
import type { Digest } from './digest.ts';

/** Where the time of signing comes from. `none`: nothing proves it, so validity was judged at the time of the check. */
export type TimeSource = 'transparency-log' | 'timestamp-authority' | 'signing-authority' | 'none';

/** Where a signature lies. */
export interface SignaturePlace {
  /** Registry and repository, canonical: `registry.example.com/team/app`. */
  readonly repository: string;
  /** How it was found. */
  readonly via: 'signature-tag' | 'attestation-tag' | 'referrers-api' | 'referrers-tag';
  /** The manifest that carries the signature. */
  readonly manifest: Digest;
  /** The blob with the signed payload, envelope or bundle: the identity of the signature. */
  readonly blob: Digest;
}

/**
 * A form in which a signature is written and found: another verifier may not read it. `notary referrers-api`; where a
 * timestamp is all that makes it valid, `notary-timestamped referrers-api`.
 */
export type SignatureForm = `${string} ${SignaturePlace['via']}`;

/** One proof that counted: which trusted key vouched, by what, since when. All text is bounded and stable. */
export interface Evidence {
  readonly trustedKey: string;
  readonly set: string;
  /** What was proven: a signature, or an attestation of this predicate type. */
  readonly proves: 'signature' | { readonly predicateType: string };
  /** The digest that the proof names: the running one, or that of an index that contains it. */
  readonly subject: Digest;
  readonly family: string;
  readonly place: SignaturePlace;
  /** All forms in which this key vouches for this, the one of `place` among them. */
  readonly forms?: readonly SignatureForm[];
  /** `SHA256:` and unpadded base64 of the SPKI hash, as ssh-keygen writes fingerprints. */
  readonly fingerprint: string;
  /** Identity of the certificate's holder, where there is a certificate: SAN or subject. */
  readonly identity?: string;
  /** OIDC issuer, keyless only. */
  readonly issuer?: string;
  /** RFC 3339, UTC. */
  readonly signedAt?: string;
  readonly timeSource: TimeSource;
  readonly logIndex?: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Checks that were not made, or failures that the trust level only logs: `revocation: not checked`. */
  readonly notes: readonly string[];
}

/** What one attestor entry found, for the explanation of a verdict. */
export interface EntryExplanation {
  readonly set: string;
  readonly trustedKey: string;
  readonly outcome: 'vouched' | 'refused' | 'unknown';
  readonly reason: Reason;
  readonly message: string;
}

interface VerdictBase {
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly entries: readonly EntryExplanation[];
  /** Said so when a cap cut what was looked at (64 signatures, 128 referrers), or the like. */
  readonly notes: readonly string[];
}

/** Verified, rejected or unknown: a wrong combination of state and reason cannot be written. */
export type Verdict =
  | (VerdictBase & { readonly state: 'verified'; readonly reason: 'Verified' })
  | (VerdictBase & { readonly state: 'rejected'; readonly reason: RejectedReason })
  | (VerdictBase & { readonly state: 'unknown'; readonly reason: UnknownReason });
