/**
 * X.509 certificates as the engine reads them (RFC 5280). Parsing only; who is trusted is decided in chain.ts.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';

/** One attribute of a distinguished name, in the order of the encoding. `type` is a short name (CN, O, C, ST…) or an OID. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** A subject alternative name. Fulcio writes URIs and e-mail addresses; `other` is 1.3.6.1.4.1.57264.1.7. */
export interface AlternativeName {
  readonly type: 'email' | 'dns' | 'uri' | 'ip' | 'other';
  readonly value: string;
}

/** A parsed certificate. Everything that a check reads is here, so that no check parses. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly raw: Uint8Array;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint256: string;
  readonly publicKey: KeyObject;
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly basicConstraints?: { readonly critical: boolean; readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: { readonly critical: boolean; readonly bits: ReadonlySet<KeyUsageBit> };
  /** OIDs of the extended key usage. */
  readonly extendedKeyUsage?: { readonly critical: boolean; readonly oids: readonly string[] };
  readonly alternativeNames: readonly AlternativeName[];
  /** Extension values by OID: the raw bytes inside the OCTET STRING. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly value: Uint8Array }>;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
}

/** Key usage bits by the names of RFC 5280, 4.2.1.3. */
export type KeyUsageBit =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';
