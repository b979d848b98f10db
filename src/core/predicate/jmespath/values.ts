/** What JMESPath says of JSON values: their types, which of them count as false, and when two are equal. */
import type { Evaluation } from '../evaluation.ts';
import type { Node } from './syntax.ts';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An expression as an argument (`&name`), with what evaluates it against a value. */
export class Reference {
  readonly #evaluate: (value: unknown) => unknown;
  readonly node: Node;

  constructor(node: Node, evaluate: (value: unknown) => unknown) {
    this.node = node;
    this.#evaluate = evaluate;
  }

  /** The expression, evaluated against a value; a missing field is null. */
  of(value: unknown): unknown {
    return this.#evaluate(value);
  }
}

/** The types that functions ask for. */
export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'reference';

/** The type of a value. */
export function typeOf(value: unknown): TypeName {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Reference) return 'reference';
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object';
}

/** Is it an object of JSON? */
export function isObject(value: unknown): value is JsonObject {
  return typeOf(value) === 'object';
}

/** false, null, and what is empty. */
export function isFalse(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && isEmpty(value);
}

/** Without a list of all names, which costs as much as there are. */
function isEmpty(object: JsonObject): boolean {
  for (const name in object) if (Object.hasOwn(object, name)) return false;
  return true;
}

/** Deep equality; the order of members does not count. */
export function areEqual(a: unknown, b: unknown, evaluation: Evaluation): boolean {
  evaluation.spend();
  if (a === b) {
    if (typeof a === 'string') evaluation.spendText(a);
    return true;
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, at) => areEqual(item, b[at], evaluation));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  evaluation.spend(names.length);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && areEqual(a[name], b[name], evaluation));
}
