/**
 * Points in time as Go's time package has them: nanoseconds and the offset in which they were written. RFC 3339 is read
 * and written here; other layouts lie in time-layout.ts.
 */

/** A point in time. */
export interface Instant {
  /** Nanoseconds since 1970, UTC. */
  readonly nanos: bigint;
  /** Seconds east of UTC, for writing it. */
  readonly offset: number;
}

/** The fields of a calendar, as they were written. */
export interface CalendarFields {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  readonly offset: number;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,30}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const SECOND = 1_000_000_000n;

/** time.Parse(time.RFC3339, text); undefined where it is none, or no day of the calendar. */
export function parseRfc3339(text: string): Instant | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const number = (at: number): number => Number(match[at] ?? '0');
  if (number(9) > 24 || number(10) > 59) return undefined;
  const offset = (number(9) * 60 + number(10)) * 60 * (match[8] === '-' ? -1 : 1);
  return instantOf({
    year: number(1),
    month: number(2),
    day: number(3),
    hour: number(4),
    minute: number(5),
    second: number(6),
    nanosecond: Number((match[7] ?? '').slice(0, 9).padEnd(9, '0')),
    offset,
  });
}

/** Time.Format(time.RFC3339): whole seconds, in the offset in which the time was written. */
export function formatRfc3339({ nanos, offset }: Instant): string {
  const seconds = floorDivide(nanos, SECOND) + BigInt(offset);
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return '';
  const local = date.toISOString().replace(/\.\d+Z$/, '');
  if (offset === 0) return `${local}Z`;
  const minutes = Math.trunc(Math.abs(offset) / 60);
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(Math.trunc(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

/** The point in time of calendar fields; undefined where there is no such day or time of day. */
export function instantOf(fields: CalendarFields): Instant | undefined {
  const { year, month, day, hour, minute, second, nanosecond, offset } = fields;
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (day < 1 || date.getUTCDate() !== day) return undefined;
  const seconds = BigInt(date.getTime() / 1000) - BigInt(offset);
  return { nanos: seconds * SECOND + BigInt(nanosecond), offset };
}

/** Time.Truncate: down to a multiple of the duration since year 1; a duration of nothing changes nothing. */
export function truncateInstant({ nanos, offset }: Instant, duration: bigint): Instant {
  if (duration <= 0n) return { nanos, offset };
  const sinceYearOne = nanos + YEAR_ONE;
  return { nanos: sinceYearOne - (((sinceYearOne % duration) + duration) % duration) - YEAR_ONE, offset };
}

/** Nanoseconds from the beginning of year 1 to 1970. */
const YEAR_ONE = 62_135_596_800n * SECOND;

function floorDivide(value: bigint, unit: bigint): bigint {
  const quotient = value / unit;
  return value < 0n && quotient * unit !== value ? quotient - 1n : quotient;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
