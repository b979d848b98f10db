/** Identities in policies: none, open ones, and patterns that match more than they say. Owns these checks for both kinds. */
import { RE2JS } from 're2js';
import { at, type Field } from '../../core/manifests/field.ts';
import type { Search } from './hole.ts';

const NAMES = ['issuer', 'subject'] as const;
/** Says nothing: a pattern or a wildcard that everybody matches. */
const OPEN = /^(?:\*+|\^?(?:\.\*)+\$?)$/;

/** Looks at a mapping with issuer, issuerRegExp, subject, subjectRegExp. `wildcards`: are `*` ones in the literals? */
export function checkIdentity(identity: Field, wildcards: boolean, search: Search): void {
  const open = NAMES.filter((name) => !isNamed(identity, name, wildcards));
  if (open.length > 0) search.found('KeylessWithoutIdentity', identity, `any ${open.join(' and any ')} is accepted`);
  for (const name of NAMES) checkPattern(at(identity, `${name}RegExp`), search);
}

function isNamed(identity: Field, name: (typeof NAMES)[number], wildcards: boolean): boolean {
  const [literal, pattern] = [at(identity, name).value, at(identity, `${name}RegExp`).value];
  const byLiteral = typeof literal === 'string' && literal !== '' && !(wildcards && OPEN.test(literal));
  return byLiteral || (typeof pattern === 'string' && pattern !== '' && !OPEN.test(pattern));
}

function checkPattern(field: Field, search: Search): void {
  const { value } = field;
  if (typeof value !== 'string' || value === '' || OPEN.test(value)) return;
  if (!compiles(value)) search.found('BadRegExp', field, `${JSON.stringify(value.slice(0, 80))} does not compile`);
  else if (!isAnchored(value))
    search.found('UnanchoredRegExp', field, `${JSON.stringify(value.slice(0, 80))} is searched for anywhere`);
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern.slice(0, 4096));
    return true;
  } catch {
    return false;
  }
}

/** `^…$` with no alternative outside of parentheses, or `\A…\z`. */
function isAnchored(pattern: string): boolean {
  const open = /^(?:\(\?[a-zA-Z]+\))?(?:\^|\\A)/.test(pattern);
  const closed = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern) || pattern.endsWith('\\z');
  return open && closed && !hasOuterAlternative(pattern);
}

function hasOuterAlternative(pattern: string): boolean {
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i];
    if (character === '\\') i += 1;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}
