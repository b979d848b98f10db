import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { threadTime } from '../support/hostile.ts';

const read = (...headers: string[]) =>
  parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each([
  [
    'Bearer realm="https://a.example/token",service="a",scope="repository:x:pull,push"',
    [['bearer', { realm: 'https://a.example/token', service: 'a', scope: 'repository:x:pull,push' }]],
  ],
  ['BASIC Realm="a \\"quoted\\" realm"', [['basic', { realm: 'a "quoted" realm' }]]],
  [
    'Basic realm="a, b", Bearer realm="c"',
    [
      ['basic', { realm: 'a, b' }],
      ['bearer', { realm: 'c' }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate abc==, Basic realm=x',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['Bearer realm = "x" , service= y', [['bearer', { realm: 'x', service: 'y' }]]],
  ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
  ['Bearer realm="open', [['bearer', {}]]],
  ['', []],
  [' , ,', []],
])('%s', (header, expected) => {
  const parsed = read(header);
  expect(parsed.slice(0, expected.length)).toEqual(expected);
});

test('several headers are read in order', () => {
  expect(read('Basic realm="a"', 'Bearer realm="b"').map(([scheme]) => scheme)).toEqual(['basic', 'bearer']);
});

test('no header makes it throw or hang', () => {
  const part = fc.constantFrom('Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'a', '\t');
  const header = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(part, { maxLength: 200 }).map((parts) => parts.join('')),
  );
  const started = threadTime();
  fc.assert(
    fc.property(header, (text) => {
      parseChallenges([text]);
    }),
    { numRuns: 2_000 },
  );
  expect(threadTime() - started).toBeLessThan(10_000);
});
