/**
 * Words of a JMESPath expression (jmespath.org, grammar), as Kyverno's fork of go-jmespath reads them. Owns the cutting;
 * must never evaluate.
 */
import { invalid } from '../../failure.ts';

/** The kind of a word: its own text where it has only one. */
export type TokenKind =
  | '.'
  | '*'
  | ','
  | ':'
  | '{'
  | '}'
  | ']'
  | '('
  | ')'
  | '@'
  | '[?'
  | '[]'
  | '['
  | '||'
  | '|'
  | '&&'
  | '&'
  | '=='
  | '!='
  | '!'
  | '<='
  | '<'
  | '>='
  | '>'
  | 'number'
  | 'name'
  | 'quoted name'
  | 'JSON literal'
  | 'text literal'
  | 'end';

/** A word and where it begins. */
export interface Token {
  readonly kind: TokenKind;
  /** The name, the digits, or the content of a literal, unescaped. */
  readonly text: string;
  readonly at: number;
}

const WORD = /(?:(\[\?|\[\]|\|\||&&|==|!=|<=|>=|[.*,:{}\][()@|&!<>])|([A-Za-z_][A-Za-z0-9_]*)|(-?\d+))/y;
const SYMBOLS: ReadonlySet<string> = new Set('. * , : { } ] ( ) @ [? [] [ || | && & == != ! <= < >= >'.split(' '));

/** Cuts an expression into words, the last of them `end`. Throws Failure `invalid`. */
export function lex(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += /^[ \t\r\n]*/.exec(expression.slice(at))?.[0].length ?? 0;
    if (at >= expression.length) return [...tokens, { kind: 'end', text: '', at }];
    const [token, next] = wordAt(expression, at);
    tokens.push(token);
    at = next;
  }
}

function wordAt(expression: string, at: number): readonly [Token, number] {
  const first = expression.charAt(at);
  if (first === '"' || first === '`' || first === "'") return literalAt(expression, at, first);
  WORD.lastIndex = at;
  const match = WORD.exec(expression);
  if (match === null) throw invalid(whereIn(expression, at), 'JMESPath', JSON.stringify(first));
  const [whole, symbol, name, number] = match;
  const next = at + whole.length;
  if (symbol !== undefined && isSymbol(symbol)) return [{ kind: symbol, text: symbol, at }, next];
  if (name !== undefined) return [{ kind: 'name', text: name, at }, next];
  return [{ kind: 'number', text: number ?? '', at }, next];
}

function isSymbol(text: string): text is TokenKind {
  return SYMBOLS.has(text);
}

function literalAt(expression: string, at: number, quote: string): readonly [Token, number] {
  let end = at + 1;
  while (end < expression.length && expression.charAt(end) !== quote) end += expression.charAt(end) === '\\' ? 2 : 1;
  if (end >= expression.length) throw invalid(whereIn(expression, at), `a closing ${quote}`, 'the end');
  const raw = expression.slice(at + 1, end);
  return [literalToken(expression, at, { quote, raw }), end + 1];
}

function literalToken(
  expression: string,
  at: number,
  { quote, raw }: { readonly quote: string; readonly raw: string },
): Token {
  if (quote === '`') return { kind: 'JSON literal', text: raw.replaceAll('\\`', '`'), at };
  if (quote === "'") return { kind: 'text literal', text: raw.replaceAll("\\'", "'"), at };
  try {
    return { kind: 'quoted name', text: String(JSON.parse(`"${raw}"`)), at };
  } catch {
    throw invalid(whereIn(expression, at), 'a name in JSON text', 'something else');
  }
}

/** Where in an expression: for errors. */
export function whereIn(expression: string, at: number): string {
  const shown = expression.length > 80 ? `${expression.slice(0, 79)}…` : expression;
  return `JMESPath ${JSON.stringify(shown)}, character ${at + 1}`;
}
