/**
 * Conditions as CEL against the engine's own evaluation of the same conditions, which is held against the real Kyverno
 * elsewhere: what the CEL lets in, the engine trusts.
 */
import { describe, expect, test } from 'vitest';
import type { AttestationCondition } from '../../../src/api/attestation-condition.ts';
import { compileCel } from '../../../src/core/predicate/cel/index.ts';
import { compileConditions } from '../../../src/core/predicate/conditions.ts';
import { Evaluation, EvaluationFault } from '../../../src/core/predicate/evaluation.ts';
import { celCondition } from '../../../src/outputs/kyverno/cel-conditions.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const OPERATORS: readonly AttestationCondition['operator'][] = [
  ...(['Equals', 'NotEquals', 'In', 'AnyIn', 'AllIn', 'NotIn', 'AnyNotIn', 'AllNotIn'] as const),
  ...(['GreaterThan', 'GreaterThanOrEquals', 'LessThan', 'LessThanOrEquals'] as const),
  ...(['DurationGreaterThan', 'DurationLessThanOrEquals'] as const),
];
const FOUND: readonly unknown[] = [
  'main',
  'release',
  '',
  '3',
  '1h',
  '90m',
  'ma*',
  true,
  false,
  0,
  2,
  3,
  3.5,
  -1,
  null,
  [],
  ['main'],
  ['main', 'release'],
  ['other'],
  [3],
  [['main']],
  {},
  { main: 1 },
];
const EXPECTED: readonly unknown[] = [
  'main',
  'x',
  true,
  0,
  3,
  '1h',
  '3',
  'ma*',
  ['main'],
  ['main', 'other'],
  [3],
  [],
  {},
];

/** The CEL with the value itself in place of the path that leads to it; undefined where nothing is generated. */
function celOf(condition: AttestationCondition): string | undefined {
  const cel = celCondition({ any: [], all: [condition] });
  const inner =
    cel === undefined ? undefined : /^cel\.bind\(v, predicate\[\?"v"\]\.orValue\(dyn\(null\)\), (.*)\)$/s.exec(cel);
  if (cel !== undefined && inner === null) throw new Error(`another shape of CEL: ${cel}`);
  return inner?.[1]?.replaceAll(/\bv\b/g, 'predicate.v');
}

function isTrue(cel: string, found: unknown): boolean {
  try {
    return compileCel(cel).test({ v: found }, new Evaluation(NOW));
  } catch (error) {
    if (error instanceof EvaluationFault) return false;
    throw error;
  }
}

function isSatisfied(condition: AttestationCondition, found: unknown): boolean {
  const compiled = compileConditions({ any: [], all: [condition] });
  return compiled.evaluate({ v: found }, new Evaluation(NOW)).state === 'satisfied';
}

const conditionOf = (operator: AttestationCondition['operator'], value: unknown): AttestationCondition => ({
  key: '{{ v }}',
  operator,
  value,
});

describe('conditions as CEL', () => {
  test.each(OPERATORS)('%s is never easier to satisfy than for the engine', (operator) => {
    const easier = EXPECTED.flatMap((value) => {
      const condition = conditionOf(operator, value);
      const cel = celOf(condition);
      if (cel === undefined) return [];
      return FOUND.filter((found) => isTrue(cel, found) && !isSatisfied(condition, found)).map(
        (found) => `${JSON.stringify(found)} ${operator} ${JSON.stringify(value)}`,
      );
    });
    expect(easier).toEqual([]);
  });

  test.each<[AttestationCondition['operator'], unknown, readonly unknown[], readonly unknown[]]>([
    ['Equals', 'main', ['main'], ['release', '', null, 3, ['main']]],
    ['NotEquals', 'main', ['release', ''], ['main', null, 3]],
    ['AnyIn', ['main', 'other'], ['main', ['main', 'release']], ['release', [], null, [3]]],
    ['AllIn', ['main', 'other'], ['main', ['main', 'other']], [['main', 'release'], [], null]],
    ['GreaterThan', 2, [3, 2.5], [2, '3', null, true]],
    ['DurationLessThanOrEquals', '1h', ['1h', '59m'], ['61m', 3, null]],
  ])('%s %j', (operator, value, satisfied, failed) => {
    const condition = conditionOf(operator, value);
    const cel = celOf(condition) ?? '';
    expect([...satisfied, ...failed].filter((found) => isTrue(cel, found))).toEqual(satisfied);
    expect(satisfied.filter((found) => !isSatisfied(condition, found))).toEqual([]);
  });

  test.each<[string, AttestationCondition]>([
    ['a function', { ...conditionOf('Equals', 'a'), key: '{{ length(v) }}' }],
    ['text around the path', { ...conditionOf('Equals', 'a'), key: 'x{{ v }}' }],
    ['a wildcard in the value', conditionOf('Equals', 'ma*')],
    ['a text that reads as a number', conditionOf('Equals', '3')],
    ['a quantity', conditionOf('GreaterThan', '1Gi')],
    ['a range', conditionOf('AnyIn', '1-3')],
    ['an object', conditionOf('Equals', { a: 1 })],
  ])('%s has no counterpart', (_, condition) => {
    expect(celCondition({ any: [], all: [condition] })).toBeUndefined();
  });
});
