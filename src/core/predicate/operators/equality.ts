/**
 * Equals and NotEquals as Kyverno has them (pkg/engine/variables/operator/{equal,notequal}.go, 1.19): durations, then
 * quantities, then wildcards in the value. NotEquals is no plain negation: a key of no use (null) satisfies neither.
 */
import { matchesGlob } from '../../glob.ts';
import type { Evaluation } from '../evaluation.ts';
import { parseFloat64 } from '../formats/number.ts';
import { parseQuantity } from '../formats/quantity.ts';
import { areEqual, isObject } from '../jmespath/values.ts';
import { bothDurations } from './durations.ts';

/** Is the key equal to the value? */
export function equals(key: unknown, value: unknown, evaluation: Evaluation): boolean {
  return comparison(key, value, evaluation) === true;
}

/** Is the key other than the value? */
export function notEquals(key: unknown, value: unknown, evaluation: Evaluation): boolean {
  return comparison(key, value, evaluation) === false;
}

/** Undefined where the key is of no type that can be compared. */
function comparison(key: unknown, value: unknown, evaluation: Evaluation): boolean | undefined {
  if (typeof key === 'boolean') return key === value;
  if (typeof key === 'number') return numberEquals(key, value);
  if (typeof key === 'string') return textEquals(key, value, evaluation);
  if (isObject(key)) return isObject(value) && areEqual(key, value, evaluation);
  if (Array.isArray(key)) return Array.isArray(value) && areEqual(key, value, evaluation);
  return undefined;
}

function numberEquals(key: number, value: unknown): boolean {
  return (typeof value === 'string' ? parseFloat64(value) : value) === key;
}

function textEquals(key: string, value: unknown, evaluation: Evaluation): boolean {
  const durations = bothDurations(key, value);
  if (durations !== undefined) return durations.key === durations.value;
  if (typeof value !== 'string') return false;
  const quantity = parseQuantity(key);
  // Only NotEquals of Kyverno looks past an empty value here; the answer is the same.
  if (quantity !== undefined) return quantity.nanos === parseQuantity(value)?.nanos;
  return matchesWildcard(value, key, evaluation);
}

/** Does the pattern with `*` and `?` cover the text? Counts the work. */
export function matchesWildcard(pattern: string, text: string, evaluation: Evaluation): boolean {
  if (!hasWildcard(pattern)) return isSameText(pattern, text, evaluation);
  evaluation.spend(1 + Math.ceil((pattern.length * text.length) / 16));
  return matchesGlob(pattern, text);
}

/** Is either a pattern that covers the other? */
export function matchesEither(a: string, b: string, evaluation: Evaluation): boolean {
  if (!hasWildcard(a) && !hasWildcard(b)) return isSameText(a, b, evaluation);
  return matchesWildcard(a, b, evaluation) || matchesWildcard(b, a, evaluation);
}

function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}

/** Texts of different lengths are told apart at once. */
function isSameText(a: string, b: string, evaluation: Evaluation): boolean {
  evaluation.spend(1 + (a.length === b.length ? Math.floor(a.length / 16) : 0));
  return a === b;
}
