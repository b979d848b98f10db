/**
 * Names of what is imported: made of what is in the source and nothing else, so that the same source gives the same
 * names, whatever is imported beside it. Must never be longer than a label.
 */
import { createHash } from 'node:crypto';
import { canonical } from '../canonical.ts';

const MAX_NAME = 63;
const HASH_LENGTH = 8;

/** A name of lower-case letters, digits and dashes, at most 63; what does not fit is replaced by a hash of all of it. */
export function nameOf(parts: readonly string[]): string {
  const written = parts.filter((part) => part !== '').join('-');
  const plain = slug(written);
  if (plain.length <= MAX_NAME && plain !== '') return plain;
  return `${slug(plain.slice(0, MAX_NAME - HASH_LENGTH - 1)) || 'imported'}-${shortHash(written)}`;
}

/** A name that its content decides: two that say the same have the same. */
export function nameOfContent(hint: string, content: unknown): string {
  const stem = slug(hint.slice(0, MAX_NAME - HASH_LENGTH - 1)) || 'key';
  return `${stem}-${shortHash(canonical(content))}`;
}

/** Tells apart what came by the same name from different sources. */
export function nameBeside(name: string, source: string): string {
  return `${slug(name.slice(0, MAX_NAME - HASH_LENGTH - 1))}-${shortHash(source)}`;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}
