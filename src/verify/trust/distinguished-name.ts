/**
 * Distinguished names as text (RFC 4514), as far as the Notary Project allows them in trusted identities.
 * Owns the grammar; which attributes are needed is said in notary-identity.ts.
 */
import { invalid } from '../../core/failure.ts';
import type { NameAttribute } from '../x509/certificate.ts';

const MAX_LENGTH = 1024;
/** RFC 4514 (2.4): what a backslash may stand before; others only as two hex digits. */
const ESCAPABLE = new Set([' ', '"', '#', '+', ',', ';', '<', '=', '>', '\\']);
/** RFC 4514 (3): characters that must be escaped inside a value. */
const RESERVED = new Set(['"', '<', '>', '\0']);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The attributes of a name, in the order of the text; types in upper case. Several values in one RDN (`+`), values as
 * hex (`#…`), and empty ones are refused, as notation does. Throws a Failure of kind `invalid`.
 */
export function parseDistinguishedName(text: string, where: string): readonly NameAttribute[] {
  if (text.length > MAX_LENGTH) throw invalid(where, `at most ${MAX_LENGTH} characters`, `${text.length}`);
  return splitUnescaped(text, where).map((part) => readAttribute(part, where));
}

/** Splits at `,` and `;` (RFC 2253 had both) that no backslash precedes. */
function splitUnescaped(text: string, where: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '+') throw invalid(where, 'one attribute between commas', 'several, joined by +');
    else if (text[at] === ',' || text[at] === ';') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function readAttribute(part: string, where: string): NameAttribute {
  const equals = part.indexOf('=');
  const type = part.slice(0, Math.max(equals, 0)).trim().toUpperCase();
  if (!/^([A-Z][A-Z0-9-]*|[0-9]+(\.[0-9]+)+)$/.test(type))
    throw invalid(where, 'attributes as TYPE=value, separated by commas', JSON.stringify(part.trim().slice(0, 64)));
  const raw = trimUnescaped(part.slice(equals + 1));
  if (raw === '') throw invalid(where, `a value for ${type}`, 'nothing');
  if (raw.startsWith('#')) throw invalid(where, `a value for ${type} as text`, 'a value as hex (#)');
  return { type, value: unescape(raw, where) };
}

/** Spaces around a value do not belong to it; an escaped one at the end does. */
function trimUnescaped(raw: string): string {
  const trimmed = raw.trimStart();
  const bare = trimmed.trimEnd();
  const backslashes = /\\*$/.exec(bare)?.[0].length ?? 0;
  return backslashes % 2 === 1 && bare.length < trimmed.length ? trimmed.slice(0, bare.length + 1) : bare;
}

function unescape(raw: string, where: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < raw.length; ) {
    const { octets, length } = nextCharacter(raw, at, where);
    bytes.push(...octets);
    at += length;
  }
  try {
    return UTF8.decode(Uint8Array.from(bytes));
  } catch {
    throw invalid(where, 'UTF-8 in escaped bytes', 'bytes that are not');
  }
}

interface Character {
  readonly octets: Iterable<number>;
  /** UTF-16 units of the text that it takes. */
  readonly length: number;
}

function nextCharacter(raw: string, at: number, where: string): Character {
  const character = String.fromCodePoint(raw.codePointAt(at) ?? 0);
  if (RESERVED.has(character))
    throw invalid(where, 'reserved characters behind a backslash', JSON.stringify(character));
  if (character !== '\\') return { octets: Buffer.from(character), length: character.length };
  const escaped = raw[at + 1] ?? '';
  if (ESCAPABLE.has(escaped)) return { octets: Buffer.from(escaped), length: 2 };
  const hex = /^[0-9A-Fa-f]{2}/.exec(raw.slice(at + 1, at + 3))?.[0];
  if (hex === undefined) throw invalid(where, 'an escape such as \\, or \\2C', `\\${escaped}`);
  return { octets: [Number.parseInt(hex, 16)], length: 3 };
}
