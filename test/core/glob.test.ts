import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, matchesGlob } from '../../src/core/glob.ts';
import { RUNS, threadTime } from '../support/hostile.ts';

describe('matchesGlob', () => {
  it.each([
    ['a literal covers itself', 'abc', 'abc', true],
    ['a literal is anchored at the end', 'abc', 'abcd', false],
    ['a literal is anchored at the start', 'abc', 'xabc', false],
    ['a star covers nothing', 'abc*', 'abc', true],
    ['a star crosses slashes', 'a*d', 'a/b/c/d', true],
    ['a question mark is one character', 'a?c', 'abc', true],
    ['a question mark is not none', 'a?c', 'ac', false],
    ['a question mark is not two', 'a?c', 'abbc', false],
    ['a question mark is one code point', 'a?c', 'a\u{1F600}c', true],
    ['a star and a question mark are at least one', '*?', '', false],
    ['stars in a row are one', 'a**b', 'ab', true],
    ['a dot is a dot', 'a.c', 'abc', false],
    ['brackets are brackets', '[ab]', 'a', false],
    ['braces are braces', '{a,b}', 'a', false],
    ['a backslash is a backslash', 'a\\*', 'a\\b', true],
    ['cases differ', 'ABC', 'abc', false],
    ['the last star is taken up again', '*ab', 'aab', true],
    ['an earlier star need not be', '*a*b*c', 'xaxbxbxc', true],
    ['the rest must be covered', '*a*b', 'aba', false],
    ['nothing covers nothing', '', '', true],
    ['nothing covers only nothing', '', 'a', false],
    ['a line break is a character', 'a*c', 'a\nb\nc', true],
    ['a line break does not anchor', 'b', 'a\nb', false],
  ])('%s', (_, pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });

  it('agrees with the definition', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '\n', '\u{1F600}'), maxLength: 12 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '?', '\u{1F600}'), maxLength: 8 });
    fc.assert(
      fc.property(patterns, letters, (pattern, text) => {
        expect(matchesGlob(pattern, text)).toBe(oracle(Array.from(pattern), Array.from(text)));
      }),
      { numRuns: RUNS },
    );
  });

  it('takes no longer than pattern times text, for the worst of both', () => {
    const glob = compileGlob(`${'*a'.repeat(250)}b`);
    const text = 'a'.repeat(4_000);
    const started = threadTime();
    expect(glob.matches(text)).toBe(false);
    expect(threadTime() - started).toBeLessThan(1_000);
  });
});

/** The definition, word by word. */
function oracle(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '*') return oracle(rest, text) || (text.length > 0 && oracle(pattern, text.slice(1)));
  return text.length > 0 && (first === '?' || first === text[0]) && oracle(rest, text.slice(1));
}
