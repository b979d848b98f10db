import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, decodeBase64Url } from '../../src/core/base64.ts';

test.each([
  ['white space', 'YWJj\n'],
  ['missing padding', 'YQ'],
  ['superfluous padding', 'YWJj='],
  ['stray bits after the last octet', 'YR=='],
  ['the URL-safe alphabet', '-_-_'],
  ['other characters', 'YW*j'],
])('base64 with %s is refused', (_, text) => {
  expect(decodeBase64(text)).toBeUndefined();
});

test.each([
  ['padding', 'YQ=='],
  ['the standard alphabet', '+/+/'],
  ['stray bits', 'YR'],
  ['an impossible length', 'YWJjZ'],
])('base64url with %s is refused', (_, text) => {
  expect(decodeBase64Url(text)).toBeUndefined();
});

test('both decode what is encoded canonically', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.from(decodeBase64(Buffer.from(bytes).toString('base64')) ?? [1])).toEqual(Buffer.from(bytes));
      expect(Buffer.from(decodeBase64Url(Buffer.from(bytes).toString('base64url')) ?? [1])).toEqual(Buffer.from(bytes));
    }),
  );
});
