import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONDITION_OPERATORS, type ConditionTree } from '../../../src/api/attestation-condition.ts';
import { Failure } from '../../../src/core/failure.ts';
import { compilePredicateTest } from '../../../src/core/predicate/predicate-test.ts';
import { CONDITION_ROWS, PANIC_ROWS, PREDICATE } from './conditions.table.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

type Condition = ConditionTree['all'][number];

function answerOf(tree: Partial<ConditionTree>, predicate: unknown = PREDICATE, now = NOW) {
  const compiled = compilePredicateTest({ conditions: { any: [], all: [], ...tree } });
  if (compiled === undefined) throw new Error('nothing was compiled');
  return compiled.ask(predicate, now);
}

function messageOf(tree: Partial<ConditionTree>, now = NOW): string {
  const answer = answerOf(tree, PREDICATE, now);
  return 'message' in answer ? answer.message : answer.state;
}

test.each([...CONDITION_ROWS, ...PANIC_ROWS])('%s %s %j: %s', (key, operator, value, expected) => {
  expect(answerOf({ all: [{ key, operator, value }] }).state).toBe(expected);
});

const yes: Condition = { key: '{{ scan.high }}', operator: 'Equals', value: 3 };
const no: Condition = { key: '{{ scan.high }}', operator: 'Equals', value: 4 };
const error: Condition = { key: '{{ absent }}', operator: 'Equals', value: 4 };

describe('any and all', () => {
  test.each<[string, Partial<ConditionTree>, string]>([
    ['all hold', { all: [yes, yes] }, 'satisfied'],
    ['one of all fails', { all: [yes, no] }, 'failed'],
    ['one of any holds', { any: [no, yes] }, 'satisfied'],
    ['none of any holds', { any: [no, no] }, 'failed'],
    ['any holds, all fails', { any: [yes], all: [no] }, 'failed'],
    ['all holds, any fails', { any: [no], all: [yes] }, 'failed'],
    ['a fault counts though another of any holds', { any: [yes, error] }, 'fault'],
    ['a fault counts though one of all fails', { all: [no, error] }, 'fault'],
  ])('%s', (_name, tree, state) => {
    expect(answerOf(tree).state).toBe(state);
  });
});

describe('messages', () => {
  const timedFault: Condition = { key: '{{ to_boolean(time_now()) }}', operator: 'Equals', value: true };

  test('name the key, what was found and what was expected', () => {
    expect(messageOf({ all: [{ ...no, message: 'too many' }] })).toBe(
      'condition all[0]: {{ scan.high }}: found 3, expected Equals 4 (too many)',
    );
    expect(messageOf({ any: [no, no] })).toContain('none of the conditions in any holds: condition any[0]');
    expect(messageOf({ all: [yes, error] })).toBe('condition all[1] ({{ absent }}): there is no field "absent"');
  });

  test('do not change with the time of the check', () => {
    const aged: Condition = {
      key: "{{ time_since('', scan.finishedOn, '') }}",
      operator: 'LessThan',
      value: '168h',
    };
    const later = new Date('2026-02-03T04:05:06Z');
    expect(messageOf({ all: [aged] })).toBe(messageOf({ all: [aged] }, later));
    expect(messageOf({ all: [aged] })).toContain('depends on the time of the check');
    expect(answerOf({ all: [aged] }).timed).toBe(true);
    expect(answerOf({ all: [no] }).timed).toBe(false);
  });

  test.each<[string, Parameters<typeof compilePredicateTest>[0]]>([
    ['of a condition', { conditions: { any: [], all: [timedFault] } }],
    ['of an expression', { expression: 'bool(string(time.now()))' }],
  ])('do not change with the time either where it leads to a fault: %s', (_name, demanded) => {
    const said = [NOW, new Date('2026-02-03T04:05:06Z')].map((now) => {
      const answer = compilePredicateTest(demanded)?.ask(PREDICATE, now);
      return answer?.state === 'fault' ? answer.message : '';
    });
    expect(said[0]).toContain('the time of the check');
    expect(said[0]).toBe(said[1]);
  });

  test('are bounded, and safe for a terminal', () => {
    const predicate = { text: `\u001b[31m${'x'.repeat(100_000)}`, list: Array.from({ length: 100_000 }, () => 'y') };
    for (const key of ['{{ text }}', '{{ list }}']) {
      const answer = answerOf({ all: [{ key, operator: 'Equals', value: 'z' }] }, predicate);
      expect('message' in answer && answer.message.length).toBeLessThan(600);
      expect('message' in answer && answer.message).not.toContain('\u001b');
    }
  });
});

