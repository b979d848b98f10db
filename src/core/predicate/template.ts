/**
 * Text with variables, as Kyverno writes them: `{{ JMESPath }}` alone gives the value itself, within text its text.
 * What is put in is never read again as an expression: a predicate must not be able to write conditions. Hence no
 * variables within variables, and no references ($(…)).
 */
import { Failure, invalid } from '../failure.ts';
import { type Evaluation, EvaluationFault } from './evaluation.ts';
import { goJson } from './formats/text.ts';
import { compileJmespath, type Query } from './jmespath/index.ts';

/** A value of JSON with variables in its texts. */
export interface Template {
  /** Puts the variables in. Throws EvaluationFault. */
  fill(predicate: unknown, evaluation: Evaluation): unknown;
}

/** One variable (Kyverno, RegexVariables): no braces in it but one pair at a time. */
const VARIABLE = /\{\{((?:\{[^{}]*\}|[^{}])*)\}\}/g;
const REFERENCE = /(?:^|[^\\])\$\(.[^ ]*\)/;
const MAX_DEPTH = 16;

/** Compiles a value. Throws Failure `invalid` for bad JMESPath; `where` names the field. */
export function compileTemplate(value: unknown, where: string, depth = 0): Template {
  if (depth > MAX_DEPTH) throw invalid(where, `at most ${MAX_DEPTH} levels`, 'deeper nesting');
  if (typeof value === 'string') return textTemplate(value, where);
  if (Array.isArray(value)) {
    const items = value.map((item) => compileTemplate(item, where, depth + 1));
    return { fill: (predicate, evaluation) => items.map((item) => item.fill(predicate, evaluation)) };
  }
  if (typeof value !== 'object' || value === null) return { fill: () => value ?? null };
  const members = Object.entries(value).map(
    ([name, member]) => [textTemplate(name, where), compileTemplate(member, where, depth + 1)] as const,
  );
  return {
    fill: (predicate, evaluation) =>
      Object.fromEntries(
        members.map(([name, member]) => [nameOf(name.fill(predicate, evaluation)), member.fill(predicate, evaluation)]),
      ),
  };
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new EvaluationFault('a variable in the name of a member gives something other than text');
}

type Piece = { readonly text: string } | { readonly query: Query };

function textTemplate(text: string, where: string): Template {
  if (REFERENCE.test(text)) throw invalid(where, 'no reference $(…), which only Kyverno could follow', '$(');
  const pieces = piecesOf(text, where);
  const [first] = pieces;
  if (first === undefined) return { fill: () => '' };
  if (pieces.length === 1 && 'query' in first)
    return { fill: (predicate, evaluation) => first.query.search(predicate, evaluation) };
  return {
    fill: (predicate, evaluation) =>
      pieces.map((piece) => ('text' in piece ? piece.text : textOf(piece.query, predicate, evaluation))).join(''),
  };
}

function textOf(query: Query, predicate: unknown, evaluation: Evaluation): string {
  const value = query.search(predicate, evaluation);
  const text = typeof value === 'string' ? value : goJson(value, evaluation);
  evaluation.spendText(text);
  return text;
}

function piecesOf(text: string, where: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(VARIABLE)) {
    if (text.charAt(match.index - 1) === '\\') continue;
    if (match.index > from) pieces.push({ text: literal(text.slice(from, match.index), where) });
    pieces.push({ query: variable(match[1] ?? '', where) });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: literal(text.slice(from), where) });
  return pieces;
}

/** Text between variables: `\{{` stands for `{{`; any other is a variable that cannot be read. */
function literal(text: string, where: string): string {
  if (/(?:^|[^\\])\{\{/.test(text)) throw invalid(where, 'a variable {{ … }} with no variable within', shown(text));
  return text.replaceAll('\\{{', '{{');
}

function variable(text: string, where: string): Query {
  // `{{- … }}` tells Kyverno not to read the value again, which is never done here.
  const expression = text.trim().replace(/^-\s*/, '');
  if (expression === '') throw invalid(where, 'JMESPath between {{ and }}', 'nothing');
  if (expression === '@') throw invalid(where, 'JMESPath that names a field', '@ alone');
  return within(where, () => compileJmespath(expression));
}

/** Names the field in what is wrong with its expression. */
function within<T>(where: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'invalid') throw error;
    throw invalid(`${where}: ${error.detail.where}`, error.detail.expected, error.detail.found);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text);
}
