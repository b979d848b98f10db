/**
 * Evaluates CEL. `||` and `&&` absorb a fault of one side where the other side decides (langdef.md, logical operators);
 * every other fault ends the evaluation. Every node and every member of a loop counts as work.
 */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { type ArithmeticOperator, calculate, joined, negated } from './arithmetic.ts';
import { functionOf, TYPE_NAMES } from './check.ts';
import { compareValues, equalValues, type Spend } from './equality.ts';
import { CelFault, fault } from './fault.ts';
import { isIn, membersOf, runLoop, truth } from './loops.ts';
import type { Node } from './syntax.ts';
import { CelMap, CelType, type CelValue, isList, isMap, keyText, memberOf, typeName } from './values.ts';

/** One variable, those around it, and the work. Entering a loop copies nothing. */
export interface Scope {
  readonly variable: string;
  readonly value: CelValue;
  readonly around?: Scope;
  readonly evaluation: Evaluation;
}

/** A fault that is absorbed costs as much as so many steps. */
const ABSORBING = 10;

type Evaluator<T extends Node['type']> = (node: Extract<Node, { type: T }>, scope: Scope) => CelValue;

const EVALUATORS: { readonly [T in Node['type']]: Evaluator<T> } = {
  literal: ({ value }) => value,
  name: ({ name }, scope) => named(name, scope),
  field: ({ of, field }, scope) => fieldOf(evaluate(of, scope), field),
  has: ({ of, field }, scope) => memberOf(mapOf(evaluate(of, scope)), field) !== undefined,
  index: ({ of, by }, scope) => indexed(evaluate(of, scope), evaluate(by, scope)),
  and: (node, scope) => decide(node, false, scope),
  or: (node, scope) => decide(node, true, scope),
  choice: ({ condition, chosen, otherwise }, scope) =>
    evaluate(truth(evaluate(condition, scope)) ? chosen : otherwise, scope),
  not: ({ of }, scope) => !truth(evaluate(of, scope)),
  negative: ({ of }, scope) => negated(evaluate(of, scope)),
  binary: (node, scope) => binary(node, evaluate(node.left, scope), evaluate(node.right, scope), scope.evaluation),
  list: ({ items }, scope) => items.map((item) => evaluate(item, scope)),
  map: ({ entries }, scope) => mapLiteral(entries, scope),
  call: (node, scope) => call(node, scope),
  loop: (node, scope) => loop(node, scope),
};

/** Evaluates a node. Throws CelFault, or EvaluationFault where it takes too much work. */
export function evaluate(node: Node, scope: Scope): CelValue {
  scope.evaluation.spend();
  // The table has the evaluator of each type at its name, which the compiler cannot follow through the look-up.
  const value: CelValue = Reflect.apply(EVALUATORS[node.type], undefined, [node, scope]);
  return value;
}

function named(name: string, scope: Scope): CelValue {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.around) if (at.variable === name) return at.value;
  if (TYPE_NAMES.has(name)) return new CelType(name);
  throw new CelFault(`there is no ${JSON.stringify(name)}`);
}

function mapOf(value: CelValue): Parameters<typeof memberOf>[0] {
  if (isMap(value)) return value;
  throw fault('a map is expected before a field', value);
}

function fieldOf(value: CelValue, field: string): CelValue {
  const member = memberOf(mapOf(value), field);
  if (member === undefined) throw new CelFault(`there is no field ${JSON.stringify(field)}`);
  return member;
}

function indexed(value: CelValue, by: CelValue): CelValue {
  if (isMap(value)) {
    const member = memberOf(value, by);
    if (member === undefined)
      throw new CelFault(`there is no key ${keyText(by)?.slice(1) ?? `of type ${typeName(by)}`}`);
    return member;
  }
  if (!isList(value)) throw fault('a list or a map is expected before [', value);
  const at = keyText(by);
  const item = at?.startsWith('n') === true ? value[Number(at.slice(1))] : undefined;
  if (item === undefined)
    throw new CelFault(`there is no member ${at?.slice(1) ?? typeName(by)} in a list of ${value.length}`);
  return item;
}

