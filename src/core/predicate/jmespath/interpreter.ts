/**
 * Evaluates JMESPath as Kyverno's fork of go-jmespath does: a field that an object does not have is no null but a fault,
 * unless something around it (`||`, a comparison, a function, a pipe, a projection) takes it for null. Every node and
 * every member counts as work.
 */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import type { FunctionTable } from './function.ts';
import { callFunction } from './function.ts';
import type { Node, SliceParts } from './syntax.ts';
import { areEqual, isFalse, isObject, Reference } from './values.ts';

/** A field that is not there: a value and no error, for projections may come upon one in every member. */
class Missing {
  readonly field: string;

  constructor(field: string) {
    this.field = field;
  }
}

/** What an evaluation needs beside the value. */
export interface JmespathContext {
  readonly evaluation: Evaluation;
  readonly functions: FunctionTable;
}

type Evaluator<T extends Node['type']> = (
  node: Extract<Node, { type: T }>,
  value: unknown,
  ctx: JmespathContext,
) => unknown;

const EVALUATORS: { readonly [T in Node['type']]: Evaluator<T> } = {
  current: (_node, value) => value,
  field: ({ name }, value) => fieldOf(name, value),
  index: ({ index }, value) => (Array.isArray(value) ? (value.at(index) ?? null) : null),
  slice: ({ parts }, value, ctx) => (Array.isArray(value) ? slice(value, parts, ctx) : null),
  literal: (node) => node.value,
  sub: ({ left, right }, value, ctx) => {
    const of = evaluate(left, value, ctx);
    return of instanceof Missing ? of : evaluate(right, of, ctx);
  },
  pipe: ({ left, right }, value, ctx) => lenient(right, lenient(left, value, ctx), ctx),
  or: ({ left, right }, value, ctx) => {
    const first = lenient(left, value, ctx);
    return isFalse(first) ? lenient(right, value, ctx) : first;
  },
  and: ({ left, right }, value, ctx) => {
    const first = lenient(left, value, ctx);
    return isFalse(first) ? first : evaluate(right, value, ctx);
  },
  not: ({ of }, value, ctx) => isFalse(lenient(of, value, ctx)),
  compare,
  list: ({ items }, value, ctx) => (value === null ? null : items.map((item) => lenient(item, value, ctx))),
  hash: ({ members }, value, ctx) =>
    value === null ? null : Object.fromEntries(members.map(([name, member]) => [name, lenient(member, value, ctx)])),
  call: ({ name, args }, value, ctx) => callFunction(name, argumentsOf(args, value, ctx), ctx),
  reference: ({ of }, _value, ctx) => new Reference(of, (item) => lenient(of, item, ctx)),
  flatten: ({ of }, value, ctx) => flatten(lenient(of, value, ctx), ctx),
  projection: ({ left, right }, value, ctx) => project(lenient(left, value, ctx), right, ctx),
  values: ({ left, right }, value, ctx) => {
    const object = lenient(left, value, ctx);
    return isObject(object) ? project(Object.values(object), right, ctx) : null;
  },
  filter,
};

/** Evaluates an expression against a value. Throws EvaluationFault, also for a field that is not there. */
export function search(node: Node, value: unknown, ctx: JmespathContext): unknown {
  const found = evaluate(node, value, ctx);
  if (found instanceof Missing) throw new EvaluationFault(`there is no field ${JSON.stringify(found.field)}`);
  return found;
}

/** The value, or Missing. */
function evaluate(node: Node, value: unknown, ctx: JmespathContext): unknown {
  ctx.evaluation.spend();
  // The table has the evaluator of each type at its name, which the compiler cannot follow through the look-up.
  const result: unknown = Reflect.apply(EVALUATORS[node.type], undefined, [node, value, ctx]);
  return result;
}

function argumentsOf(args: readonly Node[], value: unknown, ctx: JmespathContext): readonly unknown[] {
  return args.map((arg) => lenient(arg, value, ctx));
}

/** A node whose missing fields are null. */
function lenient(node: Node, value: unknown, ctx: JmespathContext): unknown {
  const found = evaluate(node, value, ctx);
  return found instanceof Missing ? null : found;
}

function fieldOf(name: string, value: unknown): unknown {
  if (!isObject(value)) return null;
  return Object.hasOwn(value, name) ? (value[name] ?? null) : new Missing(name);
}

function compare(node: Extract<Node, { type: 'compare' }>, value: unknown, ctx: JmespathContext): unknown {
  const left = lenient(node.left, value, ctx);
  const right = lenient(node.right, value, ctx);
  if (node.by === '==') return areEqual(left, right, ctx.evaluation);
  if (node.by === '!=') return !areEqual(left, right, ctx.evaluation);
  if (typeof left !== 'number' || typeof right !== 'number') return null;
  switch (node.by) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

function flatten(value: unknown, ctx: JmespathContext): unknown {
  if (!Array.isArray(value)) return null;
  const flat: unknown[] = [];
  for (const item of value) {
    ctx.evaluation.spend(Array.isArray(item) ? item.length + 1 : 1);
    if (Array.isArray(item)) for (const inner of item) flat.push(inner);
    else flat.push(item);
  }
  return flat;
}

function project(value: unknown, right: Node, ctx: JmespathContext): unknown {
  if (!Array.isArray(value)) return null;
  return value.map((item) => lenient(right, item, ctx)).filter((item) => item !== null);
}

function filter(node: Extract<Node, { type: 'filter' }>, value: unknown, ctx: JmespathContext): unknown {
  const left = lenient(node.left, value, ctx);
  if (!Array.isArray(left)) return null;
  const kept = left.filter((item) => !isFalse(lenient(node.condition, item, ctx)));
  return project(kept, node.right, ctx);
}

/** As in Python. */
function slice(list: readonly unknown[], [from, to, by]: SliceParts, ctx: JmespathContext): readonly unknown[] {
  const step = by ?? 1;
  const start = from === undefined ? (step < 0 ? list.length - 1 : 0) : cap(list.length, from, step);
  const stop = to === undefined ? (step < 0 ? -1 : list.length) : cap(list.length, to, step);
  const result: unknown[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) {
    ctx.evaluation.spend();
    result.push(list[at]);
  }
  return result;
}

function cap(length: number, wanted: number, step: number): number {
  if (wanted < 0) return wanted + length < 0 ? (step < 0 ? -1 : 0) : wanted + length;
  if (wanted >= length) return step < 0 ? length - 1 : length;
  return wanted;
}
