/**
 * What every cosign and Sigstore format comes down to: bytes, a signature over them, and what accompanies it.
 * Owns the shape. Nothing in it is trusted: it was parsed, not checked.
 */
import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { SignedBytes } from '../keys.ts';

/** One signature with its company. */
export interface Signed {
  /** The bytes that the signature covers: the payload itself, or the DSSE pre-authentication encoding. */
  readonly message: SignedBytes;
  readonly signature: Uint8Array;
  /** DSSE only: the payload inside the envelope, whose hash some log entries record. */
  readonly envelopePayload?: Uint8Array;
  /** DSSE in a layer of its own only: the bytes of the envelope, whose hash entries of intoto 0.0.1 record. */
  readonly envelope?: Uint8Array;
  /** The bytes that a timestamp has to cover. */
  readonly stamped: Uint8Array;
  /** What a bundle says of its key: base64 of SHA-256 over the SPKI (cosign 3), or anything else. */
  readonly hint?: string;
  /** DER, the leaf first; empty where a plain key signed. What follows the leaf is untrusted. */
  readonly certificates: readonly Uint8Array[];
  readonly logEntries: readonly TransparencyLogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps: readonly Uint8Array[];
  /** Company that is there and cannot be read. It spoils only what it would have proven. */
  readonly unreadable: readonly Unreadable[];
}

/** What could not be read, and why in a short stable sentence. */
export interface Unreadable {
  readonly part: 'certificate' | 'log entry' | 'timestamp';
  readonly why: string;
}

/** Limits on what one signature may bring, so that hostile company cannot cost time. Real ones bring one or two. */
export const COMPANY = {
  logEntries: 8,
  timestamps: 8,
  certificates: 10,
  /** Bytes of one certificate, timestamp or checkpoint. */
  itemBytes: 64 * 1024,
} as const;
