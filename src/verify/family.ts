/**
 * The interface of a signature family: one folder per format behind it, one conformance test for all.
 * Owns the vocabulary of proving; must never fetch anything.
 */
import type { RejectedReason, UnknownReason } from '../api/reasons.ts';
import type { Digest } from '../core/digest.ts';
import type { PredicateTest } from '../core/predicate/predicate-test.ts';
import type { SignaturePlace, TimeSource } from '../core/verdict.ts';
import type { Descriptor, Manifest } from '../registry/source.ts';
import type { Link } from './revocation/status.ts';
import type { SignerMaterial } from './signer.ts';

/** The names of the families. */
export type FamilyName = 'cosign-simple' | 'cosign-dsse' | 'sigstore-bundle' | 'notary';

/** A signature as it lay in the registry: bytes that hashed to their digest, not parsed, nothing of it trusted. */
export interface RawSignature {
  readonly family: FamilyName;
  readonly place: SignaturePlace;
  /** The layer that carries it: media type, digest, size and annotations. */
  readonly layer: Descriptor;
  /** The manifest that carries the layer: its annotations count for some formats (never for trust). */
  readonly manifest: Manifest;
  /** The bytes of the layer. */
  readonly payload: Uint8Array;
}

/** What a signature must name: the image manifest, or an index that contains it. */
export interface Subject {
  readonly digest: Digest;
  /** Media type and size (bytes) of the manifest: Notary signatures name them as well. Absent where no claim needs them. */
  readonly mediaType?: string;
  readonly size?: number;
}

/** An attestation that is wanted. Families prove its type; what its predicate says is asked by the engine. */
export interface AttestationClaim {
  readonly type: 'attestation';
  readonly predicateType: string;
  readonly predicate?: PredicateTest;
}

/** What one attestor entry wants proven of one image. */
export interface Claim {
  readonly subject: Subject;
  /** A signature, or an attestation of exactly this predicate type (a URI). The one never stands for the other. */
  readonly demands: { readonly type: 'signature' } | AttestationClaim;
  readonly material: SignerMaterial;
  /** Signed annotations that must be there with exactly these values. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The time of the check. Used only where no time of signing is proven, and for expiry. */
  readonly now: Date;
}

/** An explicit proof: the signature names the subject, is by the signer, and demands of the claim hold. */
export interface Proof {
  readonly ok: true;
  /**
   * Who signed, for counting: equal for two proofs by the same signer whatever key object or entry they came by.
   * Public keys: the fingerprint. Certificates: the identity below its root.
   */
  readonly signerId: string;
  readonly fingerprint: string;
  readonly identity?: string;
  readonly issuer?: string;
  /** Proven time of signing; absent where nothing proves it. */
  readonly signedAt?: Date;
  readonly timeSource: TimeSource;
  readonly logIndex?: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  /** The authenticated predicate of an attestation (JSON), for conditions. */
  readonly predicate?: unknown;
  /** Why the predicate does not say what is demanded: the attestation is authentic, and vouches for nothing. */
  readonly unmet?: Refusal;
  /** Certificates whose revocation is still to be looked up, which families cannot: they ask nobody. */
  readonly revocation?: RevocationDemand;
  /** Where the proof rests on the time of the check: it holds until then and must be made anew after. */
  readonly holdsUntil?: Date;
}

/** Certificates of a proof that name somebody to ask, and what a bad answer means. */
export interface RevocationDemand {
  readonly step: 'enforce' | 'log';
  readonly links: readonly Link[];
}

/** What a proof says where revocation was not looked up. */
export const NOT_CHECKED = 'revocation: not checked';

/** Checked, and not a proof for this claim; or (`unknown`) not checkable for a reason outside the signature. */
export interface Refusal {
  readonly ok: false;
  readonly reason: RejectedReason | UnknownReason;
  /** What was expected and what was found. Stable, bounded to 1,024 characters, no secrets. */
  readonly message: string;
  /** Where the refusal may turn at a known time (a certificate that is not yet valid). */
  readonly holdsUntil?: Date;
}

/** What comes of examining one signature for one claim. */
export type Outcome = Proof | Refusal;

/** A signature family. All methods are pure and synchronous; what they are given has been fetched and hashed. */
export interface SignatureFamily {
  readonly name: FamilyName;
  /** Can this family ever prove a claim with this material and demand? Spares work, and names what is foreign. */
  serves(claim: Claim): boolean;
  /**
   * The layers of this manifest that carry signatures of this family; empty where there are none.
   * Looks at the manifest's own media types only, never at the hints of a descriptor that led to it.
   */
  layers(manifest: Manifest): readonly Descriptor[];
  /** Proves or refutes one claim. Never throws: whatever bytes it is given, it ends in bounded time in an Outcome. */
  prove(signature: RawSignature, claim: Claim): Outcome;
}
