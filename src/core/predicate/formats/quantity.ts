/**
 * Quantities of Kubernetes (apimachinery, pkg/api/resource): `500m`, `1.5Gi`, `1e3`. Exact down to 10^-9, below which the
 * original rounds away from zero as well. Reads what the original reads, its oddities included: a suffix alone is zero.
 */

/** How a quantity was written, which decides how one that is calculated from it is written. */
type Format = 'decimal' | 'binary' | 'exponent';

/** A quantity: a number of 10^-9. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: Format;
  /** Decimals as they were written, the suffix counted in: quotients have as many. */
  readonly decimals: number;
}

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const NANO = 1_000_000_000n;
/** The greatest number that is read with a binary suffix. */
const MAX_BINARY = (2n ** 63n - 1n) * NANO;
const MAX_LENGTH = 256;
/** Greater exponents would only make work. */
const MAX_EXPONENT = 400;

/** resource.ParseQuantity; undefined where the text is none. */
export function parseQuantity(text: string): Quantity | undefined {
  if (text === '' || text.length > MAX_LENGTH) return undefined;
  const match = GRAMMAR.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const scale = scaleOf(suffix);
  if (scale === undefined) return undefined;
  const nanos = shifted(BigInt(`0${whole}${fraction}`) * scale.two, scale.ten + 9 - fraction.length);
  const capped = scale.format === 'binary' && nanos > MAX_BINARY ? MAX_BINARY : nanos;
  const decimals = Math.max(0, Math.min(9, fraction.length - scale.ten));
  return { nanos: sign === '-' ? -capped : capped, format: scale.format, decimals };
}

/** Quantity.String: the canonical form, with the largest suffix that leaves a whole number. */
export function formatQuantity({ nanos, format }: Pick<Quantity, 'nanos' | 'format'>): string {
  const size = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? '-' : '';
  if (size === 0n) return '0';
  if (format === 'binary' && size >= 1024n * NANO) return `${sign}${binaryText(upwards(size, NANO))}`;
  let number = size;
  let step = 0;
  while (step < DECIMAL.length - 1 && number % 1000n === 0n) {
    number /= 1000n;
    step += 1;
  }
  const power = (step - 3) * 3;
  if (format === 'exponent') return `${sign}${number}${power === 0 ? '' : `e${power}`}`;
  return `${sign}${number}${DECIMAL[step] ?? ''}`;
}

/** As a float, for quotients. */
export function quantityNumber({ nanos }: Pick<Quantity, 'nanos'>): number {
  return Number(nanos / NANO) + Number(nanos % NANO) / 1e9;
}

interface ScaleOfSuffix {
  readonly ten: number;
  readonly two: bigint;
  readonly format: Format;
}

function scaleOf(suffix: string): ScaleOfSuffix | undefined {
  const decimal = DECIMAL.findIndex((name) => name === suffix);
  if (decimal >= 0) return { ten: (decimal - 3) * 3, two: 1n, format: 'decimal' };
  const binary = BINARY.findIndex((name) => name === suffix);
  if (binary > 0) return { ten: 0, two: 1024n ** BigInt(binary), format: 'binary' };
  if (!/^[eE][+-]?\d{1,9}$/.test(suffix)) return undefined;
  const ten = Number(suffix.slice(1));
  return Math.abs(ten) > MAX_EXPONENT ? undefined : { ten, two: 1n, format: 'exponent' };
}

/** Times a power of ten; away from zero where that is no whole number. */
function shifted(value: bigint, power: number): bigint {
  return power >= 0 ? value * 10n ** BigInt(power) : upwards(value, 10n ** BigInt(-power));
}

function upwards(value: bigint, unit: bigint): bigint {
  return value % unit === 0n ? value / unit : value / unit + 1n;
}

function binaryText(size: bigint): string {
  let number = size;
  let step = 0;
  while (step < BINARY.length - 1 && number % 1024n === 0n) {
    number /= 1024n;
    step += 1;
  }
  return `${number}${BINARY[step] ?? ''}`;
}
