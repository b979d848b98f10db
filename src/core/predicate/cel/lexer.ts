/** Words of CEL (cel-spec, doc/langdef.md, lexis). Owns the cutting and unescaping; must never evaluate. */
import { type Failure, invalid } from '../../failure.ts';
import { parseText } from './literal.ts';

/** A word: symbols and names carry their text; literals their value. */
export type Token =
  | { readonly kind: 'symbol' | 'name' | 'end'; readonly text: string; readonly at: number }
  | { readonly kind: 'int' | 'uint'; readonly value: bigint; readonly text: string; readonly at: number }
  | { readonly kind: 'double'; readonly value: number; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly value: string; readonly text: string; readonly at: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array; readonly text: string; readonly at: number };

const BLANK = /(?:[ \t\r\n\f]|\/\/[^\n]*)*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const DOUBLE = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const INTEGER = /(0[xX][0-9a-fA-F]+|\d+)([uU]?)/y;
const SYMBOL = /&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}]/y;
const TEXT = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y;

/** Words that the language keeps for itself. */
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** Cuts an expression into words, the last of them `end`. Throws Failure `invalid`. */
export function lex(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(BLANK, source, at)?.[0].length ?? 0;
    if (at >= source.length) return [...tokens, { kind: 'end', text: '', at }];
    const token = tokenAt(source, at);
    tokens.push(token);
    at += token.text.length;
  }
}

/** What is wrong, and where. */
export function wrongAt(source: string, at: number, expected: string): Failure {
  const rest = source.slice(at, at + 24);
  const found = rest === '' ? 'the end' : JSON.stringify(rest.length === 24 ? `${rest}…` : rest);
  return invalid(`CEL, character ${at + 1}`, expected, found);
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function tokenAt(source: string, at: number): Token {
  const quoted = matchAt(TEXT, source, at);
  if (quoted !== null) return textAt(source, at, quoted);
  const [name] = matchAt(NAME, source, at) ?? [];
  if (name !== undefined) {
    if (RESERVED.has(name)) throw wrongAt(source, at, 'a name that the language does not keep for itself');
    return { kind: 'name', text: name, at };
  }
  const [double] = matchAt(DOUBLE, source, at) ?? [];
  if (double !== undefined) return { kind: 'double', value: Number(double), text: double, at };
  const integer = matchAt(INTEGER, source, at);
  if (integer !== null) return integerOf(source, at, integer);
  const [symbol] = matchAt(SYMBOL, source, at) ?? [];
  if (symbol === undefined) throw wrongAt(source, at, 'CEL');
  return { kind: 'symbol', text: symbol, at };
}

function integerOf(source: string, at: number, [text, digits = '', unsigned = '']: RegExpExecArray): Token {
  const value = BigInt(digits);
  // 2^63 is read for the sake of -9223372036854775808; the parser refuses it elsewhere.
  if (value > (unsigned === '' ? 2n ** 63n : 2n ** 64n - 1n)) throw wrongAt(source, at, 'a number of 64 bits');
  return { kind: unsigned === '' ? 'int' : 'uint', value, text, at };
}

function textAt(source: string, at: number, [opening, prefix = '', quote = '']: RegExpExecArray): Token {
  const raw = /r/i.test(prefix);
  const start = at + opening.length;
  let end = start;
  while (!source.startsWith(quote, end)) {
    if (end >= source.length) throw wrongAt(source, at, 'a closing quote');
    if (quote.length === 1 && /[\r\n]/.test(source.charAt(end)))
      throw wrongAt(source, at, 'a closing quote on the line');
    end += source.charAt(end) === '\\' && !raw ? 2 : 1;
  }
  const text = source.slice(at, end + quote.length);
  const body = source.slice(start, end);
  const bytes = /b/i.test(prefix);
  const value = parseText(body, { raw, bytes });
  if (value === undefined) throw wrongAt(source, at, 'escapes that CEL knows');
  return typeof value === 'string' ? { kind: 'string', value, text, at } : { kind: 'bytes', value, text, at };
}
