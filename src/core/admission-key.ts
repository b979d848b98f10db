/**
 * What a TrustedKey is to an admission policy: public material as text, and how long it may vouch. Owns the shape;
 * verify/trust makes it, outputs/kyverno renders it. Must never hold anything private.
 */
import type { CertificateIdentity, KeylessIdentity } from '../api/identity.ts';

/** A TrustedKey that was read. One that is not in a map of these is missing. */
export type AdmissionKey =
  | {
      readonly state: 'usable';
      readonly name: string;
      readonly material: AdmissionMaterial;
      /** The window in which it may vouch; absent ends are open. */
      readonly validFrom?: Date;
      readonly validUntil?: Date;
    }
  | { readonly state: 'revoked'; readonly name: string }
  | { readonly state: 'unusable'; readonly name: string; readonly message: string };

/** One public key. */
export interface AdmissionPublicKey {
  /** SPKI PEM with a final line break. */
  readonly pem: string;
  /** `SHA256:…` of the SPKI: two keys with one fingerprint are one signer. */
  readonly fingerprint: string;
  /** `ECDSA-P256`, `RSA-2048`, `Ed25519`, … */
  readonly algorithm: string;
}

/** What proofs are checked against, by kind of TrustedKey. PEM texts are single blocks with a final line break. */
export type AdmissionMaterial =
  | {
      readonly type: 'publicKey';
      /** Versions of one key, any of which may vouch; empty where only the key management service has them. */
      readonly keys: readonly AdmissionPublicKey[];
      /** URI of the key management service, where the key lies there. */
      readonly kms?: string;
      readonly transparencyLog: 'Required' | 'Ignored';
      readonly trustRoot: AdmissionTrustRoot;
    }
  | {
      readonly type: 'certificate';
      readonly roots: readonly string[];
      /** Those that lead to one of the roots. */
      readonly intermediates: readonly string[];
      readonly identities: readonly CertificateIdentity[];
      readonly transparencyLog: 'Required' | 'Ignored';
      readonly trustRoot: AdmissionTrustRoot;
    }
  | {
      readonly type: 'keyless';
      readonly identities: readonly KeylessIdentity[];
      readonly transparencyLog: 'Required' | 'Ignored';
      readonly trustRoot: AdmissionTrustRoot;
    }
  | {
      readonly type: 'notation';
      readonly ca: readonly string[];
      readonly signingAuthority: readonly string[];
      readonly tsa: readonly string[];
      readonly trustedIdentities: readonly string[];
      /** `strict` with no step overridden, or what is not. */
      readonly level: string;
      readonly verifyTimestamp: 'always' | 'afterCertExpiry';
    };

/** The Sigstore instance of a key. */
export type AdmissionTrustRoot =
  | { readonly kind: 'public' }
  /** A TUF repository and the text of its initial root.json. */
  | { readonly kind: 'tuf'; readonly mirror: string; readonly rootJson: string }
  /** A trusted_root.json, taken apart. */
  | { readonly kind: 'file'; readonly authorities: AdmissionAuthorities };

/** The parts of a trusted root that a policy can name. PEM blocks. */
export interface AdmissionAuthorities {
  /** Certificates of the certificate authorities, roots and intermediates. */
  readonly certificates: readonly string[];
  readonly rekorKeys: readonly string[];
  readonly ctlogKeys: readonly string[];
  /** Is the time of any of them limited by an end? Kyverno does not look at it. */
  readonly limited: boolean;
}
