import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closest, shown, shownPath } from '../../src/api/problem.ts';

describe('shown', () => {
  test.each([
    ['a text', 'abc', '"abc"'],
    ['PEM', 'x\n-----BEGIN PRIVATE KEY-----\nsecret', 'PEM text of 36 characters'],
    ['an object', { a: 1, b: 2 }, 'an object with a, b'],
    ['an empty object', {}, 'an empty object'],
    ['null', null, 'null'],
    ['true', true, 'boolean true'],
    ['control characters', '\u001b[31m', '"\\u001b[31m"'],
  ])('%s', (_, value, text) => expect(shown(value)).toBe(text));

  test('is short for every value', () => {
    fc.assert(fc.property(fc.anything(), (value) => shown(value).length < 600));
  });
});

test('shownPath quotes what is no plain name', () => {
  expect(shownPath(['spec', 'attestors', 0, 'entries', 1, 'annotations', 'a.b/c'])).toBe(
    'spec.attestors[0].entries[1].annotations["a.b/c"]',
  );
});

describe('closest', () => {
  const fields = ['publicKey', 'certificate', 'keyless', 'notation'];
  test.each([
    ['another case', 'publickey', 'publicKey'],
    ['a slip', 'certifcate', 'certificate'],
    ['something else', 'privateKey', undefined],
    ['a short word', 'k', undefined],
  ])('%s', (_, word, meant) => expect(closest(word, fields)).toBe(meant));
});
