/**
 * A strict reader of DER (X.690): definite and minimal lengths, low tag numbers, exact consumption. It reads where it
 * is told to and never recurses, so that its work is bounded by the caller's grammar, whatever the bytes are.
 * Must never interpret a value that is not asked for, and never copies.
 */
import { invalid } from '../../core/failure.ts';

/** Identifier octets that our structures use: universal types, and context tags by `context(n)`. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One encoded value. Both arrays are views of the input. */
export interface Element {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number;
  /** The whole encoding, identifier and length included. */
  readonly der: Uint8Array;
  readonly content: Uint8Array;
}

/** The identifier octet of a constructed context-specific tag. */
export function context(number: number): number {
  return 0xa0 | number;
}

/** The identifier octet of a primitive context-specific tag (implicit tagging of a primitive type). */
export function primitiveContext(number: number): number {
  return 0x80 | number;
}

/** Throws what every reader here throws: a Failure of kind `invalid`. */
export function malformed(what: string, expected: string, found: string): never {
  throw invalid(`DER of ${what}`, expected, found);
}

/** Reads exactly one value with this tag; bytes after it are an error. */
export function readOnly(bytes: Uint8Array, tag: number, what: string): Element {
  const element = elementAt(bytes, 0, what);
  if (element.der.length !== bytes.length) malformed(what, 'nothing after the value', 'trailing bytes');
  return demandTag(element, tag, what);
}

/** The values inside a constructed value, in order. At most `limit` of them, so that hostile input stays cheap. */
export function children(element: Element, what: string, limit = 1024): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at < element.content.length; ) {
    if (found.length === limit) malformed(what, `at most ${limit} values`, 'more');
    const child = elementAt(element.content, at, what);
    found.push(child);
    at += child.der.length;
  }
  return found;
}

/** The element if it is there and has this tag; throws otherwise. */
export function demandTag(element: Element | undefined, tag: number, what: string): Element {
  if (element === undefined) return malformed(what, `tag 0x${tag.toString(16)}`, 'the end');
  if (element.tag !== tag) return malformed(what, `tag 0x${tag.toString(16)}`, `tag 0x${element.tag.toString(16)}`);
  return element;
}

/** Takes the first of `parts` away if it has this tag: an OPTIONAL or DEFAULT member of a sequence. */
export function takeOptional(parts: Element[], tag: number): Element | undefined {
  return parts[0]?.tag === tag ? parts.shift() : undefined;
}

/** A sequence whose grammar says how many values it has. */
export function sequence(element: Element | undefined, what: string, limit?: number): readonly Element[] {
  return children(demandTag(element, TAG.sequence, what), what, limit);
}

/** Dotted form of an OBJECT IDENTIFIER (X.690, 8.19); arcs up to 2^53. */
export function readOid(element: Element | undefined, what: string): string {
  return oidOf(demandTag(element, TAG.oid, what).content, what);
}

/** A BOOLEAN; DER knows 0x00 and 0xff only (X.690, 11.1). */
export function readBoolean(element: Element | undefined, what: string): boolean {
  const { content } = demandTag(element, TAG.boolean, what);
  if (content.length === 1 && content[0] === 0xff) return true;
  if (content.length === 1 && content[0] === 0x00) return false;
  return malformed(what, '0x00 or 0xff', 'another boolean');
}

/** The bytes of an INTEGER in two's complement, minimal (X.690, 8.3.2). */
export function readIntegerBytes(element: Element | undefined, what: string): Uint8Array {
  return demandMinimalInteger(demandTag(element, TAG.integer, what).content, what);
}

/** A small non-negative INTEGER. */
export function readSmallInteger(element: Element | undefined, what: string): number {
  return smallIntegerOf(demandTag(element, TAG.integer, what).content, what);
}

/** As `readSmallInteger`, for the content of an implicitly tagged INTEGER. */
export function smallIntegerOf(content: Uint8Array, what: string): number {
  const bytes = demandMinimalInteger(content, what);
  if (bytes.length > 5 || (bytes[0] ?? 0) >= 0x80) return malformed(what, 'a small non-negative integer', 'another');
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** The octets of a BIT STRING without unused bits: keys and signatures. */
export function readBitStringOctets(element: Element | undefined, what: string): Uint8Array {
  const { content } = demandTag(element, TAG.bitString, what);
  if (content[0] !== 0) return malformed(what, 'a bit string of whole octets', 'unused bits');
  return content.subarray(1);
}

/**
 * The numbers of the bits that are set in a named bit list. Trailing zero bits, which DER forbids (X.690, 11.2.2), are
 * let pass as Go and OpenSSL do, since authorities write them; they add nothing.
 */
export function readNamedBits(element: Element | undefined, what: string): ReadonlySet<number> {
  const { content } = demandTag(element, TAG.bitString, what);
  const unused = content[0] ?? 8;
  const octets = content.subarray(1);
  const padding = (octets.at(-1) ?? 0) & ((1 << unused) - 1);
  if (unused > 7 || octets.length > 8 || (octets.length === 0 && unused > 0) || padding !== 0) {
    malformed(what, 'a bit list', 'other octets');
  }
  const bits = new Set<number>();
  octets.forEach((octet, index) => {
    for (let bit = 0; bit < 8; bit += 1) if ((octet & (0x80 >> bit)) !== 0) bits.add(index * 8 + bit);
  });
  return bits;
}

/** The dotted form of the content of an OBJECT IDENTIFIER. */
function oidOf(content: Uint8Array, what: string): string {
  if (content.length === 0 || content.length > 64) return malformed(what, 'an object identifier', 'another length');
  const arcs: number[] = [];
  let arc = 0;
  let atStart = true;
  for (const byte of content) {
    if (atStart && byte === 0x80) return malformed(what, 'a minimal object identifier', 'a padded arc');
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) return malformed(what, 'an object identifier', 'an arc beyond 2^53');
    atStart = (byte & 0x80) === 0;
    if (!atStart) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (!atStart) return malformed(what, 'an object identifier', 'a cut arc');
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
}

function demandMinimalInteger(content: Uint8Array, what: string): Uint8Array {
  const [first, second] = content;
  if (first === undefined) return malformed(what, 'an integer', 'no octets');
  const padded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  return padded ? malformed(what, 'a minimal integer', 'a padded one') : content;
}

function elementAt(bytes: Uint8Array, start: number, what: string): Element {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) return malformed(what, 'a value', 'the end');
  if ((tag & 0x1f) === 0x1f) return malformed(what, 'a tag number below 31', 'a long one');
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const length = first < 0x80 ? first : longLength(bytes, start + 2, octets, what);
  const from = start + 2 + octets;
  if (length > bytes.length - from) return malformed(what, `${length} bytes`, 'the end');
  return { tag, der: bytes.subarray(start, from + length), content: bytes.subarray(from, from + length) };
}

/** Long form of the length (X.690, 10.1): neither indefinite nor longer than it must be; at most four octets. */
function longLength(bytes: Uint8Array, at: number, octets: number, what: string): number {
  if (octets === 0) return malformed(what, 'a definite length', 'an indefinite one (BER, not DER)');
  if (octets > 4 || at + octets > bytes.length) return malformed(what, 'a length', 'one that cannot be');
  let length = 0;
  for (const byte of bytes.subarray(at, at + octets)) length = length * 256 + byte;
  const minimal = length >= 0x80 && (octets === 1 || length >= 256 ** (octets - 1));
  return minimal ? length : malformed(what, 'a minimal length', 'a padded one');
}
