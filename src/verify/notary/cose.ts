/**
 * The COSE envelope (Notary "COSE Signature Envelope", RFC 9052): COSE_Sign1, tagged 18, with an attached payload.
 * Reads deterministic CBOR only: minimal lengths, no indefinite items, no duplicate keys.
 */
import { decode, type DecodeOptions, encode, Tokenizer } from 'cborg';
import { type Envelope, HEADER, MAX_CHAIN, MAX_ENVELOPE, TIME_HEADERS } from './envelope.ts';
import { Refused } from '../refusal.ts';
import { demandIntegrity, shown } from './integrity.ts';

/** Labels of RFC 9052 (3.1) and RFC 9360, under the names that JWS has for the same. */
const LABELS: ReadonlyMap<unknown, string> = new Map([
  [1, HEADER.algorithm],
  [2, HEADER.critical],
  [3, HEADER.contentType],
]);
const X5CHAIN = 33;

/** COSE algorithm identifiers (IANA) under the names of JWS. */
const ALGORITHMS: ReadonlyMap<unknown, string> = new Map([
  [-7, 'ES256'],
  [-35, 'ES384'],
  [-36, 'ES512'],
  [-37, 'PS256'],
  [-38, 'PS384'],
  [-39, 'PS512'],
]);

/** First octet of a COSE_Sign1_Tagged. */
const TAG_18 = 0xd2;
/** Items in one CBOR document: what bounds its nesting too. An envelope has some twenty. */
const MAX_ITEMS = 256;

const OPTIONS: DecodeOptions = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
};

/** A tokenizer that gives up on documents which are larger than any envelope, before they exhaust the stack. */
class BoundedTokenizer extends Tokenizer {
  private left = MAX_ITEMS;

  override next(): ReturnType<Tokenizer['next']> {
    demandIntegrity(this.left > 0, `the CBOR has more than ${MAX_ITEMS} items`);
    this.left -= 1;
    return super.next();
  }
}

/** Reads an envelope of media type application/cose. Throws for what is none. */
export function readCose(bytes: Uint8Array): Envelope {
  demandIntegrity(bytes.length <= MAX_ENVELOPE, `the envelope is larger than ${MAX_ENVELOPE} bytes`);
  demandIntegrity(bytes[0] === TAG_18, 'the envelope is not a COSE_Sign1 with tag 18');
  const message = decodeStrictly(bytes.subarray(1));
  demandIntegrity(Array.isArray(message) && message.length === 4, 'the COSE_Sign1 does not have four parts');
  const [encoded, unprotected, payload, signature] = message as readonly unknown[];
  demandIntegrity(encoded instanceof Uint8Array, 'the protected header is not a byte string');
  demandIntegrity(payload instanceof Uint8Array, 'the payload is detached');
  demandIntegrity(signature instanceof Uint8Array, 'the signature is not a byte string');
  const protectedHeaders = decodeStrictly(encoded);
  demandIntegrity(protectedHeaders instanceof Map && unprotected instanceof Map, 'a header is not a map');
  for (const label of protectedHeaders.keys()) {
    demandIntegrity(!unprotected.has(label), `header ${shown(label)} is both protected and unprotected`);
  }
  return {
    headers: new Map([...protectedHeaders].map(([label, value]) => readHeader(label, value))),
    chain: readChain(unprotected.get(X5CHAIN)),
    ...readTimestamp(unprotected.get(HEADER.timestamp)),
    payload,
    signature,
    signedBytes: encode(['Signature1', encoded, new Uint8Array(), payload]),
  };
}

/** One item and nothing after it. Tag 1 (time, RFC 8949, 3.4.2) becomes a Date; every other tag is an error. */
function decodeStrictly(bytes: Uint8Array): unknown {
  const tags = { 1: (content: () => unknown): Date => time(content()) };
  const options = { ...OPTIONS, tags };
  try {
    return decode(bytes, { ...options, tokenizer: new BoundedTokenizer(Uint8Array.from(bytes), options) }) as unknown;
  } catch (error) {
    if (error instanceof Refused) throw error;
    // cborg throws for every document that is none: that says something of the bytes, not of us.
    throw new Refused(
      'SignatureInvalid',
      `the envelope is not CBOR: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

function time(seconds: unknown): Date {
  const date = typeof seconds === 'number' ? new Date(seconds * 1000) : undefined;
  demandIntegrity(date !== undefined && !Number.isNaN(date.getTime()), 'a time is not a number of seconds');
  return date;
}

/** A header under its common name. A text label that spells such a name is another header than the one it imitates. */
function readHeader(label: unknown, value: unknown): [string, unknown] {
  const name = LABELS.get(label);
  if (name === HEADER.algorithm) return [name, ALGORITHMS.get(value) ?? value];
  if (name !== undefined) return [name, value];
  if (typeof label !== 'string') return [`label ${String(label)}`, value];
  demandIntegrity(![...LABELS.values()].includes(label), `header ${shown(label)} is written as text`);
  const isTime = value instanceof Date;
  demandIntegrity(isTime || !TIME_HEADERS.includes(label), `header ${label} is not a time (tag 1)`);
  return [label, value];
}

function readChain(value: unknown): readonly Uint8Array[] {
  demandIntegrity(Array.isArray(value) && value.length > 0, 'header x5chain with the certificates is missing');
  demandIntegrity(value.length <= MAX_CHAIN, `header x5chain has more than ${MAX_CHAIN} certificates`);
  return value.map((entry: unknown) => {
    demandIntegrity(entry instanceof Uint8Array, 'header x5chain holds something else than certificates');
    return entry;
  });
}

function readTimestamp(value: unknown): Pick<Envelope, 'timestamp'> {
  if (value === undefined) return {};
  demandIntegrity(value instanceof Uint8Array, `header ${HEADER.timestamp} is not a byte string`);
  return { timestamp: value };
}
