/**
 * What cosign's older formats keep in annotations of the layer: certificate, chain, Rekor entry, timestamp
 * (cosign specs/SIGNATURE_SPEC.md, measured in signing.md section 2). Owns turning them into the shapes that bundles have.
 */
import type { TransparencyLogEntry } from '@sigstore/bundle';
import { decodeBase64 } from '../../core/base64.ts';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import { Refused } from '../refusal.ts';
import type { Signed, Unreadable } from './signed.ts';

const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const CHAIN = 'dev.sigstore.cosign/chain';
const BUNDLE = 'dev.sigstore.cosign/bundle';
const TIMESTAMP = 'dev.sigstore.cosign/rfc3161timestamp';

/** What accompanies a signature. */
export type Company = Pick<Signed, 'certificates' | 'logEntries' | 'timestamps' | 'unreadable'>;

/** Annotations are part of the manifest (4 MiB at most); none of these is honest beyond this. Characters. */
const MAX_ANNOTATION = 256 * 1024;

/**
 * The company of a signature from the annotations of its layer. What cannot be read is named in `unreadable`: a broken
 * timestamp does not spoil a signature that needs none.
 */
export function readCompany(annotations: Readonly<Record<string, string>>): Company {
  // cosign 3 leaves the chain empty; cosign 2 writes intermediates and root.
  const leaf = reading('certificate', () => pemBlocks(textOf(annotations, CERTIFICATE), CERTIFICATE));
  const chain = reading('certificate', () => pemBlocks(textOf(annotations, CHAIN), CHAIN));
  const log = reading('log entry', () => optional(textOf(annotations, BUNDLE)).map(logEntry));
  const stamp = reading('timestamp', () => optional(textOf(annotations, TIMESTAMP)).map(timestamp));
  return {
    certificates: leaf.items.length === 0 ? [] : [...leaf.items, ...chain.items],
    logEntries: log.items,
    timestamps: stamp.items,
    unreadable: [leaf, chain, log, stamp].flatMap((part) => part.unreadable),
  };
}

function reading<T>(
  part: Unreadable['part'],
  read: () => readonly T[],
): { readonly items: readonly T[]; readonly unreadable: readonly Unreadable[] } {
  try {
    return { items: read(), unreadable: [] };
  } catch (error) {
    // Refused by us, or a Failure of the strict JSON reader; neither quotes more than a word of the document.
    return { items: [], unreadable: [{ part, why: error instanceof Error ? error.message : 'it cannot be read' }] };
  }
}

function optional(text: string): readonly string[] {
  return text === '' ? [] : [text];
}

function textOf(annotations: Readonly<Record<string, string>>, name: string): string {
  const text = Object.hasOwn(annotations, name) ? (annotations[name] ?? '') : '';
  if (text.length > MAX_ANNOTATION) throw malformed(name, `at most ${MAX_ANNOTATION} characters`);
  return text;
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

function pemBlocks(text: string, name: string): readonly Uint8Array[] {
  if (text.trim() === '') return [];
  const blocks = [...text.matchAll(PEM)].map(([, body]) => decodeBase64((body ?? '').replace(/\s+/g, '')));
  if (blocks.length === 0) throw malformed(name, 'certificates in PEM');
  return blocks.map((der) => {
    if (der === undefined) throw malformed(name, 'certificates in PEM');
    return der;
  });
}

/** `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}` as a log entry of a bundle. */
function logEntry(text: string): TransparencyLogEntry {
  const bundle = parseStrictJson(text);
  const payload = isJsonObject(bundle) ? bundle.Payload : undefined;
  if (!isJsonObject(bundle) || !isJsonObject(payload)) throw malformed(BUNDLE, 'a Payload and a SignedEntryTimestamp');
  const canonicalizedBody = bytesOf(payload.body, 'Payload.body');
  const body = parseStrictJson(canonicalizedBody);
  const { kind, apiVersion } = isJsonObject(body) ? body : {};
  if (typeof kind !== 'string' || typeof apiVersion !== 'string')
    throw malformed(BUNDLE, 'a body with kind and apiVersion');
  return {
    logIndex: numberOf(payload.logIndex, 'Payload.logIndex'),
    logId: { keyId: Buffer.from(hexTextOf(payload.logID), 'hex') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: numberOf(payload.integratedTime, 'Payload.integratedTime'),
    inclusionPromise: { signedEntryTimestamp: bytesOf(bundle.SignedEntryTimestamp, 'SignedEntryTimestamp') },
    inclusionProof: undefined,
    canonicalizedBody,
  };
}

/** `{SignedRFC3161Timestamp}` in base64. */
function timestamp(text: string): Uint8Array {
  const json = parseStrictJson(text);
  return decodedOr(
    isJsonObject(json) ? json.SignedRFC3161Timestamp : undefined,
    TIMESTAMP,
    'SignedRFC3161Timestamp in base64',
  );
}

function bytesOf(value: unknown, field: string): Buffer {
  return decodedOr(value, BUNDLE, `${field} in base64`);
}

function decodedOr(value: unknown, name: string, expected: string): Buffer {
  const bytes = typeof value === 'string' && value !== '' ? decodeBase64(value) : undefined;
  if (bytes === undefined) throw malformed(name, expected);
  return Buffer.from(bytes);
}

function numberOf(value: unknown, field: string): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw malformed(BUNDLE, `${field} to be a number`);
  return String(value);
}

function hexTextOf(value: unknown): string {
  if (typeof value !== 'string' || !/^(?:[a-f0-9]{2}){1,64}$/.test(value))
    throw malformed(BUNDLE, 'Payload.logID in hex');
  return value;
}

function malformed(name: string, expected: string): Refused {
  return new Refused('SignatureInvalid', `annotation ${name}: expected ${expected}`);
}
