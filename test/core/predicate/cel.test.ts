import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { compileCel } from '../../../src/core/predicate/cel/index.ts';
import { Evaluation, EvaluationFault } from '../../../src/core/predicate/evaluation.ts';
import { CEL_ROWS } from './cel.table.ts';
import { SAMPLE } from './jmespath.table.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

function resultOf(expression: string, predicate: unknown = SAMPLE): string {
  try {
    return String(compileCel(expression).test(predicate, new Evaluation(NOW)));
  } catch (error) {
    if (error instanceof Failure) return 'invalid';
    if (error instanceof EvaluationFault) return 'fault';
    throw error;
  }
}

test.each(CEL_ROWS)('%s is %s, as in cel-go', (expression, expected) => {
  expect(resultOf(expression)).toBe(expected);
});

test('the time is that of the check', () => {
  expect(resultOf(`time.now() - timestamp('2025-12-31T12:00:00Z') == duration('12h')`)).toBe('true');
});

describe('bounded', () => {
  const list = `[${Array.from({ length: 40 }, () => '1').join(',')}]`;
  const nested = Array.from({ length: 8 }, (_, at) => `${list}.all(x${at}, `).join('');
  test.each([
    ['loops in loops', `${nested}true${')'.repeat(8)}`],
    [
      'a list that doubles',
      `size([1]${'.map(x, [x, x])'.repeat(3)}) == 1 && [[1]]${'.map(x, x + x)'.repeat(60)}.size() == 1`,
    ],
    ['text that doubles', `['ab']${'.map(x, x + x)'.repeat(60)}.size() == 1`],
  ])('%s is a fault, soon', (_name, expression) => {
    expect(resultOf(expression)).toBe('fault');
  });

  test.each([
    ['a large object compared with many', 'predicate.list.exists(x, predicate.object == x)'],
    ['the members of a large object counted again and again', 'predicate.list.exists(x, size(predicate.object) == 1)'],
    ['one fault after another', 'predicate.list.exists(x, x.absent || predicate.list.exists(y, y.absent))'],
  ])('%s: more work than is allowed', (_name, expression) => {
    const object = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`k${at}`, at]));
    const predicate = { object, list: Array.from({ length: 3000 }, () => ({})) };
    expect(() => compileCel(expression).test(predicate, new Evaluation(NOW, 20_000))).toThrow(/more steps than are/);
  });

  test('too much work is absorbed by no operator', () => {
    expect(resultOf(`true == (['ab']${'.map(x, x + x)'.repeat(60)}.size() == 1) || true`)).toBe('fault');
  });

  test('nesting beyond the bound is refused', () => {
    expect(resultOf(`${'('.repeat(500)}true${')'.repeat(500)}`)).toBe('invalid');
    expect(resultOf(`${'!'.repeat(500)}true`)).toBe('invalid');
    expect(resultOf(`${'-'.repeat(500)}1 == 1`)).toBe('invalid');
  });
});

test('whatever is written ends in true, false, a fault or a refusal', () => {
  const word = fc.constantFrom(
    ...'predicate .n .l [ ] ( ) { } : , ? || && ! == < in + - * / % 1 1u 1.5 \'x\' b"x" true null .all(x, .map(x, x .size() has( int('.split(
      ' ',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 24 }), fc.jsonValue({ maxDepth: 4 }), (words, predicate) => {
      resultOf(words.join(' '), predicate);
    }),
  );
});
