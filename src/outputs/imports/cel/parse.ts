/**
 * CEL expressions as trees (cel-spec, Syntax), for those who read what people wrote. Owns the grammar; must never
 * evaluate anything, nor take a text that is not wholly an expression.
 */
import { type Token, tokensOf } from './tokens.ts';

/** An expression, with its place in the text. */
export type Cel = Placed &
  (
    | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'member'; readonly of: Cel; readonly name: string }
    | { readonly kind: 'index'; readonly of: Cel; readonly key: Cel }
    | { readonly kind: 'call'; readonly of?: Cel; readonly name: string; readonly args: readonly Cel[] }
    | { readonly kind: 'list'; readonly items: readonly Cel[] }
    | { readonly kind: 'operation'; readonly operator: string; readonly of: readonly Cel[] }
  );

/** The parts that must all hold. */
export function conjuncts(cel: Cel): readonly Cel[] {
  return cel.kind === 'operation' && cel.operator === '&&' ? cel.of.flatMap(conjuncts) : [cel];
}

/** The name of a member of a variable: `attestors.a` or `attestors["a"]`. */
export function memberOf(cel: Cel, variable: string): string | undefined {
  if (cel.kind === 'member') return cel.of.kind === 'name' && cel.of.name === variable ? cel.name : undefined;
  if (cel.kind !== 'index' || cel.of.kind !== 'name' || cel.of.name !== variable) return undefined;
  return cel.key.kind === 'literal' && typeof cel.key.value === 'string' ? cel.key.value : undefined;
}

interface Placed {
  readonly start: number;
  readonly end: number;
}

const MAX_TEXT = 65_536;
const MAX_DEPTH = 100;
/** From the loosest to the tightest. */
const LEVELS = [['||'], ['&&'], ['<', '<=', '>=', '>', '==', '!=', 'in'], ['+', '-'], ['*', '/', '%']] as const;

/** The tree of an expression; undefined for what is none, or is nested too deep. */
export function parseCel(source: string): Cel | undefined {
  const tokens = source.length > MAX_TEXT ? undefined : tokensOf(source);
  if (tokens === undefined) return undefined;
  const reader = createReader(tokens);
  const tree = expression(reader, 0);
  return tree !== undefined && reader.peek().kind === 'end' ? tree : undefined;
}

/** All parts of an expression, itself first. */
export function* partsOf(cel: Cel): Generator<Cel, void, undefined> {
  yield cel;
  for (const child of childrenOf(cel)) yield* partsOf(child);
}

/** The parts directly below. */
export function childrenOf(cel: Cel): readonly Cel[] {
  switch (cel.kind) {
    case 'literal':
    case 'name':
      return [];
    case 'member':
      return [cel.of];
    case 'index':
      return [cel.of, cel.key];
    case 'call':
      return [...(cel.of === undefined ? [] : [cel.of]), ...cel.args];
    case 'list':
      return cel.items;
    case 'operation':
      return cel.of;
  }
}

interface Reader {
  peek(): Token;
  next(): Token;
  /** Takes the symbol where it is next. */
  take(symbol: string): boolean;
}

function createReader(tokens: readonly Token[]): Reader {
  let at = 0;
  const end: Token = { kind: 'end', text: '', start: 0, end: 0 };
  const peek = (): Token => tokens[at] ?? tokens.at(-1) ?? end;
  return {
    peek,
    next() {
      const token = peek();
      at += 1;
      return token;
    },
    take(symbol) {
      const { kind, text } = peek();
      const found = kind === 'symbol' && text === symbol;
      if (found) at += 1;
      return found;
    },
  };
}

function expression(reader: Reader, depth: number): Cel | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const condition = binary(reader, 0, depth);
  if (condition === undefined || !reader.take('?')) return condition;
  const then = binary(reader, 0, depth);
  if (then === undefined || !reader.take(':')) return undefined;
  const other = expression(reader, depth + 1);
  return other === undefined ? undefined : operation('?:', [condition, then, other]);
}

