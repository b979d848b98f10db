/**
 * DSSE envelopes (secure-systems-lab/dsse, protocol.md and envelope.md). Owns reading them and the bytes that are signed.
 */
import { decodeBase64, decodeBase64Url } from '../../core/base64.ts';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import { Refused } from '../refusal.ts';

/** An envelope, decoded. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** At least one. */
  readonly signatures: readonly Uint8Array[];
}

/** Each signature costs a check per key; real envelopes carry one, some a handful. */
const MAX_SIGNATURES = 16;

/** Reads an envelope in JSON. Refuses with SignatureInvalid. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const json = parseStrictJson(bytes);
  if (!isJsonObject(json)) throw malformed('an object', 'something else');
  const { payload, payloadType, signatures } = json;
  if (typeof payloadType !== 'string') throw malformed('a payloadType', 'none');
  if (!Array.isArray(signatures) || signatures.length === 0) throw malformed('at least one signature', 'none');
  if (signatures.length > MAX_SIGNATURES)
    throw malformed(`at most ${MAX_SIGNATURES} signatures`, `${signatures.length}`);
  return { payloadType, payload: decoded(payload, 'payload'), signatures: signatures.map(signatureOf) };
}

/** The pre-authentication encoding: what a DSSE signature covers (protocol.md, "Signature Definition"). */
export function preAuthenticationEncoding({
  payloadType,
  payload,
}: Pick<Envelope, 'payloadType' | 'payload'>): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

function signatureOf(signature: unknown): Uint8Array {
  return decoded(isJsonObject(signature) ? signature.sig : undefined, 'signatures[].sig');
}

/** envelope.md: "Either standard or URL-safe encoding is allowed." */
function decoded(text: unknown, field: string): Uint8Array {
  if (typeof text !== 'string' || text === '') throw malformed(`${field} in base64`, 'none');
  const bytes = decodeBase64(text) ?? decodeBase64Url(text.replace(/={1,2}$/, ''));
  if (bytes === undefined) throw malformed(`${field} in base64`, 'other text');
  return bytes;
}

function malformed(expected: string, found: string): Refused {
  return new Refused('SignatureInvalid', `DSSE envelope: expected ${expected}, found ${found}`);
}
