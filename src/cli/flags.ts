/**
 * Parsers of single flag values. Each throws commander's InvalidArgumentError with what was expected.
 */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/duration.ts';

/** Collects a flag that may be given several times. */
export function repeated(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** A whole number from 1 to 256. */
export function concurrency(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number;
  throw new InvalidArgumentError('expected a whole number from 1 to 256.');
}

/** A duration like 30s or 2m, in milliseconds. */
export function timeout(value: string): number {
  const ms = /^\d+(ms|s|m|h)/.test(value) ? parseDuration(value) : undefined;
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('expected a duration such as 30s or 2m.');
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A moment: RFC 3339, or a date alone (then midnight UTC). */
export function moment(value: string): Date {
  const date = new Date(value);
  if (RFC3339.test(value) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('expected a time such as 2026-12-31T00:00:00Z or a date such as 2026-12-31.');
}

/**
 * `key=value` pairs, the value may be empty and may hold further `=`. As cosign's `-a` a line of CSV: `a=1,b=2` are two
 * pairs, `"a=1,2"` in double quotes is one.
 */
export function keyValue(value: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  let pairs = before;
  for (const field of csvFields(value)) {
    const at = field.indexOf('=');
    if (at < 1 || field.startsWith('"')) throw new InvalidArgumentError(`expected key=value${commaAdvice(value)}.`);
    const key = field.slice(0, at);
    if (Object.hasOwn(pairs, key)) throw new InvalidArgumentError(`${key} is given twice.`);
    pairs = { ...pairs, [key]: field.slice(at + 1) };
  }
  return pairs;
}

function csvFields(line: string): readonly string[] {
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g);
  return [...fields].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '');
}

function commaAdvice(value: string): string {
  return value.includes(',') ? `, pairs are parted by commas: put a pair whose value holds one in double quotes` : '';
}
