/**
 * An evaluator for the CEL that the renderer writes about images: its operators, string and list functions and macros,
 * and nothing else. test/kyverno tries the same expressions in the real Kyverno.
 */
import { RE2JS } from 're2js';

type Value = string | number | boolean | readonly Value[];
type Scope = ReadonlyMap<string, Value>;
type Node = (scope: Scope) => Value;

/** The value of an expression. Throws for what is not CEL, or not of the subset. */
export function evaluateCel(source: string, variables: Readonly<Record<string, Value>>): Value {
  const tokens = tokensOf(source);
  const parser = { tokens, at: 0 };
  const node = ternary(parser);
  if (parser.at !== tokens.length) throw new Error(`CEL goes on at ${tokens.slice(parser.at).join(' ')}`);
  return node(new Map(Object.entries(variables)));
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
}

function tokensOf(source: string): readonly string[] {
  const token = /\s+|("(?:\\.|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|\d+|==|!=|&&|\|\||[-+?:.,()[\]!<>])/y;
  const found: string[] = [];
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const match = token.exec(source);
    if (match === null) throw new Error(`no CEL at ${source.slice(at, at + 20)}`);
    if (match[1] !== undefined) found.push(match[1]);
  }
  return found;
}

const peek = (p: Parser): string => p.tokens[p.at] ?? '';
function take(p: Parser, expected?: string): string {
  const token = peek(p);
  if (expected !== undefined && token !== expected) throw new Error(`expected ${expected}, found ${token}`);
  p.at += 1;
  return token;
}

function ternary(p: Parser): Node {
  const test = binary(p, 0);
  if (peek(p) !== '?') return test;
  take(p);
  const yes = ternary(p);
  take(p, ':');
  const no = ternary(p);
  return (s) => (test(s) === true ? yes(s) : no(s));
}

const LEVELS = [['||'], ['&&'], ['==', '!='], ['+', '-']];

function binary(p: Parser, level: number): Node {
  const operators = LEVELS[level];
  if (operators === undefined) return unary(p);
  let left = binary(p, level + 1);
  while (operators.includes(peek(p))) {
    const operator = take(p);
    const [a, b] = [left, binary(p, level + 1)];
    left = (s) => apply(operator, a, b, s);
  }
  return left;
}

function apply(operator: string, a: Node, b: Node, s: Scope): Value {
  if (operator === '||') return a(s) === true || b(s);
  if (operator === '&&') return a(s) === true && b(s);
  const [x, y] = [a(s), b(s)];
  if (operator === '==') return JSON.stringify(x) === JSON.stringify(y);
  if (operator === '!=') return JSON.stringify(x) !== JSON.stringify(y);
  if (Array.isArray(x) && Array.isArray(y)) return [...x, ...y];
  if (operator === '+' && typeof x === typeof y) return (x as string) + (y as string);
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  throw new Error(`no ${operator} of these`);
}

function unary(p: Parser): Node {
  if (peek(p) !== '!') return member(p);
  take(p);
  const inner = unary(p);
  return (s) => inner(s) !== true;
}

function member(p: Parser): Node {
  let node = primary(p);
  for (;;) {
    const target = node;
    if (peek(p) === '[') {
      take(p);
      const index = ternary(p);
      take(p, ']');
      node = (s) => {
        const item = (target(s) as readonly Value[])[index(s) as number];
        if (item === undefined) throw new Error('no such index');
        return item;
      };
    } else if (peek(p) === '.') {
      take(p);
      node = call(target, take(p), p);
    } else return node;
  }
}

function call(target: Node, name: string, p: Parser): Node {
  take(p, '(');
  if (name === 'exists' || name === 'map') {
    const variable = take(p);
    take(p, ',');
    const body = ternary(p);
    take(p, ')');
    return (s) => {
      const items = (target(s) as readonly Value[]).map((item) => body(new Map(s).set(variable, item)));
      return name === 'map' ? items : items.includes(true);
    };
  }
  const parameters: Node[] = [];
  while (peek(p) !== ')') {
    parameters.push(ternary(p));
    if (peek(p) === ',') take(p);
  }
  take(p, ')');
  return (s) =>
    run(
      name,
      target(s),
      parameters.map((one) => one(s)),
    );
}

function run(name: string, target: Value, [a, b]: readonly Value[]): Value {
  const text = target as string;
  switch (name) {
    case 'matches':
      return RE2JS.compile(a as string)
        .matcher(text)
        .find();
    case 'split':
      return text.split(a as string);
    case 'size':
      return Array.from(target as string).length;
    case 'substring':
      if (((b ?? 0) as number) > text.length || (a as number) > text.length) throw new Error('index out of range');
      return text.substring(a as number, b as number | undefined);
    case 'lowerAscii':
      return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    case 'startsWith':
      return text.startsWith(a as string);
    case 'endsWith':
      return text.endsWith(a as string);
    case 'contains':
      return text.includes(a as string);
    default:
      throw new Error(`no function ${name}`);
  }
}

function primary(p: Parser): Node {
  const token = take(p);
  if (token === '(') {
    const inner = ternary(p);
    take(p, ')');
    return inner;
  }
  if (token === '[') {
    const items: Node[] = [];
    while (peek(p) !== ']') {
      items.push(ternary(p));
      if (peek(p) === ',') take(p);
    }
    take(p, ']');
    return (s) => items.map((item) => item(s));
  }
  if (token.startsWith('"')) {
    const text = JSON.parse(token) as string;
    return () => text;
  }
  if (/^\d/.test(token)) return () => Number(token);
  if (token === 'true' || token === 'false') return () => token === 'true';
  if (token === 'cel') return binding(p);
  return (s) => {
    const value = s.get(token);
    if (value === undefined) throw new Error(`undeclared ${token}`);
    return value;
  };
}

function binding(p: Parser): Node {
  take(p, '.');
  take(p, 'bind');
  take(p, '(');
  const name = take(p);
  take(p, ',');
  const value = ternary(p);
  take(p, ',');
  const body = ternary(p);
  take(p, ')');
  return (s) => body(new Map(s).set(name, value(s)));
}
