import { expect, test } from 'vitest';
import { guideSteps, isAsTold } from './guide.ts';

const PAGE = ['text', '```sh', '$ not run', '```', '```console', '$ a', 'b  c', '$ d', '```', '$ outside'].join('\n');

test('a guide is read by its console blocks', () => {
  expect(guideSteps(PAGE)).toEqual([
    { line: 6, command: 'a', expected: 'b  c' },
    { line: 8, command: 'd', expected: '' },
  ]);
});

test.each([
  ['the same', 'NAME  AGE\na.b   1s', 'NAME  AGE\na.b   1s\n', true],
  ['other blanks', 'NAME  AGE\na.b   1s', 'NAME AGE\na.b      1s', true],
  ['an age', 'NAME  AGE\na.b   …', 'NAME AGE\na.b 12s', true],
  ['something in the middle', '…Revoked…', 'a\nkey Revoked\nb', true],
  ['a point is a point', 'a.b', 'axb', false],
  ['something more', 'a', 'a b', false],
  ['something less', 'a b', 'a', false],
])('what is printed is compared: %s', (_, expected, printed, same) => {
  expect(isAsTold({ line: 1, command: 'x', expected }, printed)).toBe(same);
});
