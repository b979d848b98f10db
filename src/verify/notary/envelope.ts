/**
 * The one shape that both envelope formats are read into (Notary signature specification): nothing of it is verified.
 * Owns the shape and the limits; the formats are jws.ts and cose.ts.
 */

/** An envelope as it was read. */
export interface Envelope {
  /** Protected headers under the names of the JWS format (`alg`, `cty`, `crit`, `io.cncf.notary.…`). Times are Dates. */
  readonly headers: ReadonlyMap<string, unknown>;
  /** DER of the certificates, the signer's first; not protected by the signature. */
  readonly chain: readonly Uint8Array[];
  /** The time-stamp token; not protected by the signature, which it stamps. */
  readonly timestamp?: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What the signature is over. */
  readonly signedBytes: Uint8Array;
}

/** Names of the headers that the specification defines. */
export const HEADER = {
  algorithm: 'alg',
  contentType: 'cty',
  critical: 'crit',
  signingScheme: 'io.cncf.notary.signingScheme',
  signingTime: 'io.cncf.notary.signingTime',
  authenticSigningTime: 'io.cncf.notary.authenticSigningTime',
  expiry: 'io.cncf.notary.expiry',
  timestamp: 'io.cncf.notary.timestampSignature',
  verificationPlugin: 'io.cncf.notary.verificationPlugin',
  verificationPluginMinVersion: 'io.cncf.notary.verificationPluginMinVersion',
} as const;

/** Headers whose values are times. */
export const TIME_HEADERS: readonly string[] = [HEADER.signingTime, HEADER.authenticSigningTime, HEADER.expiry];

/** Bytes. Envelopes are some kilobytes: certificates and a time-stamp; the image itself is named by digest. */
export const MAX_ENVELOPE = 1024 * 1024;

/** Certificates in an envelope. */
export const MAX_CHAIN = 10;
