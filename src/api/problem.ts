/**
 * A problem of an object that somebody wrote: the place, what was expected, what was found, what to do.
 * Owns the wording of found values; must never repeat key material.
 */

/** One problem. `path` is from the root of the object: field names and list positions. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly found: string;
  readonly advice?: string;
}

const MAX_SHOWN = 64;
const MAX_KEYS = 6;

/** A found value in a few words. PEM is only named, whole objects are only outlined. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return outline(value);
  return typeof value === 'number' || typeof value === 'boolean' ? `${typeof value} ${value}` : typeof value;
}

/** `spec.attestors[0].count` */
export function shownPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : step(text, part)), '');
}

/** The candidate that was probably meant: another case, or at most two slips of the pen. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const known = candidates.map((name) => ({ name, slips: slipsBetween(word.toLowerCase(), name.toLowerCase()) }));
  const [best] = known.toSorted((a, b) => a.slips - b.slips);
  return best !== undefined && best.slips <= Math.min(2, Math.floor(word.length / 3)) ? best.name : undefined;
}

function step(before: string, field: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(field)) return `[${JSON.stringify(field.slice(0, MAX_SHOWN))}]`;
  return before === '' ? field : `.${field}`;
}

function shownText(text: string): string {
  if (text.includes('-----BEGIN')) return `PEM text of ${text.length} characters`;
  const start = JSON.stringify(text.slice(0, MAX_SHOWN));
  return text.length > MAX_SHOWN ? `${start.slice(0, -1)}…" (${text.length} characters)` : start;
}

function outline(value: object): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const first = keys.slice(0, MAX_KEYS).map((key) => key.slice(0, MAX_SHOWN));
  return `an object with ${first.join(', ')}${keys.length > MAX_KEYS ? ', …' : ''}`;
}

/** Levenshtein distance; words are cut to 64 characters, which bounds the work. */
function slipsBetween(left: string, right: string): number {
  const [a, b] = [left.slice(0, MAX_SHOWN), right.slice(0, MAX_SHOWN)];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
