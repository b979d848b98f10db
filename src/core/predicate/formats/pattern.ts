/**
 * Regular expressions over predicates: RE2, so that no pattern and no text makes it exponential, and counted as work.
 */
import { RE2JS } from 're2js';
import { EvaluationFault, type Evaluation } from '../evaluation.ts';

const MAX_PATTERN = 1024;
/** RE2 instructions. */
const MAX_PROGRAM = 2000;
/** Matching costs about text times program; so much of that is one step. */
const WORK_A_STEP = 8;
/** Compiling a pattern costs as much as so many steps. */
const COMPILING = 500;

/** Compiles a pattern. Throws EvaluationFault where it is none, or too large. */
export function compilePattern(source: string, evaluation: Evaluation): RE2JS {
  if (source.length > MAX_PATTERN)
    throw new EvaluationFault(
      `a regular expression of ${source.length} characters: at most ${MAX_PATTERN} are allowed`,
    );
  evaluation.spend(COMPILING);
  const pattern = compiled(source);
  if (pattern.programSize() > MAX_PROGRAM) throw new EvaluationFault(`the regular expression ${source} is too large`);
  return pattern;
}

/** Does the pattern occur in the text? Like Go's regexp.MatchString: not anchored. */
export function findsPattern(source: string, text: string, evaluation: Evaluation): boolean {
  const pattern = compilePattern(source, evaluation);
  spendMatch(pattern, text, evaluation);
  return pattern.matcher(text).find();
}

/** Replaces every occurrence; `literally` takes the replacement as it stands, else `$1` and `${name}` are groups. */
export function replacePattern(
  source: string,
  text: string,
  replacement: { readonly text: string; readonly literally: boolean },
  evaluation: Evaluation,
): string {
  const pattern = compilePattern(source, evaluation);
  spendMatch(pattern, text, evaluation);
  const matcher = pattern.matcher(text);
  let result = '';
  let from = 0;
  while (matcher.find()) {
    const put = replacement.literally ? replacement.text : expand(replacement.text, (name) => matcher.group(name));
    evaluation.spendText(put);
    result += text.slice(from, matcher.start()) + put;
    from = matcher.end();
  }
  return result + text.slice(from);
}

function compiled(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new EvaluationFault(
      `the regular expression ${source}: ${error instanceof Error ? error.message : 'not RE2'}`,
    );
  }
}

function spendMatch(pattern: RE2JS, text: string, evaluation: Evaluation): void {
  evaluation.spend(1 + Math.ceil((text.length * pattern.programSize()) / WORK_A_STEP));
}

/** Go's Regexp.Expand: `$name`, `${name}` and `$1`; what is not there is nothing; `$$` is a dollar. */
function expand(template: string, group: (name: number | string) => string | null): string {
  return template.replace(/\$(?:(\$)|(\w+)|\{(\w+)\})/g, (_whole, dollar: string | undefined, bare, braced) => {
    if (dollar !== undefined) return '$';
    return groupText(String(bare ?? braced), group);
  });
}

function groupText(name: string, group: (name: number | string) => string | null): string {
  try {
    return group(/^\d+$/.test(name) ? Number(name) : name) ?? '';
  } catch {
    // A group that the pattern does not have.
    return '';
  }
}
