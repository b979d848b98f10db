/**
 * Trust material after parsing: what a TrustedKey is to the engine. Owns the shapes; reading files,
 * Secrets or specs lies in verify/trust, proving in the families.
 */
import type { KeyObject } from 'node:crypto';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import type { UnknownReason } from '../api/reasons.ts';
import type { Certificate } from './x509/certificate.ts';

/** A public key with its fingerprint (`SHA256:` and unpadded base64 of the hash of the SPKI DER). */
export interface PublicKey {
  readonly key: KeyObject;
  readonly fingerprint: string;
  /** `ECDSA-P256`, `ECDSA-P384`, `ECDSA-P521`, `RSA-2048`, `Ed25519`, … */
  readonly algorithm: string;
  /** base64 of SHA-256 over the SPKI DER: the hint that cosign 3 writes into bundles. */
  readonly hint: string;
}

/** Text that must match as a whole: given literally, or as RE2, which is always anchored at both ends. */
export interface TextMatcher {
  /** What the user wrote, for messages: `"ci@example.com"` or `/^.*@example\.com$/`. */
  readonly shown: string;
  matches(text: string): boolean;
}

/** An identity that a certificate must show. Absent parts are not demanded. */
export interface IdentityMatcher {
  readonly issuer?: TextMatcher;
  readonly subject?: TextMatcher;
  /** Fulcio certificate extensions by the API's name (`githubWorkflowRepository`), exact values. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Does a signature need a transparency-log entry? */
export type TransparencyLog = 'Required' | 'Ignored';

/** How strictly the steps of Notary verification are taken. */
export type NotaryStep = 'enforce' | 'log' | 'skip';
/** Notary trust level with overrides applied. Integrity is always enforced. */
export interface NotaryLevel {
  readonly name: string;
  readonly authenticity: NotaryStep;
  readonly authenticTimestamp: NotaryStep;
  readonly expiry: NotaryStep;
  readonly revocation: NotaryStep;
}

/** What a signer's proof is checked against: one variant per kind of TrustedKey. */
export type SignerMaterial =
  | {
      readonly type: 'publicKey';
      readonly keys: readonly PublicKey[];
      readonly transparencyLog: TransparencyLog;
      /** Present where the log is required or where timestamps are to be read. */
      readonly trustRoot?: TrustRoot;
    }
  | {
      readonly type: 'certificate';
      readonly roots: readonly Certificate[];
      readonly intermediates: readonly Certificate[];
      readonly identities: readonly IdentityMatcher[];
      readonly transparencyLog: TransparencyLog;
      readonly trustRoot?: TrustRoot;
    }
  | {
      readonly type: 'keyless';
      readonly identities: readonly IdentityMatcher[];
      readonly transparencyLog: TransparencyLog;
      readonly trustRoot: TrustRoot;
    }
  | {
      readonly type: 'notation';
      readonly ca: readonly Certificate[];
      readonly signingAuthority: readonly Certificate[];
      readonly tsa: readonly Certificate[];
      /** `*` accepts every identity below the roots; else each is a subject's attributes, all of which must match. */
      readonly trustedIdentities: '*' | readonly NotaryIdentity[];
      readonly level: NotaryLevel;
      /** When timestamps are looked at (trust policy `verifyTimestamp`). */
      readonly verifyTimestamp: 'always' | 'afterCertExpiry';
    };

/** `x509.subject:` of a trust policy: attribute type (C, ST, L, O, OU, CN…) → value; a subset that must match. */
export interface NotaryIdentity {
  readonly shown: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** A Sigstore trusted root and a stable identity for caches (hash of its JSON). */
export interface TrustRoot {
  readonly root: TrustedRoot;
  readonly id: string;
}

/** The life of a key, as the engine reads it. Times as Date; absent: unbounded. */
export interface Lifecycle {
  readonly state: 'Active' | 'Retiring' | 'Revoked';
  readonly validFrom?: Date;
  readonly validUntil?: Date;
  /** Of a revoked key: signatures that are proven to be older than this still count. Absent: none does. */
  readonly keepsProvenBefore?: Date;
}

/** A TrustedKey as the engine meets it. Only `usable` can ever vouch. */
export type Signer =
  | {
      readonly state: 'usable';
      readonly name: string;
      /** Changes whenever anything that proof depends on changes: the cache key of its claims. */
      readonly id: string;
      readonly material: SignerMaterial;
      readonly lifecycle: Lifecycle;
    }
  | {
      readonly state: 'unusable';
      readonly name: string;
      readonly reason: Extract<
        UnknownReason,
        'TrustedKeyMissing' | 'TrustedKeyNotReady' | 'TrustRootUnavailable' | 'KmsUnavailable'
      >;
      readonly message: string;
    };
