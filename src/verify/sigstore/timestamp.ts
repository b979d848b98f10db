/**
 * RFC 3161 timestamps beside a signature, by the timestamp authorities of a trusted root.
 */
import { getTSATimestamp, RFC3161Timestamp, type TrustMaterial, VerificationError } from './library.ts';

/** The time that the authority signed for these bytes, or a short stable sentence on why there is none. Never throws. */
export function proveTimestamp(token: Uint8Array, stamped: Uint8Array, trust: TrustMaterial): Date | string {
  try {
    const parsed = RFC3161Timestamp.parse(Buffer.from(token));
    const { timestamp } = getTSATimestamp(parsed, Buffer.from(stamped), trust.timestampAuthorities);
    return Number.isNaN(timestamp.getTime()) ? 'the timestamp names no time' : timestamp;
  } catch (error) {
    return error instanceof VerificationError ? error.message : 'the timestamp is malformed';
  }
}
