/**
 * Matching of identities: a literal, or RE2. A pattern always has to match the whole text, in linear time.
 * Must never search inside a text: `ci@example.com` is not `ci@example.com.evil.io`.
 */
import { RE2JS } from 're2js';
import { invalid } from '../core/failure.ts';
import type { TextMatcher } from './signer.ts';

const MAX_PATTERN = 1024;
/** RE2 instructions; with MAX_TEXT it bounds a match to well under 100 ms. */
const MAX_PROGRAM = 2000;
/** Identities in certificates are shorter by far; what is longer matches no pattern. */
const MAX_TEXT = 4096;

/** Matches exactly this text, by code unit. */
export function literal(text: string): TextMatcher {
  return { shown: JSON.stringify(text), matches: (candidate) => candidate === text };
}

/**
 * Matches whole texts by RE2 (the syntax of Go's regexp, as cosign's flags have it; unlike there, always anchored).
 * Throws a Failure of kind `invalid` for a pattern that is none, or one too big to be matched in bounded time.
 */
export function regexp(source: string): TextMatcher {
  const shown = `/${source.slice(0, MAX_PATTERN)}/`;
  if (source.length > MAX_PATTERN)
    throw invalid('regular expression', `at most ${MAX_PATTERN} characters`, `${source.length}`);
  const pattern = compile(source, shown);
  if (pattern.programSize() > MAX_PROGRAM)
    throw invalid(
      `regular expression ${shown}`,
      'a smaller one',
      `${pattern.programSize()} instructions after expansion of its repeats`,
    );
  // The full-match call, not ^ and $ around the source: `a|b`, `(?m)` and a final line break undo those.
  return { shown, matches: (candidate) => candidate.length <= MAX_TEXT && pattern.matches(candidate) };
}

function compile(source: string, shown: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw invalid(`regular expression ${shown}`, 'RE2 syntax', error instanceof Error ? error.message : 'an error');
  }
}
