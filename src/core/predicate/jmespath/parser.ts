/**
 * The parser of JMESPath: operator precedence by binding powers, as in every implementation of it. Bounded in depth.
 * Must never evaluate; whether functions exist is asked by `compile`.
 */
import { Cursor } from './cursor.ts';
import type { Token, TokenKind } from './lexer.ts';
import { isComparator, POWER, PROJECTION_STOPS } from './power.ts';
import type { Node, SliceParts } from './syntax.ts';

/** How deep expressions may nest; an expression of ours has at most 1,024 characters anyway. */
const MAX_DEPTH = 64;

const CURRENT: Node = { type: 'current' };

/** A call of a function: its name and how many arguments it is given. */
export interface Call {
  readonly name: string;
  readonly given: number;
}

/** Parses an expression; gives the functions that it calls as well. Throws Failure `invalid`, with the place. */
export function parse(expression: string): { readonly node: Node; readonly calls: readonly Call[] } {
  const parser = new Parser(expression);
  return { node: parser.whole(), calls: parser.calls };
}

class Parser {
  readonly calls: Call[] = [];
  readonly #cursor: Cursor;
  #depth = 0;

  constructor(expression: string) {
    this.#cursor = new Cursor(expression);
  }

  whole(): Node {
    const node = this.#expressionOf(0);
    if (this.#cursor.kind() !== 'end') throw this.#cursor.unexpected('the end');
    return node;
  }

  #expressionOf(power: number): Node {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#cursor.unexpected(`at most ${MAX_DEPTH} levels of nesting`);
    let node = this.#first();
    while (power < (POWER[this.#cursor.kind()] ?? 0)) node = this.#after(node);
    this.#depth -= 1;
    return node;
  }

  /** A node that begins here. */
  #first(): Node {
    const token = this.#cursor.next();
    const kind: string = token.kind;
    switch (kind) {
      case 'JSON literal':
        return { type: 'literal', value: this.#json(token) };
      case 'text literal':
        return { type: 'literal', value: token.text };
      case 'name':
      case 'quoted name':
        return this.#name(token);
      case '*':
        return { type: 'values', left: CURRENT, right: this.#cursor.kind() === ']' ? CURRENT : this.#projected('*') };
      case '@':
        return CURRENT;
      case '&':
        return { type: 'reference', of: this.#expressionOf(0) };
      case '!':
        return { type: 'not', of: this.#expressionOf(POWER['!'] ?? 0) };
      default:
        return this.#bracketed(token);
    }
  }

  #bracketed(token: Token): Node {
    const kind: string = token.kind;
    switch (kind) {
      case '[?':
        return this.#filter(CURRENT);
      case '{':
        return this.#hash();
      case '[]':
        return { type: 'projection', left: { type: 'flatten', of: CURRENT }, right: this.#projected('[]') };
      case '[':
        return this.#isIndex() || this.#isStar() ? this.#bracket(CURRENT) : this.#list();
      case '(': {
        const node = this.#expressionOf(0);
        this.#cursor.expect(')');
        return node;
      }
      default:
        throw this.#cursor.unexpectedAt(token, 'an expression');
    }
  }

  #name(token: Token): Node {
    if (this.#cursor.kind() !== '(') return { type: 'field', name: token.text };
    if (token.kind === 'quoted name') throw this.#cursor.unexpected('a function name without quotes');
    this.#cursor.next();
    const args = this.#arguments();
    this.calls.push({ name: token.text, given: args.length });
    return { type: 'call', name: token.text, args };
  }

  /** A node that continues the one before it. */
  #after(left: Node): Node {
    const token = this.#cursor.next();
    const kind: string = token.kind;
    switch (kind) {
      case '.':
        if (this.#cursor.kind() !== '*') return { type: 'sub', left, right: this.#afterDot(POWER['.'] ?? 0) };
        this.#cursor.next();
        return { type: 'values', left, right: this.#projected('.') };
      case '|':
        return { type: 'pipe', left, right: this.#expressionOf(POWER['|'] ?? 0) };
      case '||':
        return { type: 'or', left, right: this.#expressionOf(POWER['||'] ?? 0) };
      case '&&':
        return { type: 'and', left, right: this.#expressionOf(POWER['&&'] ?? 0) };
      case '[':
        return this.#bracket(left);
      default:
        return this.#projection(left, token);
    }
  }

  #projection(left: Node, token: Token): Node {
    const { kind } = token;
    if (kind === '[?') return this.#filter(left);
    if (kind === '[]') return { type: 'projection', left: { type: 'flatten', of: left }, right: this.#projected('[]') };
    if (!isComparator(kind)) throw this.#cursor.unexpectedAt(token, 'an operator');
    return { type: 'compare', by: kind, left, right: this.#expressionOf(POWER[kind] ?? 0) };
  }

  #bracket(left: Node): Node {
    if (this.#isIndex()) return this.#indexOrSlice(left);
    this.#cursor.expect('*');
    this.#cursor.expect(']');
    return { type: 'projection', left, right: this.#projected('*') };
  }

  #isIndex(): boolean {
    return this.#cursor.kind() === 'number' || this.#cursor.kind() === ':';
  }

  #isStar(): boolean {
    return this.#cursor.kind() === '*' && this.#cursor.kind(1) === ']';
  }

  #indexOrSlice(left: Node): Node {
    const parts: [number | undefined, number | undefined, number | undefined] = [undefined, undefined, undefined];
    let part = 0;
    let colons = 0;
    while (this.#isIndex() && part < 3) {
      const token = this.#cursor.next();
      if (token.kind === ':') [part, colons] = [part + 1, colons + 1];
      else parts[part] = this.#integer(token);
    }
    this.#cursor.expect(']');
    if (colons === 0) return { type: 'sub', left, right: { type: 'index', index: parts[0] ?? 0 } };
    return { type: 'projection', left: { type: 'sub', left, right: this.#slice(parts) }, right: this.#projected('*') };
  }

  #slice(parts: SliceParts): Node {
    if (parts[2] === 0) throw this.#cursor.unexpected('a slice with a step other than 0');
    return { type: 'slice', parts };
  }

  #integer(token: Token): number {
    const value = Number(token.text);
    if (!Number.isSafeInteger(value)) throw this.#cursor.unexpectedAt(token, 'a whole number');
    return value;
  }

  #filter(left: Node): Node {
    const condition = this.#expressionOf(0);
    this.#cursor.expect(']');
    return { type: 'filter', left, condition, right: this.#cursor.kind() === '[]' ? CURRENT : this.#projected('[?') };
  }

  /** What a projection does to each of its members. */
  #projected(by: TokenKind): Node {
    const power = POWER[by] ?? 0;
    if ((POWER[this.#cursor.kind()] ?? 0) < PROJECTION_STOPS) return CURRENT;
    if (this.#cursor.kind() === '[' || this.#cursor.kind() === '[?') return this.#expressionOf(power);
    if (this.#cursor.kind() !== '.') throw this.#cursor.unexpected('., [ or the end of the projection');
    this.#cursor.next();
    return this.#afterDot(power);
  }

  #afterDot(power: number): Node {
    const kind = this.#cursor.kind();
    if (kind === 'name' || kind === 'quoted name' || kind === '*') return this.#expressionOf(power);
    if (kind !== '[' && kind !== '{') throw this.#cursor.unexpected('a name, [ or { after the dot');
    this.#cursor.next();
    return kind === '[' ? this.#list() : this.#hash();
  }

  #list(): Node {
    const items = [this.#expressionOf(0)];
    while (this.#cursor.kind() === ',') {
      this.#cursor.next();
      items.push(this.#expressionOf(0));
    }
    this.#cursor.expect(']');
    return { type: 'list', items };
  }

  #hash(): Node {
    const members: (readonly [string, Node])[] = [];
    do {
      const token = this.#cursor.next();
      if (token.kind !== 'name' && token.kind !== 'quoted name') throw this.#cursor.unexpectedAt(token, 'a name');
      this.#cursor.expect(':');
      members.push([token.text, this.#expressionOf(0)]);
    } while (this.#cursor.skip(','));
    this.#cursor.expect('}');
    return { type: 'hash', members };
  }

  #arguments(): readonly Node[] {
    const args: Node[] = [];
    if (this.#cursor.skip(')')) return args;
    do args.push(this.#expressionOf(0));
    while (this.#cursor.skip(','));
    this.#cursor.expect(')');
    return args;
  }

  #json(token: Token): unknown {
    try {
      return JSON.parse(token.text) as unknown;
    } catch {
      throw this.#cursor.unexpectedAt(token, 'JSON between back quotes');
    }
  }
}