/** The value that decides (true for or, false for and) counts from either side, whatever becomes of the other. */
function decide(node: Extract<Node, { type: 'and' | 'or' }>, decisive: boolean, scope: Scope): boolean {
  const left = attempt(node.left, scope);
  if (left === decisive) return decisive;
  const right = attempt(node.right, scope);
  if (right === decisive) return decisive;
  if (left instanceof CelFault) throw left;
  if (right instanceof CelFault) throw right;
  return !decisive;
}

function attempt(node: Node, scope: Scope): boolean | CelFault {
  try {
    return truth(evaluate(node, scope));
  } catch (error) {
    if (!(error instanceof CelFault)) throw error;
    scope.evaluation.spend(ABSORBING);
    return error;
  }
}

function binary(
  { by }: Extract<Node, { type: 'binary' }>,
  left: CelValue,
  right: CelValue,
  evaluation: Evaluation,
): CelValue {
  const spend: Spend = (steps) => evaluation.spend(steps);
  if (by === '==') return equalValues(left, right, spend);
  if (by === '!=') return !equalValues(left, right, spend);
  if (by === 'in') return isIn(left, right, spend);
  return isOrder(by) ? inOrder(by, compareValues(left, right)) : arithmetic(by, left, right, evaluation);
}

type OrderOperator = '<' | '<=' | '>' | '>=';

function isOrder(by: string): by is OrderOperator {
  return ['<', '<=', '>', '>='].includes(by);
}

/** NaN stands in no order to anything. */
function inOrder(by: OrderOperator, order: number): boolean {
  if (by === '<' || by === '<=') return order < 0 || (by === '<=' && order === 0);
  return order > 0 || (by === '>=' && order === 0);
}

function arithmetic(by: ArithmeticOperator, left: CelValue, right: CelValue, evaluation: Evaluation): CelValue {
  const together = by === '+' ? joined(left, right) : undefined;
  if (together === undefined) return calculate(by, left, right);
  evaluation.spend(1 + Math.ceil(together.length / 16));
  return together.make();
}

function mapLiteral(entries: readonly (readonly [Node, Node])[], scope: Scope): CelValue {
  const made = new Map<string, readonly [CelValue, CelValue]>();
  for (const [keyNode, valueNode] of entries) {
    const key = evaluate(keyNode, scope);
    const text = keyText(key);
    if (text === undefined || typeof key === 'number')
      throw fault('a key is a string, a whole number or a truth value', key);
    if (made.has(text)) throw new CelFault(`the key ${text.slice(1)} stands twice in a map`);
    made.set(text, [key, evaluate(valueNode, scope)]);
  }
  return new CelMap(made);
}

function call(node: Extract<Node, { type: 'call' }>, scope: Scope): CelValue {
  const meant = functionOf(node);
  if (meant === undefined) throw new EvaluationFault(`there is no function ${node.name}`);
  const args = meant.args.map((arg) => evaluate(arg, scope));
  try {
    return meant.called.run(args, scope.evaluation);
  } catch (error) {
    if (error instanceof EvaluationFault) throw inCall(node.name, error);
    throw error;
  }
}

function inCall(name: string, error: EvaluationFault): EvaluationFault {
  return error instanceof CelFault ? new CelFault(`${name}(): ${error.message}`) : error;
}

function loop(node: Extract<Node, { type: 'loop' }>, scope: Scope): CelValue {
  const { evaluation } = scope;
  const members = membersOf(evaluate(node.over, scope));
  evaluation.spend(members.length);
  const within = (part: Node, value: CelValue): CelValue =>
    evaluate(part, { variable: node.variable, value, around: scope, evaluation });
  return runLoop(node.kind, members, {
    body: (member) => within(node.body, member),
    where: (member) => (node.where === undefined ? true : within(node.where, member)),
    absorbed: () => evaluation.spend(ABSORBING),
  });
}
