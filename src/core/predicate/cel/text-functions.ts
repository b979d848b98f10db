/** Methods of text in CEL: the standard ones, and those of its strings extension. Positions are in code points. */
import type { Evaluation } from '../evaluation.ts';
import { findsPattern } from '../formats/pattern.ts';
import { CelFault, fault } from './fault.ts';
import type { CelFunction, FunctionTable } from './function.ts';
import { type CelValue, isList } from './values.ts';

type Characters = readonly string[];

/** `text.matches(pattern)`: RE2, found anywhere. */
export const MATCHES: CelFunction = {
  arity: [1, 1],
  gives: 'bool',
  run: ([text = null, pattern = null], evaluation) => findsPattern(textOf(pattern), textOf(text), evaluation),
};

/** By name. */
export const TEXT_METHODS: FunctionTable = {
  charAt: method([1, 1], (text, [at]) => charAt(Array.from(text), indexOf(at))),
  contains: test((text, part) => text.includes(part)),
  endsWith: test((text, part) => text.endsWith(part)),
  indexOf: method([1, 2], (text, [part, from]) => find(text, textOf(part), from)),
  join: { arity: [0, 1], gives: 'other', run: join },
  lastIndexOf: method([1, 2], (text, [part, from]) => findLast(text, textOf(part), from)),
  lowerAscii: method([0, 0], (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  matches: MATCHES,
  replace: method([2, 3], (text, [old, put, count], evaluation) =>
    replace(text, [textOf(old), textOf(put)], limitOf(count), evaluation),
  ),
  split: method([1, 2], (text, [separator, count], evaluation) =>
    split(text, textOf(separator), limitOf(count), evaluation),
  ),
  startsWith: test((text, part) => text.startsWith(part)),
  substring: method([1, 2], (text, [from, to]) => substring(Array.from(text), indexOf(from), to)),
  trim: method([0, 0], (text) => text.trim()),
  upperAscii: method([0, 0], (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())),
};

type Run = (text: string, args: readonly (CelValue | undefined)[], evaluation: Evaluation) => CelValue;

function method(arity: readonly [number, number], run: Run): CelFunction {
  return {
    arity,
    gives: 'other',
    run: ([text = null, ...args], evaluation) => {
      evaluation.spendText(textOf(text));
      return run(textOf(text), args, evaluation);
    },
  };
}

function test(holds: (text: string, part: string) => boolean): CelFunction {
  return {
    arity: [1, 1],
    gives: 'bool',
    run: ([text = null, part = null], evaluation) => {
      evaluation.spendText(textOf(text));
      return holds(textOf(text), textOf(part));
    },
  };
}

function textOf(value: CelValue | undefined): string {
  if (typeof value === 'string') return value;
  throw fault('a string is expected', value ?? null);
}

function indexOf(value: CelValue | undefined): number {
  if (typeof value === 'bigint' && value >= 0n && value <= 2n ** 31n) return Number(value);
  throw fault('a position is expected', value ?? null);
}

/** How many at most; absent or negative: all. */
function limitOf(value: CelValue | undefined): number {
  if (value === undefined) return -1;
  if (typeof value !== 'bigint') throw fault('a whole number is expected', value);
  return value < 0n || value > 2n ** 31n ? -1 : Number(value);
}

function charAt(characters: Characters, at: number): string {
  if (at > characters.length) throw new CelFault('a position beyond the end of the text');
  return characters[at] ?? '';
}

function substring(characters: Characters, from: number, end: CelValue | undefined): string {
  const to = end === undefined ? characters.length : indexOf(end);
  if (from > to || to > characters.length) throw new CelFault('positions beyond the end of the text');
  return characters.slice(from, to).join('');
}

function find(text: string, part: string, from: CelValue | undefined): bigint {
  const start = from === undefined ? 0 : unitsBefore(text, indexOf(from));
  return pointsBefore(text, text.indexOf(part, start));
}

function findLast(text: string, part: string, from: CelValue | undefined): bigint {
  const start = from === undefined ? text.length : unitsBefore(text, indexOf(from));
  return pointsBefore(text, text.lastIndexOf(part, start));
}

function unitsBefore(text: string, points: number): number {
  const characters = Array.from(text);
  if (points > characters.length) throw new CelFault('a position beyond the end of the text');
  return characters.slice(0, points).join('').length;
}

function pointsBefore(text: string, units: number): bigint {
  return units < 0 ? -1n : BigInt(Array.from(text.slice(0, units)).length);
}

function join([list = null, separator = '']: readonly CelValue[], evaluation: Evaluation): string {
  if (!isList(list)) throw fault('a list of strings is expected', list);
  const texts = list.map(textOf);
  const between = textOf(separator);
  evaluation.spend(1 + Math.ceil((texts.length * between.length) / 16));
  evaluation.spendText(...texts);
  return texts.join(between);
}

function split(text: string, separator: string, limit: number, evaluation: Evaluation): readonly string[] {
  if (limit === 0) return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  evaluation.spend(parts.length);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function replace(text: string, [old, put]: readonly [string, string], limit: number, evaluation: Evaluation): string {
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  evaluation.spend(parts.length + Math.ceil((count * put.length) / 16));
  return [...parts.slice(0, count), parts.slice(count).join(old)].join(put);
}
