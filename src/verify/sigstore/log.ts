/**
 * Does a transparency log hold this very signature? Owns the check of one entry: that the log vouches for it, and that it
 * records this signature, over these bytes, by this key. Must never take a time or an index from an entry that fails.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { SignedBytes } from '../keys.ts';
import { Refused } from '../refusal.ts';
import {
  type SignatureContent,
  type TrustMaterial,
  VerificationError,
  verifyTLogBody,
  verifyTLogInclusion,
} from './library.ts';
import { type RecordedKey, recordedEnvelopeHash, recordedKey } from './log-body.ts';
import { COMPANY, type Signed } from './signed.ts';

/** An entry that a trusted log vouches for. */
export interface LogProof {
  readonly logIndex: string;
  /** Where the log signed a time (a SET, Rekor v1). Rekor v2 promises none. */
  readonly integratedAt?: Date;
}

/** What the signature was verified with: the entry must record the same key, or the same certificate. */
export type VerifiedBy =
  | { readonly type: 'key'; readonly key: KeyObject }
  | { readonly type: 'certificate'; readonly der: Uint8Array };

/** The proof that the entry gives, or a short stable sentence on why it gives none. Never throws. */
export function proveLogEntry(
  entry: TransparencyLogEntry,
  signed: Signed,
  by: VerifiedBy,
  trust: TrustMaterial,
): LogProof | string {
  try {
    demandBounded(entry);
    verifyTLogInclusion(entry, trust.tlogs);
    demandRecorded(entry, signed);
    demandRecordedKey(entry, by);
  } catch (error) {
    if (error instanceof Refused || error instanceof VerificationError) return error.message;
    return 'the entry is malformed';
  }
  // Only the SET signs time and index; the fields beside an inclusion proof are anybody's word, the proof's index is not.
  const integratedAt = entry.inclusionPromise === undefined ? undefined : new Date(Number(entry.integratedTime) * 1000);
  if (integratedAt === undefined) return { logIndex: entry.inclusionProof?.logIndex ?? '' };
  return { logIndex: entry.logIndex, ...(integratedAt.getTime() === 0 ? {} : { integratedAt }) };
}

const INDEX = /^\d{1,19}$/;

/** The library turns these fields into big integers before it checks any signature: megabytes of digits would hang it. */
function demandBounded(entry: TransparencyLogEntry): void {
  const proof = entry.inclusionProof;
  const numbers = [entry.logIndex, entry.integratedTime, proof?.logIndex ?? '0'];
  const sizes = [proof?.checkpoint?.envelope.length ?? 0, entry.canonicalizedBody.length];
  const bounded = numbers.every((n) => INDEX.test(n)) && sizes.every((size) => size <= COMPANY.itemBytes);
  if (!bounded) throw new Refused('SignatureInvalid', 'a number, the checkpoint or the body is out of bounds');
}

function demandRecorded(entry: TransparencyLogEntry, signed: Signed): void {
  const envelopeHash = recordedEnvelopeHash(body(entry));
  if (envelopeHash === undefined) return verifyTLogBody(entry, contentOf(signed));
  // intoto 0.0.1 (cosign 1 and early 2) keeps only the hash of the whole envelope, signatures included.
  if (signed.envelope === undefined || !equal(envelopeHash, createHash('sha256').update(signed.envelope).digest())) {
    throw new Refused('SignatureInvalid', 'the entry records another envelope');
  }
}

/** The library compares signature and digest, not the key (cosign and sigstore-go do, and so do we). */
function demandRecordedKey(entry: TransparencyLogEntry, by: VerifiedBy): void {
  const found = verifierOf(recordedKey(body(entry)));
  const same = by.type === 'key' ? found.key.equals(by.key) : equal(found.certificate ?? new Uint8Array(), by.der);
  if (!same) throw new Refused('SignatureInvalid', 'the entry records another key');
}

function body(entry: TransparencyLogEntry): unknown {
  return parseStrictJson(entry.canonicalizedBody);
}

interface Verifier {
  readonly key: KeyObject;
  readonly certificate?: Uint8Array;
}

function verifierOf({ encoding, bytes }: RecordedKey): Verifier {
  const der = Buffer.from(bytes);
  if (encoding === 'spki') return { key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
  const isCertificate = encoding === 'x509' || der.includes('-----BEGIN CERTIFICATE-----');
  if (!isCertificate) return { key: createPublicKey(der) };
  const certificate = new X509Certificate(der);
  return { key: certificate.publicKey, certificate: certificate.raw };
}

/** What an entry's body is compared with. Digests by their length: cosign 3 logs P-384 with SHA-384, P-521 with SHA-512. */
function contentOf(signed: Signed): SignatureContent {
  const payload = signed.envelopePayload;
  return {
    signature: Buffer.from(signed.signature),
    compareSignature: (signature) => equal(signature, signed.signature),
    compareDigest: (digest) => payload !== undefined && hashes(digest, payload),
    compareSignedDigest: (digest) => hashes(digest, signed.message),
    // The signature is verified before any entry is looked at, with every algorithm that the library lacks.
    verifySignature: () => false,
  };
}

const HASH_OF_LENGTH: ReadonlyMap<number, string> = new Map([
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
]);

function hashes(digest: Uint8Array, bytes: SignedBytes): boolean {
  if (!(bytes instanceof Uint8Array)) return equal(bytes.sha256, digest);
  const algorithm = HASH_OF_LENGTH.get(digest.length);
  return algorithm !== undefined && equal(createHash(algorithm).update(bytes).digest(), digest);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length > 0 && Buffer.compare(a, b) === 0;
}
