/**
 * Versions by semver 2.0.0 and ranges of them, as github.com/blang/semver/v4 reads them, which Kyverno uses:
 * `>=1.2.3 <2.0.0 || 3.x`.
 */

/** A version. Build metadata does not count in comparisons. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly (bigint | string)[];
}

/** Is the version in the range? */
export type Range = (version: Version) => boolean;

const NUMBER = '(0|[1-9]\\d*)';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([^+]*))?(?:\\+(.*))?$`, 's');
const IDENTIFIER = /^[0-9A-Za-z-]+$/;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_LENGTH = 512;
/** What a text that is no version counts as: Kyverno's semver_compare ignores the error of parsing it. */
export const NO_VERSION: Version = { numbers: [0n, 0n, 0n], pre: [] };

/** semver.Parse; undefined where the text is no version. */
export function parseVersion(text: string): Version | undefined {
  const match = text.length > MAX_LENGTH ? null : VERSION.exec(text);
  if (match === null) return undefined;
  const [, major = '', minor = '', patch = '', pre, build] = match;
  if (build !== undefined && !build.split('.').every((part) => IDENTIFIER.test(part))) return undefined;
  const identifiers = pre === undefined ? [] : pre.split('.').map(identifierOf);
  if (identifiers.includes(undefined)) return undefined;
  const numbers = [BigInt(major), BigInt(minor), BigInt(patch)] as const;
  if (numbers.some((number) => number > MAX_UINT64)) return undefined;
  return { numbers, pre: identifiers.filter((identifier) => identifier !== undefined) };
}

/** Below zero, zero or above: where `a` stands to `b`. */
export function compareVersions(a: Version, b: Version): number {
  for (let at = 0; at < 3; at += 1) {
    const order = orderOf(a.numbers[at] ?? 0n, b.numbers[at] ?? 0n);
    if (order !== 0) return order;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (const [at, left] of a.pre.entries()) {
    const right = b.pre[at];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

/** semver.ParseRange; undefined where the text is no range. */
export function parseRange(text: string): Range | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const alternatives: string[][] = [[]];
  for (const part of partsOf(text)) {
    if (part === '||') alternatives.push([]);
    else alternatives.at(-1)?.push(part);
  }
  if (alternatives.some((parts) => parts.length === 0)) return undefined;
  const ranges = alternatives.map((parts) => parts.flatMap(expanded).map(comparisonOf));
  const complete = ranges.map((comparisons) => comparisons.filter((comparison) => comparison !== undefined));
  if (complete.some((comparisons, at) => comparisons.length !== ranges[at]?.length)) return undefined;
  return (version) => complete.some((comparisons) => comparisons.every((holds) => holds(version)));
}

function identifierOf(text: string): bigint | string | undefined {
  if (!IDENTIFIER.test(text)) return undefined;
  if (!/^\d+$/.test(text)) return text;
  if (text.length > 1 && text.startsWith('0')) return undefined;
  const number = BigInt(text);
  return number > MAX_UINT64 ? undefined : number;
}

function compareIdentifiers(a: bigint | string, b: bigint | string): number {
  if (typeof a !== typeof b) return typeof a === 'bigint' ? -1 : 1;
  return orderOf(a, b);
}

function orderOf<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a > b ? 1 : -1;
}

/** Split at spaces, but a comparator and its version may stand apart (`>= 1.2.3`). */
function partsOf(text: string): readonly string[] {
  return text.trim() === ''
    ? []
    : text
        .trim()
        .replace(/([<>=]) +/g, '$1')
        .split(/ +/);
}

const COMPARATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '': (order) => order === 0,
  '=': (order) => order === 0,
  '==': (order) => order === 0,
  '!': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

function comparisonOf(part: string): Range | undefined {
  const start = part.search(/\d/);
  const holds = start < 0 ? undefined : COMPARATORS[part.slice(0, start)];
  const bound = start < 0 ? undefined : parseVersion(part.slice(start));
  if (holds === undefined || bound === undefined) return undefined;
  return (version) => holds(compareVersions(version, bound));
}

const WILDCARD = /^([<>=!]*)(\d+)(?:\.(\d+|x))?\.x$/;

/** A version with a final `x` as comparisons with whole ones (semver, expandWildcardVersion). */
function expanded(part: string): readonly string[] {
  const match = WILDCARD.exec(part);
  if (match === null) return [part];
  const [, operator = '', major = '', written] = match;
  // The original takes the second x of 1.x.x for a 0, so that this is 1.0.x; Kyverno decides so.
  const minor = written === 'x' ? '0' : written;
  const low = `${major}.${minor ?? '0'}.0`;
  const high = minor === undefined ? `${BigInt(major) + 1n}.0.0` : `${major}.${BigInt(minor) + 1n}.0`;
  const bounds: Readonly<Record<string, readonly string[]>> = {
    '>': [`>=${high}`],
    '>=': [`>=${low}`],
    '<': [`<${low}`],
    '<=': [`<${high}`],
    '!': [`<${low}`, `>=${high}`],
    '!=': [`<${low}`, `>=${high}`],
  };
  return bounds[operator] ?? [`>=${low}`, `<${high}`];
}
