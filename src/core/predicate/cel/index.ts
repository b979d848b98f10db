/** CEL over a predicate: compiled once, evaluated with a budget. */
import { type Evaluation, EvaluationFault } from '../evaluation.ts';
import { demandSound, VARIABLE } from './check.ts';
import { evaluate } from './evaluate.ts';
import { parse } from './parser.ts';
import { type CelValue, typeName } from './values.ts';

/** A compiled expression. */
export interface CelProgram {
  /** Is it true of the predicate? Throws EvaluationFault where that cannot be said. */
  test(predicate: unknown, evaluation: Evaluation): boolean;
}

/** Compiles an expression. Throws Failure `invalid` for bad syntax and for names and functions that do not exist. */
export function compileCel(source: string): CelProgram {
  const node = parse(source);
  demandSound(node);
  return {
    test: (predicate, evaluation) => {
      const result = evaluate(node, { variable: VARIABLE, value: valueOf(predicate), evaluation });
      if (typeof result === 'boolean') return result;
      throw new EvaluationFault(`it gives ${typeName(result)}, expected true or false`);
    },
  };
}

/** JSON as CEL has it: the values are the same, so that nothing is copied. */
function valueOf(json: unknown): CelValue {
  return isJson(json) ? json : null;
}

function isJson(value: unknown): value is CelValue {
  return value !== undefined;
}
