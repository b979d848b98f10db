/**
 * GreaterThan, LessThan and their kin, and the older ones for durations alone
 * (pkg/engine/variables/operator/{numeric,duration}.go of Kyverno, 1.19): durations, then quantities, numbers, versions.
 */
import { parseFloat64 } from '../formats/number.ts';
import { parseQuantity } from '../formats/quantity.ts';
import { compareVersions, parseVersion } from '../formats/semver.ts';
import { bothDurations, nanosecondsOfBoth } from './durations.ts';

/** The four ways to compare. */
export type Order = 'GreaterThan' | 'GreaterThanOrEquals' | 'LessThan' | 'LessThanOrEquals';

/** Does the key stand to the value as the operator says? False where they cannot be compared. */
export function stands(order: Order, key: unknown, value: unknown): boolean {
  if (typeof key === 'number') return numberStands(order, key, value);
  if (typeof key !== 'string') return false;
  const durations = bothDurations(key, value);
  if (durations !== undefined) return holds(order, durations.key, durations.value);
  const [left, right] = [parseQuantity(key), typeof value === 'string' ? parseQuantity(value) : undefined];
  if (left !== undefined && right !== undefined) return holds(order, left.nanos, right.nanos);
  const number = parseFloat64(key);
  if (number !== undefined) return numberStands(order, number, value);
  const version = parseVersion(key);
  const other = typeof value === 'string' ? parseVersion(value) : undefined;
  return version !== undefined && other !== undefined && holds(order, compareVersions(version, other), 0);
}

/** The same for durations alone; numbers are seconds. */
export function durationStands(order: Order, key: unknown, value: unknown): boolean {
  const both = nanosecondsOfBoth(key, value);
  return both !== undefined && holds(order, both.key, both.value);
}

function numberStands(order: Order, key: number, value: unknown): boolean {
  if (typeof value === 'number') return holds(order, key, value);
  if (typeof value !== 'string') return false;
  const durations = bothDurations(key, value);
  if (durations !== undefined) return holds(order, durations.key, durations.value);
  const number = parseFloat64(value);
  return number !== undefined && holds(order, key, number);
}

function holds<T extends number | bigint>(order: Order, key: T, value: T): boolean {
  switch (order) {
    case 'GreaterThan':
      return key > value;
    case 'GreaterThanOrEquals':
      return key >= value;
    case 'LessThan':
      return key < value;
    case 'LessThanOrEquals':
      return key <= value;
  }
}
