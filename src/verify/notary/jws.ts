/**
 * The JWS envelope (Notary "JWS Signature Envelope"): flattened JWS JSON serialization, one signature.
 * Reads every layer strictly, so that no other reader can see another signature in the same bytes.
 */
import { decodeBase64, decodeBase64Url } from '../../core/base64.ts';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import { type Envelope, HEADER, MAX_CHAIN, MAX_ENVELOPE, TIME_HEADERS } from './envelope.ts';
import { demandIntegrity, shown } from './integrity.ts';
import { parseRfc3339 } from './time-text.ts';

/** "no additional top level fields are supported". */
const MEMBERS: readonly string[] = ['payload', 'protected', 'header', 'signature'];
const LIMITS = { maxBytes: MAX_ENVELOPE, maxDepth: 16 } as const;

/** Reads an envelope of media type application/jose+json. Throws Refused or Failure for what is none. */
export function readJws(bytes: Uint8Array): Envelope {
  const document = parseStrictJson(bytes, LIMITS);
  demandIntegrity(isJsonObject(document), 'the JWS envelope is not a JSON object');
  const foreign = Object.keys(document).find((key) => !MEMBERS.includes(key));
  demandIntegrity(
    foreign === undefined,
    `the JWS envelope has the member ${shown(foreign)}, which flattened JWS has not`,
  );
  const { payload, protected: encoded, header, signature } = document;
  demandIntegrity(isJsonObject(header), 'the JWS envelope has no unprotected header with the certificates');
  const timestamp = header[HEADER.timestamp];
  return {
    headers: readHeaders(fromBase64Url(encoded, 'protected')),
    chain: readChain(header['x5c']),
    ...(timestamp === undefined ? {} : { timestamp: fromBase64(timestamp, HEADER.timestamp) }),
    payload: fromBase64Url(payload, 'payload'),
    signature: fromBase64Url(signature, 'signature'),
    // RFC 7515, 5.2: the encoded texts themselves are signed, which the decoding above found to be plain ASCII.
    signedBytes: new TextEncoder().encode(`${String(encoded)}.${String(payload)}`),
  };
}

function readHeaders(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  const headers = parseStrictJson(bytes, LIMITS);
  demandIntegrity(isJsonObject(headers), 'the protected header is not a JSON object');
  return new Map(
    Object.entries(headers).map(([name, value]) => [name, TIME_HEADERS.includes(name) ? time(name, value) : value]),
  );
}

function time(name: string, value: unknown): Date {
  const date = typeof value === 'string' ? parseRfc3339(value) : undefined;
  demandIntegrity(date !== undefined, `header ${name} is ${shown(value)}, expected an RFC 3339 time`);
  return date;
}

function readChain(value: unknown): readonly Uint8Array[] {
  demandIntegrity(Array.isArray(value) && value.length > 0, 'header x5c with the certificates is missing');
  demandIntegrity(value.length <= MAX_CHAIN, `header x5c has more than ${MAX_CHAIN} certificates`);
  return value.map((entry) => fromBase64(entry, 'x5c'));
}

function fromBase64(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
  demandIntegrity(bytes !== undefined, `${name} is not base64`);
  return bytes;
}

function fromBase64Url(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64Url(value) : undefined;
  demandIntegrity(bytes !== undefined, `${name} is not base64url without padding`);
  return bytes;
}
