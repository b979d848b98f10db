/** Tokens of CEL (cel-spec, Lexis), each with its place. Must never end in the middle of a text without saying so. */

/** A token. `text` of a string literal is its content. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /(?:\s|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0x[0-9a-fA-F]+u?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?u?/y;
const STRING = /[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/y;
const SYMBOL = /&&|\|\||==|!=|<=|>=|\.\?|\[\?|[-+*/%!<>?:.,()[\]{}]/y;

/** The tokens of a text, with one at the end; undefined where there is something that is none. */
export function tokensOf(source: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const space = matchAt(SPACE, source, at);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = tokenAt(source, at);
    if (token === undefined) return undefined;
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: at, end: at });
  return tokens;
}

function tokenAt(source: string, start: number): Token | undefined {
  const literal = matchAt(STRING, source, start);
  if (literal !== undefined) return { kind: 'string', text: contentOf(literal), start, end: start + literal.length };
  for (const [kind, pattern] of [
    ['name', NAME],
    ['number', NUMBER],
    ['symbol', SYMBOL],
  ] as const) {
    const text = matchAt(pattern, source, start);
    if (text !== undefined) return { kind, text, start, end: start + text.length };
  }
  return undefined;
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function contentOf(literal: string): string {
  const prefix = /^[rRbB]*/.exec(literal)?.[0] ?? '';
  const quoted = literal.slice(prefix.length);
  const width = /^("""|''')/.test(quoted) ? 3 : 1;
  const inner = quoted.slice(width, -width);
  if (/r/i.test(prefix)) return inner;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return inner.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) =>
    escaped.length === 5 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (escapes[escaped] ?? escaped),
  );
}
