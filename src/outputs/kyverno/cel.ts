/** CEL as text: literals, globs as patterns, and blocks that a person can read. Must never write a value unquoted. */
import { canonical } from '../canonical.ts';

/** A text as a CEL literal. JSON's escapes are CEL's, but for the two line separators, which CEL takes as they are. */
export function celString(text: string): string {
  return JSON.stringify(text);
}

/** A JSON value as a CEL literal; numbers with a fraction or an exponent are doubles. */
export function celValue(value: string | number | boolean): string {
  return typeof value === 'string' ? celString(value) : canonical(value);
}

/** A list of CEL expressions. */
export function celList(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

/** `text.matches(…)` for globs: does one of them cover the whole text? RE2; `*` and `?` are the only wildcards. */
export function matchesAnyGlob(text: string, globs: readonly string[]): string {
  const patterns = globs.map(globPattern);
  const all = patterns.length === 1 ? (patterns[0] ?? '') : `(?:${patterns.join('|')})`;
  return `${text}.matches(${celString(`\\A${all}\\z`)})`;
}

/** A glob as RE2, not anchored. */
export function globPattern(glob: string): string {
  return Array.from(glob, (symbol) => {
    if (symbol === '*') return '.*';
    if (symbol === '?') return '.';
    return /[A-Za-z0-9/_:@-]/.test(symbol) ? symbol : `\\${symbol}`;
  }).join('');
}

/** `cel.bind(a, …, cel.bind(b, …, inner))`, one binding on a line. */
export function celBindings(bindings: readonly (readonly [name: string, value: string])[], inner: string): string {
  const lines = bindings.map(([name, value]) => `cel.bind(${name}, ${value},`);
  return [...lines, inner].join('\n') + ')'.repeat(bindings.length);
}
