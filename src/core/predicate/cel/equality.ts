/** Equality and order of CEL values (langdef.md, equality): numbers compare by value across their types. */
import { compareText } from '../formats/text.ts';
import { fault } from './fault.ts';
import {
  CelDuration,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  isList,
  isMap,
  keysOf,
  memberOf,
} from './values.ts';

/** Counts work; one step where no number is given. */
export type Spend = (steps?: number) => void;

/** Are two values equal? Values of different types are not; that is no fault. `spend` counts the work. */
export function equalValues(a: CelValue, b: CelValue, spend: Spend): boolean {
  spend();
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined) return compareNumbers(left, right) === 0;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, at) => equalMember(item, b[at], spend));
  if (isMap(a)) return isMap(b) && equalMaps(a, b, spend);
  if (a instanceof CelType) return b instanceof CelType && a.type === b.type;
  return a === b || orderOfSame(a, b) === 0;
}

/** Below zero, zero or above; NaN where a number is NaN. Throws CelFault for types without an order. */
export function compareValues(a: CelValue, b: CelValue): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  const order = left !== undefined && right !== undefined ? compareNumbers(left, right) : orderOfSame(a, b);
  if (order === undefined) throw fault('values that have an order are expected', a, b);
  return order;
}

function equalMember(a: CelValue, b: CelValue | undefined, spend: Spend): boolean {
  return b !== undefined && equalValues(a, b, spend);
}

function equalMaps(a: Parameters<typeof keysOf>[0], b: Parameters<typeof keysOf>[0], spend: Spend): boolean {
  const keys = keysOf(a);
  spend(keys.length);
  if (keys.length !== keysOf(b).length) return false;
  return keys.every((key) => {
    const [left, right] = [memberOf(a, key), memberOf(b, key)];
    return left !== undefined && right !== undefined && equalValues(left, right, spend);
  });
}

function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof CelUint ? value.value : undefined;
}

/** JavaScript compares its two kinds of number by their exact values. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a <= b ? 0 : Number.NaN;
}

function orderOfSame(a: CelValue, b: CelValue): number | undefined {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return compareNumbers(a.nanos, b.nanos);
  if (a instanceof CelDuration && b instanceof CelDuration) return compareNumbers(a.nanos, b.nanos);
  return undefined;
}
