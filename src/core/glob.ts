/**
 * Globs: `*` stands for any run of characters, `/` included, also for none; `?` for exactly one character (a Unicode
 * code point); everything else stands for itself. A glob covers the whole text: it is anchored at both ends.
 * Must never be turned into a regular expression, whose metacharacters and backtracking would come with it.
 */

/** A compiled glob. */
export interface Glob {
  /** As it was written. */
  readonly pattern: string;
  /** Does the glob cover the whole text? Case-sensitive. Time: at most length of pattern × length of text. */
  matches(text: string): boolean;
}

/** Compiles a glob. Every text is a glob: there is nothing to refuse and nothing to escape. */
export function compileGlob(pattern: string): Glob {
  const folded = pattern.replace(/\*+/g, '*');
  if (!/[*?]/.test(folded)) return { pattern, matches: (text) => text === pattern };
  const prefix = folded.slice(0, -1);
  if (folded.endsWith('*') && !/[*?]/.test(prefix)) return { pattern, matches: (text) => text.startsWith(prefix) };
  const symbols = Array.from(folded);
  return { pattern, matches: (text) => covers(symbols, Array.from(text)) };
}

/** Does the glob `pattern` cover `text`? For single questions; compile what is asked more than once. */
export function matchesGlob(pattern: string, text: string): boolean {
  return compileGlob(pattern).matches(text);
}

/**
 * The greedy walk. Only the last star is ever taken up again, since an earlier one could only give a worse start:
 * hence no exponential case, whatever the pattern.
 */
function covers(pattern: readonly string[], text: readonly string[]): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      resume = t;
      p += 1;
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      resume += 1;
      p = star + 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
