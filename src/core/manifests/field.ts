/**
 * Reading fields of an object whose shape nobody has checked. A field knows its path and where to report;
 * each reader answers with a value of the right type or reports and answers undefined. Null counts as absent,
 * as in Kubernetes.
 */
import { describeValue, type Path } from './problem.ts';

/** What is wrong with one field. */
export interface FieldProblem {
  readonly path: Path;
  readonly expected: string;
  readonly found: string;
  readonly advice?: string;
}

/** Takes a problem; reading goes on, so that all problems are found. */
export type Report = (problem: FieldProblem) => void;

/** A mapping with text keys. */
export type Mapping = Readonly<Record<string, unknown>>;

/** A value, where it lies, and where to report. */
export interface Field {
  readonly value: unknown;
  readonly path: Path;
  readonly report: Report;
}

/** Is this a mapping (not null, not a list)? */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field below, by keys; absent where something on the way is absent or no mapping. */
export function at(field: Field, ...keys: readonly string[]): Field {
  return keys.reduce<Field>(
    (parent, key) => ({
      ...parent,
      value: isMapping(parent.value) && Object.hasOwn(parent.value, key) ? parent.value[key] : undefined,
      path: [...parent.path, key],
    }),
    field,
  );
}

/** Nothing, or null. */
export function isAbsent({ value }: Field): boolean {
  return value === undefined || value === null;
}

/** A text that has to be there and not be empty. `expected` says what it is: `an image`. */
export function requiredText(field: Field, expected: string, advice?: string): string | undefined {
  if (typeof field.value === 'string' && field.value !== '') return field.value;
  return complain(field, expected, advice);
}

/** A text, or nothing. */
export function optionalText(field: Field, expected: string): string | undefined {
  return isAbsent(field) || field.value === '' ? undefined : requiredText(field, expected);
}

/** A mapping that has to be there. */
export function requiredMapping(field: Field, expected: string, advice?: string): Mapping | undefined {
  return isMapping(field.value) ? field.value : complain(field, expected, advice);
}

/** The entries of a list; none where it is absent. */
export function listItems(field: Field, expected: string): readonly Field[] {
  if (isAbsent(field)) return [];
  if (!Array.isArray(field.value)) {
    complain(field, expected);
    return [];
  }
  const items: readonly unknown[] = field.value;
  return items.map((value, index) => ({ ...field, value, path: [...field.path, index] }));
}

/** A mapping of texts, such as labels; empty where it is absent. */
export function textMap(field: Field, expected: string): Readonly<Record<string, string>> {
  if (isAbsent(field)) return {};
  const mapping = requiredMapping(field, expected) ?? {};
  const advice = 'put numbers, true and false in quotes';
  const entries = Object.keys(mapping).flatMap((key) => {
    const { value, path } = at(field, key);
    if (typeof value === 'string') return [[key, value] as const];
    field.report({ path, expected: 'a text', found: describeValue(value), advice });
    return [];
  });
  return Object.fromEntries(entries);
}

function complain(field: Field, expected: string, advice?: string): undefined {
  const found = field.value === '' ? 'an empty text' : describeValue(field.value);
  field.report({ path: field.path, expected, found, ...(advice === undefined ? {} : { advice }) });
}