describe('values that hold another value many times over', () => {
  const shared = Array.from({ length: 30 }, () => '[@, @]').join(' | ');
  test.each<[string, Condition['operator'], unknown, string]>([
    [`{{ ${shared} }}`, 'Equals', 'x', 'failed'],
    [`{{ ${shared} }}`, 'Equals', `{{ ${shared} }}`, 'fault'],
    [`x{{ ${shared} }}`, 'Equals', 'x', 'fault'],
    [`{{ ${shared} }}`, 'AnyIn', ['x'], 'fault'],
    ['x', 'AnyIn', `{{ ${shared} }}`, 'fault'],
    ['x', 'In', `{{ ${shared} }}`, 'fault'],
  ])('%s %s', (key, operator, value, state) => {
    expect(answerOf({ all: [{ key, operator, value }] }).state).toBe(state);
  });
});

describe('an age limit', () => {
  const fresh: Condition = {
    key: "{{ time_since('', scan.finishedOn, '') }}",
    operator: 'LessThanOrEquals',
    value: '24h',
  };
  test.each([
    ['within it', '2024-05-02T10:20:30Z', 'satisfied'],
    ['past it', '2024-05-02T10:20:31Z', 'failed'],
  ])('%s', (_name, now, state) => {
    expect(answerOf({ all: [fresh] }, PREDICATE, new Date(now)).state).toBe(state);
  });
});

test('what a predicate holds is never read as an expression', () => {
  const predicate = { a: '{{ secret }}', secret: 'open sesame' };
  expect(answerOf({ all: [{ key: '{{ a }}', operator: 'Equals', value: 'open sesame' }] }, predicate).state).toBe(
    'failed',
  );
  expect(answerOf({ all: [{ key: 'x{{ a }}', operator: 'Equals', value: 'xopen sesame' }] }, predicate).state).toBe(
    'failed',
  );
});

describe('what can never be evaluated is refused', () => {
  test.each([
    ['bad JMESPath', '{{ a..b }}'],
    ['an unknown function', '{{ frobnicate(a) }}'],
    ['too few arguments', '{{ split(a) }}'],
    ['a variable within a variable', '{{ a.{{ b }} }}'],
    ['a variable that does not end', 'x {{ a'],
    ['a reference', '$(./../a)'],
    ['nothing', '{{ }}'],
  ])('%s', (_name, key) => {
    const compile = (): unknown =>
      compilePredicateTest({ conditions: { any: [], all: [{ key, operator: 'Equals', value: 'x' }] } });
    expect(compile).toThrow(Failure);
    expect(compile).toThrow(/^conditions\.all\[0\]\.key: /);
  });

  test('and so is a bad expression', () => {
    expect(() => compilePredicateTest({ expression: 'predicate.a ==' })).toThrow(
      /^expression: CEL, character 15: expected/,
    );
  });
});

describe('an expression', () => {
  test.each([
    ["predicate.scan.critical == 0 && predicate.builder.id.startsWith('https://ci.')", 'satisfied'],
    ['predicate.scan.high == 0', 'failed'],
    ['predicate.scan.absent == 0', 'fault'],
    ['has(predicate.scan.absent) && predicate.scan.absent == 0', 'failed'],
    ['predicate.scan', 'fault'],
    ["predicate.materials.exists(m, m.uri.startsWith('git+'))", 'satisfied'],
    ["time.now() - timestamp(predicate.scan.finishedOn) < duration('168h')", 'failed'],
  ])('%s: %s', (expression, state) => {
    expect(compilePredicateTest({ expression })?.ask(PREDICATE, NOW).state).toBe(state);
  });

  test('counts beside conditions', () => {
    const both = { conditions: { any: [], all: [yes] }, expression: 'predicate.scan.high == 4' };
    expect(compilePredicateTest(both)?.ask(PREDICATE, NOW).state).toBe('failed');
  });
});

test.each([[null], ['text'], [[]], [5]])('a predicate that is no object (%j) is a fault', (predicate) => {
  expect(answerOf({ all: [{ key: 'x', operator: 'Equals', value: 'x' }] }, predicate).state).toBe('fault');
});

test('hostile predicates and values never crash, nor take long', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5 }),
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom(...CONDITION_OPERATORS),
      (k, value, operator) => {
        const { state } = answerOf(
          { all: [{ key: '{{ k }}', operator, value: JSON.stringify(value).includes('{{') ? 'x' : value }] },
          { k },
        );
        expect(['satisfied', 'failed', 'fault']).toContain(state);
      },
    ),
  );
});
