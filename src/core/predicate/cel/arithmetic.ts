/** Arithmetic of CEL: within one type, 64 bits, overflow is a fault. */
import { CelFault, fault } from './fault.ts';
import type { BinaryOperator } from './syntax.ts';
import { CelDuration, CelTimestamp, CelUint, type CelValue, isList } from './values.ts';

/** Operators that calculate. */
export type ArithmeticOperator = Extract<BinaryOperator, '+' | '-' | '*' | '/' | '%'>;

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/** Calculates. Throws CelFault where the types do not go together, and on overflow. Texts and lists: joining is the caller's. */
export function calculate(by: ArithmeticOperator, a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return whole(by, a, b, [MIN_INT, MAX_INT]);
  if (a instanceof CelUint && b instanceof CelUint) return new CelUint(whole(by, a.value, b.value, [0n, MAX_UINT]));
  if (typeof a === 'number' && typeof b === 'number') return float(by, a, b);
  const time = by === '+' || by === '-' ? timeOf(by, a, b) : undefined;
  if (time === undefined) throw fault(`${by} is not defined for these types`, a, b);
  return time;
}

/** Texts, bytes or lists that + joins, and how long the result is; undefined where they are none. */
export function joined(a: CelValue, b: CelValue): { readonly length: number; make(): CelValue } | undefined {
  if (typeof a === 'string' && typeof b === 'string') return { length: a.length + b.length, make: () => a + b };
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return { length: a.length + b.length, make: () => Buffer.concat([a, b]) };
  // A list costs as much as 16 characters of text for each of its members.
  if (isList(a) && isList(b)) return { length: (a.length + b.length) * 16, make: () => [...a, ...b] };
  return undefined;
}

/** The number with the other sign. */
export function negated(value: CelValue): CelValue {
  if (typeof value === 'number') return -value;
  if (typeof value === 'bigint') return bounded(-value, [MIN_INT, MAX_INT]);
  throw fault('a number is expected after -', value);
}

function whole(by: ArithmeticOperator, a: bigint, b: bigint, range: readonly [bigint, bigint]): bigint {
  if ((by === '/' || by === '%') && b === 0n) throw new CelFault('division by zero');
  switch (by) {
    case '+':
      return bounded(a + b, range);
    case '-':
      return bounded(a - b, range);
    case '*':
      return bounded(a * b, range);
    case '/':
      return bounded(a / b, range);
    case '%':
      return a % b;
  }
}

function bounded(value: bigint, [low, high]: readonly [bigint, bigint]): bigint {
  if (value < low || value > high) throw new CelFault('a number beyond 64 bits');
  return value;
}

function float(by: ArithmeticOperator, a: number, b: number): number {
  switch (by) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      throw fault('% is defined for whole numbers only', a, b);
  }
}

function timeOf(by: '+' | '-', a: CelValue, b: CelValue): CelValue | undefined {
  const sign = by === '+' ? 1n : -1n;
  if (b instanceof CelDuration) {
    if (a instanceof CelTimestamp) return new CelTimestamp(a.nanos + sign * b.nanos);
    if (a instanceof CelDuration) return new CelDuration(bounded(a.nanos + sign * b.nanos, [MIN_INT, MAX_INT]));
  }
  if (!(b instanceof CelTimestamp)) return undefined;
  if (a instanceof CelDuration && by === '+') return new CelTimestamp(a.nanos + b.nanos);
  return a instanceof CelTimestamp && by === '-'
    ? new CelDuration(bounded(a.nanos - b.nanos, [MIN_INT, MAX_INT]))
    : undefined;
}
