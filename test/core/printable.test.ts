import { describe, expect, it } from 'vitest';
import { printable } from '../../src/core/printable.ts';

describe('printable', () => {
  it.each([
    [
      'plain text stays',
      'registry.example.com/app: größer, 日本, \u{1F600}',
      'registry.example.com/app: größer, 日本, \u{1F600}',
    ],
    ['escape sequences', '\u001b[31m', '\\u{1b}[31m'],
    ['line breaks', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['marks that turn text around', 'a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['invisible tags', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['halves of a pair', 'a\ud800b', 'a\\u{d800}b'],
  ])('%s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
