/** The functions of JMESPath's own specification, with `sum` as Kyverno has it (functions-number.ts). */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { compareText, goJson } from '../formats/text.ts';
import { parseFloat64 } from '../formats/number.ts';
import type { JmespathFunction } from './function.ts';
import { isObject, type JsonObject, Reference, typeOf } from './values.ts';

/** By name. */
export const STANDARD_FUNCTIONS: Readonly<Record<string, JmespathFunction>> = {
  abs: { args: [['number']], run: ([value]) => Math.abs(Number(value)) },
  avg: { args: [['numbers']], run: ([list]) => average(numbers(list)) },
  ceil: { args: [['number']], run: ([value]) => Math.ceil(Number(value)) },
  floor: { args: [['number']], run: ([value]) => Math.floor(Number(value)) },
  contains: { args: [['array', 'string'], ['any']], run: contains },
  ends_with: { args: [['string'], ['string']], run: ([text, end]) => String(text).endsWith(String(end)) },
  starts_with: { args: [['string'], ['string']], run: ([text, start]) => String(text).startsWith(String(start)) },
  join: { args: [['string'], ['strings']], run: join },
  keys: { args: [['object']], run: ([object], evaluation) => namesOf(object, evaluation).toSorted(compareText) },
  values: { args: [['object']], run: ([object], evaluation) => valuesOf(object, evaluation) },
  length: { args: [['string', 'array', 'object']], run: length },
  map: { args: [['reference'], ['array']], run: ([by, list]) => items(list).map((item) => referenceOf(by).of(item)) },
  max: { args: [['numbers', 'strings']], run: ([list]) => extreme(items(list), 1) },
  min: { args: [['numbers', 'strings']], run: ([list]) => extreme(items(list), -1) },
  max_by: { args: [['array'], ['reference']], run: ([list, by]) => extremeBy(items(list), referenceOf(by), 1) },
  min_by: { args: [['array'], ['reference']], run: ([list, by]) => extremeBy(items(list), referenceOf(by), -1) },
  merge: { args: [['object']], variadic: true, run: merge },
  not_null: { args: [['any']], variadic: true, run: (args) => args.find((arg) => arg !== null) },
  reverse: { args: [['array', 'string']], run: reverse },
  sort: { args: [['strings', 'numbers']], run: ([list], evaluation) => sort(items(list), evaluation) },
  sort_by: { args: [['array'], ['reference']], run: sortBy },
  to_array: { args: [['any']], run: ([value]) => (Array.isArray(value) ? value : [value]) },
  to_number: { args: [['any']], run: ([value]) => toNumber(value) },
  to_string: { args: [['any']], run: toText },
  type: { args: [['any']], run: ([value]) => typeOf(value) },
};

/** A list; its type has been checked. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function namesOf(value: unknown, evaluation: Evaluation): readonly string[] {
  const names = Object.keys(objectOf(value));
  evaluation.spend(names.length);
  return names;
}

function valuesOf(value: unknown, evaluation: Evaluation): readonly unknown[] {
  const members = Object.values(objectOf(value));
  evaluation.spend(members.length);
  return members;
}

function referenceOf(value: unknown): Reference {
  if (value instanceof Reference) return value;
  throw new EvaluationFault('an expression is expected as argument');
}

function numbers(value: unknown): readonly number[] {
  return items(value).map(Number);
}

function average(values: readonly number[]): number {
  if (values.length === 0) throw new EvaluationFault('avg(): the list is empty');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function contains([search, wanted]: readonly unknown[], evaluation: Evaluation): boolean {
  if (typeof search === 'string') {
    evaluation.spendText(search);
    return typeof wanted === 'string' && search.includes(wanted);
  }
  evaluation.spend(items(search).length);
  const type = typeOf(wanted);
  if ((type === 'array' || type === 'object') && items(search).some((item) => typeOf(item) === type))
    throw new EvaluationFault(`contains(): members of type ${type} cannot be looked for`);
  return items(search).includes(wanted);
}

function join([separator, list]: readonly unknown[], evaluation: Evaluation): string {
  const texts = items(list).map(String);
  evaluation.spend(Math.ceil((texts.length * String(separator).length) / 16));
  evaluation.spendText(...texts);
  return texts.join(String(separator));
}

function length([value]: readonly unknown[], evaluation: Evaluation): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'string') return namesOf(value, evaluation).length;
  evaluation.spendText(value);
  return Array.from(value).length;
}

function extreme(list: readonly unknown[], sign: 1 | -1): unknown {
  return list.reduce((best, item) => (best !== undefined && order(item, best) * sign <= 0 ? best : item), undefined);
}

function extremeBy(list: readonly unknown[], by: Reference, sign: 1 | -1): unknown {
  const keyed = keysOf(list, by);
  let best = keyed[0];
  for (const entry of keyed) if (best !== undefined && order(entry.key, best.key) * sign > 0) best = entry;
  return best?.item;
}

/** Each item with what it is compared by: numbers all, or strings all. */
function keysOf(list: readonly unknown[], by: Reference): readonly { readonly item: unknown; readonly key: unknown }[] {
  const keyed = list.map((item) => ({ item, key: by.of(item) }));
  if (list.length < 2) return keyed;
  const type = typeOf(keyed[0]?.key);
  const alike = (type === 'number' || type === 'string') && keyed.every(({ key }) => typeOf(key) === type);
  if (!alike) throw new EvaluationFault('what is compared by is expected to be numbers, or strings, throughout');
  return keyed;
}

function order(a: unknown, b: unknown): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareText(String(a), String(b));
}

function merge(objects: readonly unknown[], evaluation: Evaluation): JsonObject {
  const entries = objects.flatMap((object) => {
    if (!isObject(object))
      throw new EvaluationFault(`merge(): an argument is of type ${typeOf(object)}, expected object`);
    return Object.entries(object);
  });
  evaluation.spend(entries.length);
  return Object.fromEntries(entries);
}

function reverse([value]: readonly unknown[], evaluation: Evaluation): unknown {
  if (typeof value !== 'string') {
    evaluation.spend(items(value).length);
    return items(value).toReversed();
  }
  evaluation.spendText(value);
  return Array.from(value).toReversed().join('');
}

function sort(list: readonly unknown[], evaluation: Evaluation): readonly unknown[] {
  evaluation.spend(list.length * 20);
  return list.toSorted(order);
}

function sortBy([list, by]: readonly unknown[], evaluation: Evaluation): readonly unknown[] {
  const keyed = keysOf(items(list), referenceOf(by));
  evaluation.spend(keyed.length * 20);
  return keyed.toSorted((a, b) => order(a.key, b.key)).map(({ item }) => item);
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  const number = typeof value === 'string' ? parseFloat64(value) : undefined;
  return number ?? null;
}

function toText([value]: readonly unknown[], evaluation: Evaluation): string {
  const text = typeof value === 'string' ? value : goJson(value, evaluation);
  evaluation.spendText(text);
  return text;
}
