/**
 * Conditions of attestations as CEL over `predicate`, where the two mean the same. Owns the translation; what has no
 * exact counterpart is not translated. Must never be easier to satisfy than the condition is in Kyverno: where a value
 * has another type than the condition speaks of, it fails.
 */
import type { AttestationCondition, ConditionTree } from '../../api/attestation-condition.ts';
import { celList, celString, celValue } from './cel.ts';

/** CEL, or undefined where a condition has no exact counterpart. */
export function celCondition({ any, all }: ConditionTree): string | undefined {
  const each = all.map(comparison);
  const some = any.map(comparison);
  const parts = [...each, ...(some.length === 0 ? [] : [joined(some)])];
  return parts.some((part) => part === undefined) ? undefined : parts.join('\n&& ');
}

function joined(parts: readonly (string | undefined)[]): string | undefined {
  if (parts.some((part) => part === undefined)) return undefined;
  return parts.length === 1 ? parts[0] : `(${parts.join(' || ')})`;
}

function comparison({ key, operator, value }: AttestationCondition): string | undefined {
  const read = pathOf(key);
  const test = TESTS[operator](value);
  return read === undefined || test === undefined ? undefined : `cel.bind(v, ${read}, ${test})`;
}

/** `{{ a.b[0]."c-d" }}` as an optional chain: a field that is not there is null, and null satisfies nothing. */
function pathOf(key: string): string | undefined {
  const path = /^\s*\{\{\s*([^{}]+?)\s*\}\}\s*$/.exec(key)?.[1];
  if (path === undefined) return undefined;
  const step = /(?:^|\.)(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]+)")|\[([0-9]{1,6})\]/y;
  let chain = 'predicate';
  while (step.lastIndex < path.length) {
    const found = step.exec(path);
    if (found === null || (found.index === 0 && found[3] !== undefined)) return undefined;
    chain += found[3] === undefined ? `[?${celString(found[1] ?? found[2] ?? '')}]` : `[?${found[3]}]`;
  }
  return `${chain}.orValue(dyn(null))`;
}

type Operator = AttestationCondition['operator'];

const TYPED = {
  string: 'type(v) == string',
  boolean: 'type(v) == bool',
  number: '(type(v) == int || type(v) == double)',
};

/** What was found, as a list. */
const ITEMS = '(type(v) == list ? v : [v])';

type Test = (value: unknown) => string | undefined;

/** CEL over `v` by operator. */
const TESTS: Readonly<Record<Operator, Test>> = {
  Equals: (value) => (isPlain(value) ? `v == ${celValue(value)}` : undefined),
  NotEquals: (value) => (isPlain(value) ? `${TYPED[typeOf(value)]} && v != ${celValue(value)}` : undefined),
  In: (value) => membership(value, (list) => `all(x, x in ${list})`),
  AllIn: (value) => membership(value, (list) => `all(x, x in ${list})`),
  AnyIn: (value) => membership(value, (list) => `exists(x, x in ${list})`),
  // A single text never satisfies NotIn in Kyverno: it takes a list.
  NotIn: (value) => (Array.isArray(value) ? absence(value, (list) => `all(x, !(x in ${list}))`) : undefined),
  AllNotIn: (value) => absence(value, (list) => `all(x, !(x in ${list}))`),
  AnyNotIn: (value) => absence(value, (list) => `exists(x, !(x in ${list}))`),
  GreaterThan: numeric('>'),
  GreaterThanOrEquals: numeric('>='),
  LessThan: numeric('<'),
  LessThanOrEquals: numeric('<='),
  DurationGreaterThan: duration('>'),
  DurationGreaterThanOrEquals: duration('>='),
  DurationLessThan: duration('<'),
  DurationLessThanOrEquals: duration('<='),
};

function numeric(order: string): Test {
  return (value) =>
    typeof value === 'number' && Number.isFinite(value) ? `${TYPED.number} && v ${order} ${value}` : undefined;
}

function duration(order: string): Test {
  return (value) => {
    const isDuration = typeof value === 'string' && /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/.test(value);
    return isDuration ? `${TYPED.string} && duration(v) ${order} duration(${celString(value)})` : undefined;
  };
}

/** Kyverno takes a single value for a list of one, on both sides. */
function membership(value: unknown, test: (list: string) => string): string | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0 || !values.every((one) => typeof one === 'string' && isPlain(one))) return undefined;
  const texts = values.flatMap((one) => (typeof one === 'string' ? [celString(one)] : []));
  return `v != null && ${ITEMS}.size() > 0 && ${ITEMS}.all(x, type(x) == string) && ${ITEMS}.${test(celList(texts))}`;
}

/** Kyverno reads wildcards in what is found as well: `ma*` is not absent from a list with `main`. */
function absence(value: unknown, test: (list: string) => string): string | undefined {
  return membership(value, (list) => `all(x, !x.contains("*") && !x.contains("?")) && ${ITEMS}.${test(list)}`);
}

function typeOf(value: string | number | boolean): 'string' | 'number' | 'boolean' {
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' ? 'number' : 'boolean';
}

/**
 * A value that Kyverno compares as it stands. Texts that look like a number, a quantity, a duration, a range, or that
 * have wildcards or variables in them are compared otherwise there (pkg/engine/variables/operator).
 */
function isPlain(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return /^[A-Za-z_/@:]/.test(value) && !/[*?{}]/.test(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value));
}
