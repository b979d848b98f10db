/**
 * JSON that reads one way only, for everything that a signature covers: duplicate keys, invalid UTF-8, lone surrogates
 * and excessive nesting are refused, where other parsers pick a reading of their own (facts: signing.md §2, trap 5).
 * Owns that strictness; must never repair.
 */
import { invalid } from './failure.ts';

/** Limits of one document. */
export interface StrictJsonLimits {
  /** How deep arrays and objects may nest. Default 64. */
  readonly maxDepth?: number;
  /** Size in bytes of UTF-8 (or, for a string, in UTF-16 units). Default 16 MiB. */
  readonly maxBytes?: number;
}

const DEFAULT_DEPTH = 64;
const DEFAULT_BYTES = 16 * 1024 * 1024;
/** Escapes that stand for half a character: a pair of them is fine, which only a closer look tells. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses one JSON document. A key `__proto__` becomes an own property like any other and changes no prototype.
 * Throws a Failure of kind `invalid` for anything that is not exactly one well-formed, unambiguous document.
 */
export function parseStrictJson(input: string | Uint8Array, limits: StrictJsonLimits = {}): unknown {
  const maxBytes = limits.maxBytes ?? DEFAULT_BYTES;
  if (input.length > maxBytes) throw invalid('JSON', `at most ${maxBytes} bytes`, `${input.length}`);
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (!text.isWellFormed()) throw invalid('JSON', 'well-formed text', 'a lone surrogate');
  const written = countMembers(text, limits.maxDepth ?? DEFAULT_DEPTH);
  const value = parse(text);
  // The grammar is proven by now: the scan below may rely on it, and looks only at what JSON.parse forgives. Where
  // every member that is written is there afterwards, no key came twice, and there is nothing to look for.
  if (written !== membersOf(value) || ESCAPED_SURROGATE.test(text)) demandUnambiguous(text);
  return value;
}

/** Is this a JSON object (not null, not an array)? */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid('JSON', 'valid UTF-8', 'bytes that are not');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The engine's message quotes the document: it is not repeated.
    throw invalid('JSON', 'one well-formed document', 'other text');
  }
}

/**
 * Counts the nesting before anything is parsed: on megabytes of brackets JSON.parse spends seconds. In text that is no
 * JSON the count may be off; then it is refused here or there. Gives the number of members of all objects, by colons.
 */
function countMembers(text: string, maxDepth: number): number {
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) at = endOfString(text, at);
    else if (unit === 0x5d || unit === 0x7d) depth -= 1;
    else if (unit === 0x5b || unit === 0x7b) depth += 1;
    else if (unit === 0x3a) members += 1;
    if (depth > maxDepth) throw invalid('JSON', `at most ${maxDepth} levels`, 'deeper nesting');
  }
  return members;
}

/** The number of members of all objects in a parsed value; its depth has been bounded. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = Array.isArray(value) ? 0 : children.length;
  for (const child of children) members += membersOf(child);
  return members;
}

/** Walks over a document that JSON.parse accepted: the keys of each object, and what escapes stand for. */
function demandUnambiguous(text: string): void {
  /** One entry per open array (undefined) or object (its keys so far). */
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        keyNext = text.charCodeAt(at) === 0x7b;
        open.push(keyNext ? new Set() : undefined);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        keyNext = false;
        break;
      case 0x2c: // ,
        keyNext = open.at(-1) !== undefined;
        break;
      case 0x22: {
        const end = endOfString(text, at);
        demandString(text.slice(at, end + 1), keyNext ? open.at(-1) : undefined);
        keyNext = false;
        at = end;
        break;
      }
      default:
    }
  }
}

/** The index of the quote that closes the string which opens at `start`: the next one that no backslash escapes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escape = at;
    while (escape - 1 > start && text.charCodeAt(escape - 1) === 0x5c) escape -= 1;
    if ((at - escape) % 2 === 0) return at;
  }
  return text.length;
}

/** A string token: well-formed once unescaped, and new among `keys` where it is one. */
function demandString(token: string, keys: Set<string> | undefined): void {
  const escaped = token.includes('\\');
  const value = escaped ? String(JSON.parse(token)) : token.slice(1, -1);
  if (escaped && !value.isWellFormed()) throw invalid('JSON', 'well-formed text', 'an escaped lone surrogate');
  if (keys === undefined) return;
  if (keys.has(value)) throw invalid('JSON', 'each key once', `${JSON.stringify(value.slice(0, 80))} twice`);
  keys.add(value);
}
