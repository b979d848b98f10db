/** What a function of CEL is: its name, whether it is called on a value, how many arguments it takes. */
import type { Evaluation } from '../evaluation.ts';
import type { CelValue } from './values.ts';

/** A function. A method has the value that it is called on as its first argument. */
export interface CelFunction {
  /** The least and the greatest number of arguments, the value of a method not counted. */
  readonly arity: readonly [number, number];
  /** Does it give true or false, always? Then an expression may end in it. */
  readonly gives: 'bool' | 'other';
  run(args: readonly CelValue[], evaluation: Evaluation): CelValue;
}

/** By name; functions and methods apart, for some are both. */
export type FunctionTable = Readonly<Record<string, CelFunction>>;
