/**
 * Checks objects of our kinds as the API server would, with the same schemas and rules, and says every problem at
 * once. Pure. Must never accept what the API server refuses, nor repeat key material in a message.
 */
import type * as z from 'zod';
import { type OpenApiSchema, openApiOf, SCHEMAS, schemaMap } from './crd.ts';
import type { KindName } from './group.ts';
import type { ImageTrustPolicy } from './image-trust-policy.ts';
import { closest, type Problem, shown } from './problem.ts';
import type { TrustedKey } from './trusted-key.ts';

/** The type behind the name of a kind. */
export interface KindTypes {
  readonly TrustedKey: TrustedKey;
  readonly ImageTrustPolicy: ImageTrustPolicy;
}

/** The object with all defaults, or every problem that it has. */
export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const OPEN_API: Readonly<Record<KindName, OpenApiSchema>> = {
  TrustedKey: openApiOf('TrustedKey'),
  ImageTrustPolicy: openApiOf('ImageTrustPolicy'),
};

type Path = readonly (string | number)[];

/**
 * Checks one object. Unknown fields are problems. A status is what the operator wrote, not what a user wants: one that
 * cannot be read (of another version, say) is left out, as the API server does when an object is created.
 */
export function validateManifest<K extends KindName>(kind: K, object: unknown): Validated<KindTypes[K]>;
export function validateManifest(kind: KindName, object: unknown): Validated<TrustedKey | ImageTrustPolicy> {
  if (!isRecord(object)) return refused([{ path: [], expected: `an object of kind ${kind}`, found: shown(object) }]);
  const schema = OPEN_API[kind];
  const { status, ...wanted } = object;
  const written = withoutNulls(schema, wanted);
  const result = SCHEMAS[kind].safeParse(written);
  const issues = result.success ? [] : result.error.issues;
  const problems = [
    ...issues.flatMap((issue) => problemsOf(issue, [], written, schema)),
    ...lostKeys(schema, written, []),
  ];
  if (!result.success || problems.length > 0) return refused(problems);
  const readable = SCHEMAS[kind].safeParse({ ...result.data, status });
  return { ok: true, value: readable.success ? readable.data : result.data };
}

function refused(problems: readonly Problem[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems };
}

function problemsOf(issue: z.core.$ZodIssue, base: Path, root: unknown, schema: OpenApiSchema): readonly Problem[] {
  const path: Path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key, schema));
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element')
    return issue.issues.flatMap((nested) => problemsOf(nested, path, root, schema));
  const found = valueAt(root, path);
  return [{ path, expected: expectation(issue, found), found: shownAt(path, found) }];
}

function unknownField(path: Path, key: string, schema: OpenApiSchema): Problem {
  const known = Object.keys(schemaMap(schemaAt(schema, path)['properties']));
  const meant = closest(key, known);
  return {
    path: [...path, key],
    expected: known.length === 0 ? 'no such field' : `one of the fields ${known.join(', ')}`,
    found: `unknown field ${shown(key)}`,
    advice: meant === undefined ? 'remove it' : `did you mean ${meant}?`,
  };
}

function expectation(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === 'invalid_type') return withArticle(issue.expected, found === undefined);
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  if (issue.code === 'too_big') return `at most ${amount(issue.maximum, issue.origin)}`;
  if (issue.code === 'too_small') return `at least ${amount(issue.minimum, issue.origin)}`;
  return issue.message;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values.join('') : `one of ${values.join(', ')}`;
}

function withArticle(expected: string, missing: boolean): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a string',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
    record: 'a map of strings',
    nonoptional: 'a value',
  };
  const named = names[expected] ?? expected;
  return missing ? `${named} (the field is required)` : named;
}

function amount(bound: number | bigint, origin: string): string {
  const unit = { string: 'character', array: 'item' }[origin];
  return unit === undefined ? String(bound) : `${bound} ${unit}${bound === 1 ? '' : 's'}`;
}

/** What stands under `pem` is never shown, not even where it does not look like PEM. */
function shownAt(path: Path, value: unknown): string {
  return path.at(-1) === 'pem' && typeof value === 'string' ? `a text of ${value.length} characters` : shown(value);
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return typeof part === 'number' ? value[part] : undefined;
    return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, root);
}

function schemaAt(schema: OpenApiSchema, path: Path): OpenApiSchema {
  return path.reduce<OpenApiSchema>((at, part) => {
    const next = typeof part === 'number' ? at['items'] : schemaMap(at['properties'])[part];
    return isRecord(next) ? next : {};
  }, schema);
}

/** The API server reads null as absent in every field and map of a schema, and refuses it in a list. */
function withoutNulls(schema: OpenApiSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = schema['items'];
    return isRecord(items) ? value.map((item) => withoutNulls(items, item)) : value;
  }
  if (!isRecord(value) || schema['type'] !== 'object') return value;
  const fields = schemaMap(schema['properties']);
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNulls(fields[name] ?? {}, field)]));
}

/** zod leaves this key out of maps without a word: an annotation that is demanded must not vanish. */
const LOST_KEY = '__proto__';

function lostKeys(schema: OpenApiSchema, value: unknown, path: Path): readonly Problem[] {
  const items = schema['items'];
  if (Array.isArray(value))
    return isRecord(items) ? value.flatMap((item, index) => lostKeys(items, item, [...path, index])) : [];
  if (!isRecord(value)) return [];
  if (schema['additionalProperties'] !== undefined && Object.hasOwn(value, LOST_KEY))
    return [{ path: [...path, LOST_KEY], expected: 'another key', found: shown(LOST_KEY), advice: 'remove it' }];
  return Object.entries(schemaMap(schema['properties'])).flatMap(([name, field]) =>
    Object.hasOwn(value, name) ? lostKeys(field, value[name], [...path, name]) : [],
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
