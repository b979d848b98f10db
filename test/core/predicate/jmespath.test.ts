import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Evaluation, EvaluationFault } from '../../../src/core/predicate/evaluation.ts';
import { goJson } from '../../../src/core/predicate/formats/text.ts';
import { compileJmespath } from '../../../src/core/predicate/jmespath/index.ts';
import { Failure } from '../../../src/core/failure.ts';
import { JMESPATH_ROWS, SAMPLE } from './jmespath.table.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

function resultOf(expression: string, predicate: unknown = SAMPLE): string {
  try {
    return goJson(compileJmespath(expression).search(predicate, new Evaluation(NOW)));
  } catch (error) {
    if (error instanceof Failure) return 'invalid';
    if (error instanceof EvaluationFault) return 'fault';
    throw error;
  }
}

test.each(JMESPATH_ROWS)('%s is %s, as in Kyverno', (expression, expected) => {
  expect(resultOf(expression)).toBe(expected);
});

describe('otherwise than in Kyverno, on purpose', () => {
  test.each([
    ['a look for a list among lists is no silent false', 'contains(ll, l)', 'fault'],
    ['an average of nothing is no NaN', 'avg(el)', 'fault'],
    ['values come in the order of the predicate', 'o.*', '[1,{"c":"x"}]'],
    ['text that reads two ways is no JSON', `parse_json('{"a":1,"a":2}')`, 'fault'],
    ['chance has no place in a verdict', `random('[a-z]')`, 'invalid'],
    ['the network neither', `is_external_url('https://example.com')`, 'invalid'],
  ])('%s', (_name, expression, expected) => {
    expect(resultOf(expression)).toBe(expected);
  });
});

test('the time is that of the check', () => {
  expect(resultOf(`time_now_utc()`)).toBe('"2026-01-01T00:00:00Z"');
  expect(resultOf(`time_since('', '2025-12-31T22:30:00Z', '')`)).toBe('"1h30m0s"');
});

describe('bounded', () => {
  const doubling = Array.from({ length: 40 }, () => '[@, @][]').join(' | ');
  const sharing = Array.from({ length: 40 }, () => '[@, @]').join(' | ');
  const many = { list: [{ at: 0 }] };
  test.each([
    ['a list that doubles at every step', `list[:1] | ${doubling}`],
    ['text that doubles at every step', `list[0].to_string(@) | ${sharing.replaceAll('[@, @]', "join('', [@, @])")}`],
    ['a value that holds another many times, as text', `list[0] | ${sharing} | to_string(@)`],
    ['a value that holds another many times, compared', `list[0] | [(${sharing}), (${sharing})] | [0] == [1]`],
  ])('%s: more work than is allowed', (_name, expression) => {
    const evaluation = new Evaluation(NOW, 20_000);
    expect(() => compileJmespath(expression).search(many, evaluation)).toThrow(/more steps than are allowed/);
  });

  test('nesting beyond the bound is refused', () => {
    expect(resultOf(`${'['.repeat(200)}n${']'.repeat(200)}`)).toBe('invalid');
    expect(resultOf(`${'!'.repeat(500)}n`)).toBe('invalid');
  });
});

test('whatever is written ends in a value, a fault or a refusal', () => {
  const word = fc.constantFrom(
    ...'. [ ] [] [* [? ( ) { } : , | || && & ! == < @ * n l os k missing length( `1` "a" \'x\' -1 to_string('.split(
      ' ',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 24 }), fc.jsonValue({ maxDepth: 4 }), (words, predicate) => {
      resultOf(words.join(''), predicate);
    }),
  );
});
