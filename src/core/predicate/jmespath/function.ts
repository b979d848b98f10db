/**
 * Calling functions of JMESPath: which there are, and what arguments they take. The functions themselves lie in
 * functions-*.ts.
 */
import { invalid } from '../../failure.ts';
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import type { JmespathContext } from './interpreter.ts';
import { typeOf } from './values.ts';

/** What an argument may be: a type, a list of one type, or anything. */
export type ArgumentType =
  | 'any'
  | 'boolean'
  | 'number'
  | 'string'
  | 'array'
  | 'object'
  | 'reference'
  | 'numbers'
  | 'strings';

/** A function. `run` is given arguments that have been checked. */
export interface JmespathFunction {
  readonly args: readonly (readonly ArgumentType[])[];
  /** The last argument may come any number of times. */
  readonly variadic?: boolean;
  run(args: readonly unknown[], evaluation: Evaluation): unknown;
}

/** All functions by name. */
export type FunctionTable = ReadonlyMap<string, JmespathFunction>;

/** Calls a function. Throws EvaluationFault where an argument is of the wrong type. */
export function callFunction(
  name: string,
  args: readonly unknown[],
  { functions, evaluation }: JmespathContext,
): unknown {
  const called = functions.get(name);
  if (called === undefined) throw new EvaluationFault(`there is no function ${name}`);
  for (const [at, arg] of args.entries()) {
    const types = called.args[Math.min(at, called.args.length - 1)] ?? ['any'];
    if (types.some((type) => isOf(type, arg, evaluation))) continue;
    throw new EvaluationFault(
      `${name}(): argument ${at + 1} is of type ${typeOf(arg)}, expected ${types.join(' or ')}`,
    );
  }
  return called.run(args, evaluation) ?? null;
}

/** Throws Failure `invalid` where there is no such function, or it takes another number of arguments. */
export function demandFunction(name: string, given: number, functions: FunctionTable): void {
  const called = functions.get(name);
  const where = `JMESPath function ${JSON.stringify(name.slice(0, 64))}`;
  if (called === undefined) throw invalid(where, `one of ${[...functions.keys()].sort().join(', ')}`, 'another name');
  const expected = called.args.length;
  if (given === expected || (called.variadic === true && given > expected)) return;
  throw invalid(where, `${called.variadic === true ? 'at least ' : ''}${expected} arguments`, String(given));
}

function isOf(type: ArgumentType, value: unknown, evaluation: Evaluation): boolean {
  if (type === 'any') return true;
  if (type !== 'numbers' && type !== 'strings') return typeOf(value) === type;
  if (!Array.isArray(value)) return false;
  evaluation.spend(value.length);
  const wanted = type === 'numbers' ? 'number' : 'string';
  return value.every((item) => typeof item === wanted);
}
