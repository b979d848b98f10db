/**
 * Arithmetic as Kyverno has it (pkg/engine/jmespath/arithmetic.go, 1.19): over numbers, quantities and durations, each
 * with its own kind.
 */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { formatGoDuration, parseGoDuration, secondsOf } from '../formats/duration.ts';
import { isInt64 } from '../formats/number.ts';
import { formatQuantity, parseQuantity, type Quantity, quantityNumber } from '../formats/quantity.ts';
import type { JmespathFunction } from './function.ts';
import { items } from './functions-standard.ts';

type Operand =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'quantity'; readonly value: Quantity }
  | { readonly kind: 'duration'; readonly value: bigint };

type Result = number | string;
const NANO = 1_000_000_000n;
const MAX_DECIMALS = 100;

/** By name. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, JmespathFunction>> = {
  add: { args: [['any'], ['any']], run: ([a, b]) => plus('add', a, b) },
  sum: { args: [['array']], run: ([list], evaluation) => sum(items(list), evaluation) },
  subtract: { args: [['any'], ['any']], run: ([a, b]) => minus(operand('subtract', a), operand('subtract', b)) },
  multiply: { args: [['any'], ['any']], run: ([a, b]) => times(operand('multiply', a), operand('multiply', b)) },
  divide: { args: [['any'], ['any']], run: ([a, b]) => divided(operand('divide', a), operand('divide', b)) },
  modulo: { args: [['any'], ['any']], run: ([a, b]) => modulo(operand('modulo', a), operand('modulo', b)) },
  round: { args: [['number'], ['number']], run: ([value, places]) => round(Number(value), Number(places)) },
};

function operand(name: string, value: unknown): Operand {
  if (typeof value === 'number') return { kind: 'number', value };
  if (typeof value === 'string') {
    const size = parseQuantity(value);
    if (size !== undefined) return { kind: 'quantity', value: size };
    const span = parseGoDuration(value);
    if (span !== undefined) return { kind: 'duration', value: span };
  }
  throw new EvaluationFault(`${name}(): an operand is no number, quantity or duration`);
}

function mismatch(name: string): EvaluationFault {
  return new EvaluationFault(`${name}(): the operands are of kinds that do not go together`);
}

function zero(name: string): EvaluationFault {
  return new EvaluationFault(`${name}(): the divisor is zero`);
}

function plus(name: string, left: unknown, right: unknown): Result {
  const [a, b] = [operand(name, left), operand(name, right)];
  if (a.kind === 'number' && b.kind === 'number') return a.value + b.value;
  if (a.kind === 'duration' && b.kind === 'duration') return duration(a.value + b.value);
  if (a.kind === 'quantity' && b.kind === 'quantity') return quantity(a.value, a.value.nanos + b.value.nanos, b.value);
  throw mismatch(name);
}

function sum(list: readonly unknown[], evaluation: Evaluation): unknown {
  const [first, ...rest] = list;
  if (first === undefined) throw new EvaluationFault('sum(): the list is empty');
  evaluation.spend(rest.length * 4);
  return rest.reduce((total, item) => plus('sum', total, item), first);
}

function minus(a: Operand, b: Operand): Result {
  if (a.kind === 'number' && b.kind === 'number') return a.value - b.value;
  if (a.kind === 'duration' && b.kind === 'duration') return duration(a.value - b.value);
  if (a.kind === 'quantity' && b.kind === 'quantity') return quantity(a.value, a.value.nanos - b.value.nanos, b.value);
  throw mismatch('subtract');
}

function times(a: Operand, b: Operand): Result {
  if (a.kind === 'number') {
    if (b.kind === 'number') return a.value * b.value;
    return times(b, a);
  }
  if (b.kind !== 'number') throw mismatch('multiply');
  if (a.kind === 'duration') return scaled(secondsOf(a.value) * b.value);
  const factor = demandQuantity('multiply', b.value);
  return quantity(a.value, away(a.value.nanos * factor.nanos, NANO));
}

function divided(a: Operand, b: Operand): Result {
  if (isZero(b)) throw zero('divide');
  if (a.kind === 'quantity' && b.kind === 'quantity') return quantityNumber(a.value) / quantityNumber(b.value);
  if (a.kind === 'duration' && b.kind === 'duration') return secondsOf(a.value) / secondsOf(b.value);
  if (b.kind !== 'number') throw mismatch('divide');
  if (a.kind === 'number') return a.value / b.value;
  if (a.kind === 'duration') return scaled(secondsOf(a.value) / b.value);
  const divisor = demandQuantity('divide', b.value);
  const scale = 10n ** (9n - BigInt(Math.max(a.value.decimals, divisor.decimals)));
  return quantity(a.value, ((a.value.nanos * NANO) / divisor.nanos / scale) * scale);
}

function modulo(a: Operand, b: Operand): Result {
  if (a.kind === 'duration' && b.kind === 'duration') {
    if (b.value === 0n) throw zero('modulo');
    return duration(a.value % b.value);
  }
  if (a.kind === 'number' && b.kind === 'number') return Number(remainder(a.value, b.value));
  if (a.kind !== 'quantity' || b.kind !== 'quantity') throw mismatch('modulo');
  return quantity(a.value, remainder(quantityNumber(a.value), quantityNumber(b.value)) * NANO);
}

function remainder(a: number, b: number): bigint {
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b))
    throw new EvaluationFault('modulo(): an operand is no whole number');
  if (b === 0) throw zero('modulo');
  return BigInt(a) % BigInt(b);
}

function round(value: number, places: number): number {
  if (!Number.isInteger(places) || places < 0 || places > MAX_DECIMALS)
    throw new EvaluationFault('round(): the number of decimals is no whole number from 0 on');
  const shift = 10 ** places;
  const moved = value * shift;
  // math.Round: halves away from zero.
  return (Math.sign(moved) * Math.floor(Math.abs(moved) + 0.5)) / shift;
}

function isZero({ value }: Operand): boolean {
  return typeof value === 'object' ? value.nanos === 0n : Number(value) === 0;
}

function demandQuantity(name: string, value: number): Quantity {
  const parsed = parseQuantity(String(value));
  if (parsed === undefined) throw new EvaluationFault(`${name}(): ${value} is no quantity`);
  return parsed;
}

/** The format is that of the first operand, of the second where the first is zero (Quantity.Add). */
function quantity(first: Quantity, nanos: bigint, second?: Quantity): string {
  const format = first.nanos === 0n && second !== undefined ? second.format : first.format;
  return formatQuantity({ nanos, format });
}

function duration(nanos: bigint): string {
  if (!isInt64(nanos)) throw new EvaluationFault('a duration of more than 292 years');
  return formatGoDuration(nanos);
}

function scaled(seconds: number): string {
  const nanos = Math.trunc(seconds * 1e9);
  if (!Number.isFinite(nanos)) throw new EvaluationFault('a duration that is no number');
  return duration(BigInt(nanos));
}

function away(value: bigint, unit: bigint): bigint {
  const rest = value % unit;
  if (rest === 0n) return value / unit;
  return value / unit + (value < 0n ? -1n : 1n);
}
