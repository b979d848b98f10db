/** What cannot be evaluated in CEL: a missing key, an operator that does not exist for these types. */
import { EvaluationFault } from '../evaluation.ts';
import { type CelValue, typeName } from './values.ts';

/** A fault of one part of an expression, which `||`, `&&` and some macros may absorb. Too much work is none. */
export class CelFault extends EvaluationFault {
  override readonly name = 'CelFault';
}

/** What is expected, and the types that were found. */
export function fault(expected: string, ...found: readonly CelValue[]): CelFault {
  return new CelFault(`${expected}, found ${found.map(typeName).join(' and ')}`);
}
