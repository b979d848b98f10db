/**
 * The parser of CEL (cel-spec, doc/langdef.md, grammar), bounded in depth. Messages and optional fields are left out:
 * a predicate has none.
 */
import { lex, type Token, wrongAt } from './lexer.ts';
import { isLoopKind, loopOf } from './loops.ts';
import type { BinaryOperator, Node } from './syntax.ts';
import { CelUint } from './values.ts';

const MAX_DEPTH = 48;
const RELATIONS: readonly BinaryOperator[] = ['==', '!=', '<=', '>=', '<', '>', 'in'];
const SUMS: readonly BinaryOperator[] = ['+', '-'];
const PRODUCTS: readonly BinaryOperator[] = ['*', '/', '%'];
const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Parses an expression. Throws Failure `invalid`, with the place. */
export function parse(source: string): Node {
  return new Parser(source).whole();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  whole(): Node {
    const node = this.#expression();
    if (this.#token().kind !== 'end') throw this.#wrong('the end, or an operator');
    return node;
  }

  #expression(): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#wrong(`at most ${MAX_DEPTH} levels of nesting`);
    const condition = this.#logical('||', () => this.#logical('&&', () => this.#relation()));
    const node = this.#skip('?') ? this.#choice(condition) : condition;
    this.#depth -= 1;
    return node;
  }

  #choice(condition: Node): Node {
    const chosen = this.#logical('||', () => this.#logical('&&', () => this.#relation()));
    this.#expect(':');
    return { type: 'choice', condition, chosen, otherwise: this.#expression() };
  }

  #logical(symbol: '&&' | '||', part: () => Node): Node {
    let node = part();
    while (this.#skip(symbol)) node = { type: symbol === '&&' ? 'and' : 'or', left: node, right: part() };
    return node;
  }

  #relation(): Node {
    return this.#binary(RELATIONS, () => this.#binary(SUMS, () => this.#binary(PRODUCTS, () => this.#unary())));
  }

  #binary(operators: readonly BinaryOperator[], part: () => Node): Node {
    let node = part();
    for (;;) {
      const by = operators.find((operator) => this.#skip(operator));
      if (by === undefined) return node;
      node = { type: 'binary', by, left: node, right: part() };
    }
  }

  #unary(): Node {
    if (this.#skip('!')) return { type: 'not', of: this.#nested(() => this.#unary()) };
    if (!this.#is('-')) return this.#member();
    this.#at += 1;
    const token = this.#token();
    if (token.kind !== 'int') return { type: 'negative', of: this.#nested(() => this.#unary()) };
    this.#at += 1;
    return this.#members({ type: 'literal', value: -token.value });
  }

  #nested(part: () => Node): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#wrong(`at most ${MAX_DEPTH} levels of nesting`);
    const node = part();
    this.#depth -= 1;
    return node;
  }

  #member(): Node {
    return this.#members(this.#primary());
  }

  #members(first: Node): Node {
    let node = first;
    for (;;) {
      if (this.#skip('.')) node = this.#afterDot(node);
      else if (this.#skip('[')) {
        node = { type: 'index', of: node, by: this.#expression() };
        this.#expect(']');
      } else return node;
    }
  }

  #afterDot(of: Node): Node {
    const at = this.#at;
    const name = this.#name();
    if (!this.#skip('(')) return { type: 'field', of, field: name };
    const args = this.#list(')');
    if (!isLoopKind(name)) return { type: 'call', name, method: true, args: [of, ...args] };
    const loop = loopOf(name, of, args);
    if (loop === undefined) throw wrongAt(this.#source, this.#tokens[at]?.at ?? 0, `${name}(variable, expression)`);
    return loop;
  }

  #primary(): Node {
    const token = this.#token();
    switch (token.kind) {
      case 'int':
        if (token.value > 2n ** 63n - 1n) throw this.#wrong('a number of 64 bits');
        return this.#literal(token.value);
      case 'uint':
        return this.#literal(new CelUint(token.value));
      case 'double':
      case 'string':
      case 'bytes':
        return this.#literal(token.value);
      case 'name':
        return this.#named();
      case 'symbol':
      case 'end':
        return this.#bracketed();
    }
  }

  #literal(value: Extract<Node, { type: 'literal' }>['value']): Node {
    this.#at += 1;
    return { type: 'literal', value };
  }

  #named(): Node {
    const name = this.#name();
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return { type: 'literal', value: constant };
    if (!this.#skip('(')) return { type: 'name', name };
    const args = this.#list(')');
    if (name !== 'has') return { type: 'call', name, method: false, args };
    const [of] = args;
    if (args.length !== 1 || of?.type !== 'field') throw this.#wrong('has(value.field)');
    return { ...of, type: 'has' };
  }

  #bracketed(): Node {
    if (this.#skip('(')) {
      const node = this.#expression();
      this.#expect(')');
      return node;
    }
    if (this.#skip('[')) return { type: 'list', items: this.#list(']') };
    if (this.#skip('{')) return { type: 'map', entries: this.#entries() };
    throw this.#wrong('an expression');
  }

  #list(closing: ')' | ']'): readonly Node[] {
    const items: Node[] = [];
    while (!this.#skip(closing)) {
      items.push(this.#expression());
      if (this.#skip(',') && !(closing === ')' && this.#is(')'))) continue;
      this.#expect(closing);
      break;
    }
    return items;
  }

  #entries(): readonly (readonly [Node, Node])[] {
    const entries: (readonly [Node, Node])[] = [];
    while (!this.#skip('}')) {
      const key = this.#expression();
      this.#expect(':');
      entries.push([key, this.#expression()]);
      if (this.#skip(',')) continue;
      this.#expect('}');
      break;
    }
    return entries;
  }

  #name(): string {
    const token = this.#token();
    if (token.kind !== 'name') throw this.#wrong('a name');
    this.#at += 1;
    return token.text;
  }

  #token(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', at: this.#source.length };
  }

  /** `in` is a word that is an operator. */
  #is(text: string): boolean {
    const token = this.#token();
    return token.text === text && (token.kind === 'symbol' || (text === 'in' && token.kind === 'name'));
  }

  #skip(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw this.#wrong(text);
  }

  #wrong(expected: string): Error {
    return wrongAt(this.#source, this.#token().at, expected);
  }
}
