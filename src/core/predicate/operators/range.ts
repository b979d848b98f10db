/**
 * Ranges as values (`1-10`, `10Mi-2Gi`, `1h-24h`), as Kyverno's patterns read them (pkg/engine/pattern, 1.19), for the
 * operators that ask for membership.
 */
import { parseGoDuration } from '../formats/duration.ts';
import { parseQuantity } from '../formats/quantity.ts';
import type { Evaluation } from '../evaluation.ts';
import { matchesWildcard } from './equality.ts';

const IN_RANGE = /^([-|+]?\d+(?:\.\d+)?[A-Za-z]*)-([-|+]?\d+(?:\.\d+)?[A-Za-z]*)$/;
const NOT_IN_RANGE = /^([-|+]?\d+(?:\.\d+)?[A-Za-z]*)!-([-|+]?\d+(?:\.\d+)?[A-Za-z]*)$/;
const COMPARATOR = /^(?:>=|<=|>|<|!)/;

/** Is the value a range? What begins with a comparator is none for these operators. */
export function isRange(value: string): boolean {
  return value.length >= 2 && !COMPARATOR.test(value) && IN_RANGE.test(value);
}

/** Does the text satisfy the pattern (pattern.Validate for a text)? */
export function satisfies(text: string, pattern: string, evaluation: Evaluation): boolean {
  if (text === pattern) return true;
  return pattern.split('|').some((either) =>
    trimmed(either)
      .split('&')
      .every((each) => satisfiesOne(text, trimmed(each), evaluation)),
  );
}

function trimmed(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

function satisfiesOne(text: string, pattern: string, evaluation: Evaluation): boolean {
  evaluation.spend();
  const operator = COMPARATOR.exec(pattern.length < 2 ? '' : pattern)?.[0] ?? '';
  if (operator !== '') return compares(operator, text, pattern.slice(operator.length).trim(), evaluation);
  const outside = NOT_IN_RANGE.exec(pattern);
  if (outside !== null) return ['<', '>'].some((by, at) => compares(by, text, outside[at + 1] ?? '', evaluation));
  const inside = IN_RANGE.exec(pattern);
  if (inside !== null) return ['>=', '<='].every((by, at) => compares(by, text, inside[at + 1] ?? '', evaluation));
  return compares('', text, pattern.trim(), evaluation);
}

function compares(operator: string, text: string, bound: string, evaluation: Evaluation): boolean {
  const [duration, limit] = [parseGoDuration(text), parseGoDuration(bound)];
  if (duration !== undefined && limit !== undefined) return holds(operator, duration, limit);
  const [quantity, end] = [parseQuantity(text), parseQuantity(bound)];
  if (quantity !== undefined && end !== undefined) return holds(operator, quantity.nanos, end.nanos);
  if (operator !== '' && operator !== '!') return false;
  return matchesWildcard(bound, text, evaluation) === (operator === '');
}

function holds(operator: string, value: bigint, bound: bigint): boolean {
  switch (operator) {
    case '':
      return value === bound;
    case '!':
      return value !== bound;
    case '>':
      return value > bound;
    case '<':
      return value < bound;
    case '>=':
      return value >= bound;
    default:
      return value <= bound;
  }
}
