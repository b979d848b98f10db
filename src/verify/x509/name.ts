/**
 * Distinguished names (RFC 5280, 4.1.2.4): reading their attributes and writing them as people read them.
 * Owns the table of attribute names; must never compare names, which is done on the encoding.
 */
import type { NameAttribute } from './certificate.ts';
import { children, demandTag, type Element, malformed, readOid, sequence, TAG } from './der.ts';

/** Short names of attribute types: RFC 4514 (3) and those that openssl and Go print. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'TITLE',
  '2.5.4.17': 'POSTALCODE',
  '2.5.4.42': 'GN',
  '2.5.4.97': 'ORGANIZATIONIDENTIFIER',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'EMAILADDRESS',
};

const MAX_ATTRIBUTES = 64;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const UTF16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/**
 * The attributes of a Name, in the order of the encoding. Those of a multi-valued RDN follow each other, as Go's
 * pkix.Name has them (and so notation, whose trusted identities are matched against this list).
 */
export function readName(element: Element | undefined, what: string): readonly NameAttribute[] {
  return sequence(element, what, MAX_ATTRIBUTES).flatMap((rdn) =>
    children(demandTag(rdn, TAG.set, what), what, MAX_ATTRIBUTES).map((pair) => readAttribute(pair, what)),
  );
}

/** RFC 4514: last attribute first, values escaped, so that two different names never read the same. */
export function formatName(name: readonly NameAttribute[]): string {
  return name
    .map(({ type, value }) => `${type}=${escapeValue(value)}`)
    .toReversed()
    .join(',');
}

/** A name in a message: bounded. */
export function shownName(name: readonly NameAttribute[]): string {
  const text = formatName(name);
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text);
}

/** A certificate in a message: by its subject, else (Fulcio leaves it empty) by its first alternative name. */
export function shownHolder(certificate: {
  readonly subject: readonly NameAttribute[];
  readonly alternativeNames: readonly { readonly value: string }[];
}): string {
  const [first] = certificate.alternativeNames;
  if (certificate.subject.length > 0 || first === undefined) return shownName(certificate.subject);
  return JSON.stringify(escapeValue(first.value).slice(0, 200));
}

/** Text of any of ASN.1's string types that certificates use. */
export function readText({ tag, content }: Element, what: string): string {
  switch (tag) {
    case TAG.utf8String:
      return decode(UTF8, content, what);
    case TAG.printableString:
    case TAG.numericString:
    case TAG.visibleString:
    case TAG.ia5String:
      return asciiOf(content, what);
    case TAG.teletexString:
      // T.61 in name, Latin-1 in practice: what every CA that still writes it means.
      return Buffer.from(content).toString('latin1');
    case TAG.bmpString:
      return decode(UTF16, content, what);
    case TAG.universalString:
      return universal(content, what);
    default:
      return malformed(what, 'a string', `tag 0x${tag.toString(16)}`);
  }
}

/** ASCII only: a byte above 0x7f in an IA5String is how look-alike names are made. */
export function asciiOf(content: Uint8Array, what: string): string {
  if (content.some((byte) => byte > 0x7f)) return malformed(what, 'ASCII', 'other bytes');
  return Buffer.from(content).toString('latin1');
}

function readAttribute(pair: Element, what: string): NameAttribute {
  const [type, value, ...rest] = sequence(pair, what);
  if (value === undefined || rest.length > 0) return malformed(what, 'a type and a value', 'another number');
  const oid = readOid(type, what);
  return { type: SHORT_NAMES[oid] ?? oid, value: readText(value, what) };
}

function decode(decoder: TextDecoder, content: Uint8Array, what: string): string {
  try {
    return decoder.decode(content);
  } catch {
    return malformed(what, 'valid text', 'bytes that are none');
  }
}

function universal(content: Uint8Array, what: string): string {
  if (content.length % 4 !== 0) return malformed(what, 'UTF-32', 'another length');
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const points = Array.from({ length: content.length / 4 }, (_, index) => view.getUint32(index * 4));
  const wrong = points.some((point) => point > 0x10_ff_ff || (point >= 0xd8_00 && point <= 0xdf_ff));
  return wrong
    ? malformed(what, 'UTF-32', 'no code point')
    : points.map((point) => String.fromCodePoint(point)).join('');
}

/** RFC 4514, 2.4, and control characters by their hex pair, so that a message stays on one line. */
function escapeValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/gu, (character) => `\\${character}`)
    .replace(/^[ #]| $/gu, (character) => `\\${character}`)
    .replace(
      /\p{Cc}/gu,
      (character) =>
        `\\${Buffer.from(character)
          .toString('hex')
          .replace(/(..)(?=.)/gu, '$1\\')}`,
    );
}