function operation(operator: string, of: readonly Cel[]): Cel {
  return { kind: 'operation', operator, of, start: of[0]?.start ?? 0, end: of.at(-1)?.end ?? 0 };
}

function binary(reader: Reader, level: number, depth: number): Cel | undefined {
  const operators: readonly string[] | undefined = LEVELS[level];
  if (operators === undefined) return unary(reader, depth);
  let left = binary(reader, level + 1, depth);
  while (left !== undefined) {
    const { kind, text } = reader.peek();
    if ((kind !== 'symbol' && text !== 'in') || !operators.includes(text)) return left;
    reader.next();
    const right = binary(reader, level + 1, depth);
    left = right === undefined ? undefined : operation(text, [left, right]);
  }
  return undefined;
}

function unary(reader: Reader, depth: number): Cel | undefined {
  const { kind, text, start } = reader.peek();
  if (kind !== 'symbol' || (text !== '!' && text !== '-')) return member(reader, depth);
  reader.next();
  const of = depth > MAX_DEPTH ? undefined : unary(reader, depth + 1);
  return of === undefined ? undefined : { ...operation(text, [of]), start };
}

function member(reader: Reader, depth: number): Cel | undefined {
  let of = primary(reader, depth);
  while (of !== undefined) {
    if (reader.take('.') || reader.take('.?')) of = field(reader, of, depth);
    else if (reader.take('[') || reader.take('[?')) of = index(reader, of, depth);
    else return of;
  }
  return undefined;
}

function field(reader: Reader, of: Cel, depth: number): Cel | undefined {
  const { kind, text, end } = reader.next();
  if (kind !== 'name') return undefined;
  if (!reader.take('(')) return { kind: 'member', of, name: text, start: of.start, end };
  const args = list(reader, ')', depth);
  return args === undefined
    ? undefined
    : { kind: 'call', of, name: text, args: args.items, start: of.start, end: args.end };
}

function index(reader: Reader, of: Cel, depth: number): Cel | undefined {
  const key = expression(reader, depth + 1);
  const { text, end } = reader.next();
  return key === undefined || text !== ']' ? undefined : { kind: 'index', of, key, start: of.start, end };
}

/** Expressions up to the closing symbol. */
function list(reader: Reader, close: string, depth: number): { items: readonly Cel[]; end: number } | undefined {
  const items: Cel[] = [];
  for (;;) {
    const { end } = reader.peek();
    if (reader.take(close)) return { items, end };
    const item = expression(reader, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    const { text } = reader.peek();
    if (!reader.take(',') && text !== close) return undefined;
  }
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function primary(reader: Reader, depth: number): Cel | undefined {
  const { kind, text, start, end } = reader.next();
  if (kind === 'string') return { kind: 'literal', value: text, start, end };
  if (kind === 'number') return { kind: 'literal', value: Number(text.replace(/u$/, '')), start, end };
  if (kind === 'name') return named(reader, { text, start, end }, depth);
  if (text === '(') return grouped(reader, start, depth);
  if (text !== '[') return undefined;
  const items = list(reader, ']', depth);
  return items === undefined ? undefined : { kind: 'list', items: items.items, start, end: items.end };
}

function named(reader: Reader, token: Pick<Token, 'text' | 'start' | 'end'>, depth: number): Cel | undefined {
  const { text, start, end } = token;
  const value = WORDS.get(text);
  if (value !== undefined) return { kind: 'literal', value, start, end };
  if (!reader.take('(')) return { kind: 'name', name: text, start, end };
  const args = list(reader, ')', depth);
  return args === undefined ? undefined : { kind: 'call', name: text, args: args.items, start, end: args.end };
}

/** The parentheses belong to the place, so that a part can be cut out of the text. */
function grouped(reader: Reader, start: number, depth: number): Cel | undefined {
  const inner = expression(reader, depth + 1);
  const { text, end } = reader.next();
  return inner === undefined || text !== ')' ? undefined : { ...inner, start, end };
}
