import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { literal, regexp } from '../../src/verify/matcher.ts';
import { threadTime } from '../support/hostile.ts';

describe('a literal', () => {
  test.each([
    ['itself', 'ci@example.com', true],
    ['with something behind it', 'ci@example.com.evil.io', false],
    ['with something before it', 'xci@example.com', false],
    ['with a line break behind it', 'ci@example.com\n', false],
    ['in another case', 'CI@example.com', false],
    ['with another character for the dot', 'ci@exampleXcom', false],
  ])('%s', (_, text, outcome) => expect(literal('ci@example.com').matches(text)).toBe(outcome));
});

describe('a regular expression must match the whole text', () => {
  test.each([
    ['plain', 'ci@example\\.com', 'ci@example.com', true],
    ['something behind', 'ci@example\\.com', 'ci@example.com.evil.io', false],
    ['something before', 'ci@example\\.com', 'xci@example.com', false],
    ['an alternation takes its first branch', 'a|b', 'a', true],
    ['an alternation is not anchored at one end only (before)', 'a|b', 'ab', false],
    ['an alternation is not anchored at one end only (behind)', 'a|b', 'xb', false],
    ['the shorter branch does not hide the longer', 'a|ab', 'ab', true],
    ['$ does not stop before a line break', 'a$', 'a\n', false],
    ['(?m) does not un-anchor the end', '(?m)^a$', 'a\nevil', false],
    ['(?m) does not un-anchor the start', '(?m)^a$', 'evil\na', false],
    ['\\z inside an alternation', 'a\\z|b', 'ac', false],
    ['a dot is no line break', '.*', 'a\nb', false],
    ['unless asked for', '(?s).*', 'a\nb', true],
    ['case counts', 'a', 'A', false],
    ['unless asked for: (?i)', '(?i)a', 'A', true],
    ['a lazy repeat still has to reach the end', 'a+?', 'aaa', true],
    ['quoted text', '\\Qa|b\\E', 'a|b', true],
    ['own anchors are harmless', '^a$', 'a', true],
    ['beyond the basic plane', '.', '😀', true],
    ['empty pattern, empty text', '', '', true],
    ['empty pattern, some text', '', 'a', false],
  ])('%s', (_, source, text, outcome) => expect(regexp(source).matches(text)).toBe(outcome));

  test('for every text: what is added to a match of a literal pattern undoes it', () => {
    const word = fc.stringMatching(/^[a-z]{1,20}$/);
    fc.assert(
      fc.property(word, fc.string({ minLength: 1 }), (base, more) => {
        const matcher = regexp(`${base}|${base}0`);
        return more === '0' || (!matcher.matches(base + more) && (!matcher.matches(more + base) || more === ''));
      }),
    );
  });
});

describe('a pattern that cannot be used', () => {
  test.each([
    ['unbalanced', 'a)|(b'],
    ['look-behind', '(?<=a)b'],
    ['back reference', '(a)\\1'],
    ['a repeat that explodes', '(a{1000}){1000}'],
    ['too many instructions', '([a-z]{1,500}){1,2}([0-9]{1,500}){1,2}'],
    ['too long', 'a'.repeat(1025)],
  ])('%s is invalid, and says where', (_, source) => {
    expect(() => regexp(source)).toThrow(Failure);
    expect(() => regexp(source)).toThrow(/^regular expression/);
  });

  test('no pattern throws anything but a Failure, and none takes long', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 200 }), (source, text) => {
        const before = threadTime();
        try {
          regexp(source).matches(text);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
        return threadTime() - before < 500;
      }),
    );
  });

  test('the classic catastrophe is harmless', () => {
    const before = threadTime();
    expect(regexp('(x+x+)+y').matches('x'.repeat(4096))).toBe(false);
    expect(threadTime() - before).toBeLessThan(500);
  });

  test('a text beyond every identity matches nothing', () =>
    expect(regexp('(?s).*').matches('a'.repeat(4097))).toBe(false));
});
