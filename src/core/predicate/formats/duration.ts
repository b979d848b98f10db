/**
 * Durations as Go's time package reads and writes them (`1h30m`, `2.5s`, `-300ms`), in nanoseconds. Not those of our own
 * fields (core/duration.ts), which know days.
 */
import { isInt64 } from './number.ts';

/** Nanoseconds of the units. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const WHOLE = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g;
const SECOND = 1_000_000_000n;
const MAX_LENGTH = 128;

/** time.ParseDuration; undefined where the text is no duration, or one beyond 292 years. */
export function parseGoDuration(text: string): bigint | undefined {
  if (/^[+-]?0$/.test(text)) return 0n;
  if (text.length > MAX_LENGTH || !WHOLE.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(PART)) {
    const size = UNITS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * size + fractionOf(fraction, size);
  }
  const signed = text.startsWith('-') ? -total : total;
  return isInt64(signed) ? signed : undefined;
}

/** Duration.String: `1h30m0s`, `1.5s`, `300ms`. */
export function formatGoDuration(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const sign = nanoseconds < 0n ? '-' : '';
  if (size === 0n) return '0s';
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1_000n)}µs`;
  if (size < SECOND) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const minutes = size / (60n * SECOND);
  const seconds = `${decimal(size % (60n * SECOND), SECOND)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

/** Duration.Seconds. */
export function secondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds / SECOND) + Number(nanoseconds % SECOND) / 1e9;
}

/**
 * time.Duration(seconds) * time.Second: the fraction falls away. Undefined beyond 292 years, where Go overflows into any
 * other duration.
 */
export function wholeSeconds(seconds: number): bigint | undefined {
  if (!Number.isFinite(seconds)) return undefined;
  const nanoseconds = BigInt(Math.trunc(seconds)) * SECOND;
  return isInt64(nanoseconds) ? nanoseconds : undefined;
}

/** Cut, not rounded, and by way of a float, as Go does it. */
function fractionOf(digits: string, size: bigint): bigint {
  if (digits === '') return 0n;
  const kept = digits.slice(0, 18);
  return BigInt(Math.trunc(Number(kept) * (Number(size) / 10 ** kept.length)));
}

function decimal(value: bigint, unit: bigint): string {
  const rest = (value % unit)
    .toString()
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return rest === '' ? String(value / unit) : `${value / unit}.${rest}`;
}
