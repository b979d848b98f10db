/**
 * Numbers as Go's strconv and fmt read and write them, for Kyverno's operators compare such texts.
 */

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WORD = /^([+-]?)(?:inf(?:inity)?|nan)$/i;
const INT = /^[+-]?\d+$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
/** Longer texts are no numbers that anybody meant. */
const MAX_LENGTH = 400;

/** strconv.ParseFloat(text, 64), without hexadecimal; undefined where it is none, or out of range. */
export function parseFloat64(text: string): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const word = WORD.exec(text);
  if (word !== null) {
    if (/nan$/i.test(text)) return word[1] === '' ? Number.NaN : undefined;
    return word[1] === '-' ? -Infinity : Infinity;
  }
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** strconv.ParseInt(text, 10, 64); undefined where it is none, or out of range. */
export function parseInt64(text: string): bigint | undefined {
  if (text.length > MAX_LENGTH || !INT.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return isInt64(value) ? value : undefined;
}

/** Is it in the range of a signed number of 64 bits? */
export function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}

/** fmt.Sprint(float64): the shortest digits, with an exponent from 1e+06 and below 1e-04. */
export function sprintFloat(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  // JavaScript writes these without an exponent as well.
  if (exponent >= -4 && exponent < 6) return String(value);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
}
