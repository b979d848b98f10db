/** The functions of CEL that make a value of one type from another (langdef.md, standard definitions). */
import { formatGoDuration, parseGoDuration } from '../formats/duration.ts';
import { parseRfc3339 } from '../formats/instant.ts';
import { isInt64, parseFloat64, parseInt64, sprintFloat } from '../formats/number.ts';
import { CelFault, fault } from './fault.ts';
import type { CelFunction, FunctionTable } from './function.ts';
import { CelDuration, CelTimestamp, CelType, CelUint, type CelValue, typeName } from './values.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MAX_UINT = 2n ** 64n - 1n;
const SECOND = 1_000_000_000n;

/** Conversions by name. */
export const CONVERSIONS: FunctionTable = {
  bool: one('bool', toBool),
  bytes: one('other', (value) => (typeof value === 'string' ? new TextEncoder().encode(value) : same(value, 'bytes'))),
  double: one('other', toDouble),
  duration: one('other', toDuration),
  dyn: one('other', (value) => value),
  int: one('other', toInt),
  string: one('other', toText),
  timestamp: one('other', toTimestamp),
  type: one('other', (value) => new CelType(typeName(value))),
  uint: one('other', toUint),
};

function one(gives: CelFunction['gives'], convert: (value: CelValue) => CelValue): CelFunction {
  return {
    arity: [1, 1],
    gives,
    run: ([value], evaluation) => {
      if (typeof value === 'string') evaluation.spendText(value);
      return convert(value ?? null);
    },
  };
}

function same(value: CelValue, type: string): CelValue {
  if (typeName(value) === type) return value;
  throw fault(`a value that can be made ${type} is expected`, value);
}

function toBool(value: CelValue): CelValue {
  if (typeof value !== 'string') return same(value, 'bool');
  if (['true', 'True', 'TRUE', 't', '1'].includes(value)) return true;
  if (['false', 'False', 'FALSE', 'f', '0'].includes(value)) return false;
  throw new CelFault(`${JSON.stringify(value.slice(0, 64))} is neither true nor false`);
}

function toDouble(value: CelValue): CelValue {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  return typeof value === 'string' ? parsed(value, parseFloat64(value), 'a number') : same(value, 'double');
}

function toInt(value: CelValue): CelValue {
  if (value instanceof CelUint) return ranged(value.value);
  if (value instanceof CelTimestamp) return value.nanos / SECOND;
  if (typeof value === 'number') return ranged(cut(value));
  return typeof value === 'string' ? parsed(value, parseInt64(value), 'a whole number') : same(value, 'int');
}

function toUint(value: CelValue): CelValue {
  if (typeof value === 'bigint') return unsigned(value);
  if (typeof value === 'number') return unsigned(cut(value));
  if (typeof value !== 'string') return same(value, 'uint');
  const number = /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
  return unsigned(parsed(value, number, 'a whole number'));
}

function toText(value: CelValue): CelValue {
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return sprintFloat(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelDuration) return `${formatSeconds(value)}s`;
  if (value instanceof CelTimestamp) return timestampText(value);
  return value instanceof Uint8Array ? decoded(value) : same(value, 'string');
}

function toTimestamp(value: CelValue): CelValue {
  if (typeof value === 'bigint') return new CelTimestamp(value * SECOND);
  if (typeof value !== 'string') return same(value, 'google.protobuf.Timestamp');
  return new CelTimestamp(parsed(value, parseRfc3339(value), 'a time by RFC 3339').nanos);
}

function toDuration(value: CelValue): CelValue {
  if (typeof value !== 'string') return same(value, 'google.protobuf.Duration');
  return new CelDuration(parsed(value, parseGoDuration(value), 'a duration such as 1h30m'));
}

function parsed<T>(text: string, value: T | undefined, expected: string): T {
  if (value === undefined) throw new CelFault(`${JSON.stringify(text.slice(0, 64))} is not ${expected}`);
  return value;
}

function ranged(value: bigint): bigint {
  if (!isInt64(value)) throw new CelFault('a number beyond 64 bits');
  return value;
}

function unsigned(value: bigint): CelUint {
  if (value < 0n || value > MAX_UINT) throw new CelFault('a number that uint cannot hold');
  return new CelUint(value);
}

function cut(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelFault('a number that is not finite');
  return BigInt(Math.trunc(value));
}

function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new CelFault('bytes that are no UTF-8');
  }
}

function formatSeconds({ nanos }: CelDuration): string {
  const text = formatGoDuration(((nanos % SECOND) + SECOND) % SECOND);
  if (text === '0s') return String(nanos / SECOND);
  return String(Number(nanos) / 1e9);
}

function timestampText({ nanos }: CelTimestamp): string {
  const date = new Date(Number(nanos / 1_000_000n));
  if (Number.isNaN(date.getTime())) throw new CelFault('a time beyond the calendar');
  const fraction = (((nanos % SECOND) + SECOND) % SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  const whole = new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}
