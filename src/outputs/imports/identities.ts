/**
 * Identities of keyless signers as other policies write them, in our terms: exact text, or RE2 that matches as a whole.
 * Must never accept a name that the original refuses.
 */
import { FULCIO_EXTENSIONS } from '../../api/identity.ts';
import { at, type Field, isAbsent, optionalText, textMap } from '../../core/manifests/field.ts';
import type { Draft, KeySpec } from './draft.ts';

/** An identity as a TrustedKey has it. */
export type IdentitySpec = NonNullable<KeySpec['keyless']>['identities'][number];

/** How literals are compared: `*` and `?` as wildcards (Kyverno's Cosign rules), or as themselves. */
export type LiteralStyle = 'wildcards' | 'exact';

type Name = 'issuer' | 'subject';
interface Matcher {
  readonly exact?: string;
  readonly pattern?: string;
}

/** Everybody, spelled out. */
export const ANYBODY = '.*';

/**
 * The identities that a mapping with issuer, issuerRegExp, subject and subjectRegExp accepts. Undefined with a
 * refusal where the two forms of one name stand beside each other in a way that we cannot say.
 */
export function identitiesOf(field: Field, style: LiteralStyle, draft: Draft): readonly IdentitySpec[] | undefined {
  const issuers = matchersOf(field, 'issuer', style);
  const subjects = matchersOf(field, 'subject', style);
  if (issuers.length > 1 || (subjects.length > 1 && style === 'exact')) {
    const name = issuers.length > 1 ? 'issuer' : 'subject';
    const place = at(field, `${name}RegExp`);
    draft.note('refused', place, `${name} and ${name}RegExp must both match; write one of them that says it all`);
    return undefined;
  }
  if (issuers.length === 0 || subjects.length === 0) warnAnybody(field, { issuers, subjects }, draft);
  const issuer = issuers[0] ?? { pattern: ANYBODY };
  return (subjects.length === 0 ? [{ pattern: ANYBODY }] : subjects).map((subject) => ({
    ...written('issuer', issuer),
    ...written('subject', subject),
  }));
}

function warnAnybody(
  field: Field,
  { issuers, subjects }: { readonly issuers: readonly Matcher[]; readonly subjects: readonly Matcher[] },
  draft: Draft,
): void {
  if (issuers.length === 0 && subjects.length === 0)
    draft.note('changed', field, 'no identity is demanded, so everybody is accepted; written out here as .*');
  else if (subjects.length === 0)
    draft.note('changed', field, 'no subject is demanded, so everybody of this issuer is accepted; written out as .*');
  else draft.note('changed', field, 'no issuer is demanded, so the word of any issuer is accepted; written out as .*');
}

function matchersOf(field: Field, name: Name, style: LiteralStyle): readonly Matcher[] {
  const literal = optionalText(at(field, name), `an ${name}`);
  const pattern = optionalText(at(field, `${name}RegExp`), 'a regular expression');
  return [
    ...(literal === undefined ? [] : [literalMatcher(literal, style)]),
    ...(pattern === undefined ? [] : [{ pattern: wholeMatch(pattern) }]),
  ];
}

function literalMatcher(literal: string, style: LiteralStyle): Matcher {
  return style === 'wildcards' && /[*?]/.test(literal) ? { pattern: patternOfGlob(literal) } : { exact: literal };
}

function written(name: Name, { exact, pattern }: Matcher): object {
  return exact === undefined ? { [`${name}RegExp`]: pattern ?? ANYBODY } : { [name]: exact };
}

/** A glob as a pattern. */
export function patternOfGlob(glob: string): string {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return escaped.replaceAll('*', '.*').replaceAll('?', '.');
}

/** A pattern that is searched for anywhere, as one that matches the whole: `^` and `$` go where they say nothing more. */
export function wholeMatch(pattern: string): string {
  if (pattern.includes('|') || pattern.startsWith('(?')) return `.*(?:${pattern}).*`;
  const open = pattern.startsWith('^');
  const closed = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern);
  const core = pattern.slice(open ? 1 : 0, closed ? -1 : undefined);
  return `${open || core.startsWith('.*') ? '' : '.*'}${core}${closed || /(?:^|[^\\])(?:\\\\)*\.\*$/.test(core) ? '' : '.*'}`;
}

const OIDS: ReadonlyMap<string, string> = new Map(Object.entries(FULCIO_EXTENSIONS).map(([name, oid]) => [oid, name]));

/** Certificate extensions by our names. A wildcard in a value cannot be said, nor can an extension that we do not know. */
export function extensionsOf(field: Field, style: LiteralStyle, draft: Draft): Readonly<Record<string, string>> {
  if (isAbsent(field)) return {};
  const entries = Object.entries(textMap(field, 'texts by the name of a certificate extension')).flatMap(
    ([key, value]): readonly (readonly [string, string])[] => {
      const name = OIDS.get(key) ?? key;
      const place = at(field, key);
      if (!Object.hasOwn(FULCIO_EXTENSIONS, name))
        draft.note('refused', place, 'no certificate extension of this name is known here');
      else if (style === 'wildcards' && /[*?]/.test(value))
        draft.note('refused', place, 'wildcards in the value of an extension cannot be said here: write it out');
      else return [[name, value]];
      return [];
    },
  );
  return Object.fromEntries(entries);
}
