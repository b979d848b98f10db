/** The functions that Kyverno adds for objects and lists (pkg/engine/jmespath/functions.go, 1.19). */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { sortedNames } from '../formats/text.ts';
import type { JmespathFunction } from './function.ts';
import { items as listOf } from './functions-standard.ts';
import { areEqual, isObject, type JsonObject } from './values.ts';

/** By name. */
export const COLLECTION_FUNCTIONS: Readonly<Record<string, JmespathFunction>> = {
  items: { args: [['object', 'array'], ['string'], ['string']], run: items },
  label_match: { args: [['object'], ['object']], run: labelMatch },
  lookup: {
    args: [
      ['object', 'array'],
      ['string', 'number'],
    ],
    run: ([from, by]) => lookup(from, by),
  },
  object_from_lists: { args: [['array'], ['array']], run: objectFromLists },
};

function items([of, keyName, valueName]: readonly unknown[], evaluation: Evaluation): readonly JsonObject[] {
  const entries = Array.isArray(of)
    ? [...of.entries()]
    : sortedNames(objectOf(of)).map((name) => [name, objectOf(of)[name]] as const);
  evaluation.spend(entries.length * 2);
  return entries.map(([key, value]) =>
    Object.fromEntries([
      [String(keyName), key],
      [String(valueName), value],
    ]),
  );
}

/** Does the second object have every member of the first? */
function labelMatch([wanted, found]: readonly unknown[], evaluation: Evaluation): boolean {
  const [labels, object] = [objectOf(wanted), objectOf(found)];
  return Object.entries(labels).every(
    ([name, value]) => Object.hasOwn(object, name) && areEqual(object[name], value, evaluation),
  );
}

function lookup(from: unknown, by: unknown): unknown {
  if (Array.isArray(from)) {
    if (typeof by !== 'number' || !Number.isSafeInteger(by))
      throw new EvaluationFault('lookup(): a list is looked up by a whole number');
    return by < 0 ? null : from[by];
  }
  if (typeof by !== 'string') throw new EvaluationFault('lookup(): an object is looked up by a string');
  return Object.hasOwn(objectOf(from), by) ? objectOf(from)[by] : null;
}

function objectFromLists([names, values]: readonly unknown[], evaluation: Evaluation): JsonObject {
  const [keys, members] = [listOf(names), listOf(values)];
  evaluation.spend(keys.length);
  return Object.fromEntries(keys.map((key, at) => [nameOf(key), members[at] ?? null]));
}

function nameOf(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw new EvaluationFault('object_from_lists(): a name is no string, number or boolean');
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
