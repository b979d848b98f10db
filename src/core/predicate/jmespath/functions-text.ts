/** The functions that Kyverno adds for text, encodings and versions (pkg/engine/jmespath/functions.go, 1.19). */
import { createHash } from 'node:crypto';
import { matchesGlob } from '../../glob.ts';
import { parseStrictJson } from '../../strict-json.ts';
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { findsPattern, replacePattern } from '../formats/pattern.ts';
import { NO_VERSION, parseRange, parseVersion } from '../formats/semver.ts';
import { compareText } from '../formats/text.ts';
import type { ArgumentType, JmespathFunction } from './function.ts';

/** Text that parse_json reads, in UTF-16 units. */
const MAX_JSON = 1024 * 1024;

type Run = (texts: readonly string[], evaluation: Evaluation) => unknown;

/** By name. */
export const TEXT_FUNCTIONS: Readonly<Record<string, JmespathFunction>> = {
  base64_decode: onTexts(1, ([text]) => decodeBase64(text ?? '')),
  base64_encode: onTexts(1, ([text]) => Buffer.from(text ?? '', 'utf8').toString('base64')),
  compare: onTexts(2, ([a, b]) => Math.sign(compareText(a ?? '', b ?? ''))),
  equal_fold: onTexts(2, ([a, b]) => folded(a ?? '') === folded(b ?? '')),
  md5: onTexts(1, ([text]) => hash('md5', text)),
  sha1: onTexts(1, ([text]) => hash('sha1', text)),
  sha256: onTexts(1, ([text]) => hash('sha256', text)),
  parse_json: onTexts(1, ([text]) => parseJson(text ?? '')),
  path_canonicalize: onTexts(1, ([path]) => canonicalPath(path ?? '')),
  pattern_match: withNumbers(2, ([pattern, text], evaluation) => matchesPattern(pattern ?? '', text ?? '', evaluation)),
  regex_match: withNumbers(2, ([pattern, text], evaluation) => findsPattern(pattern ?? '', text ?? '', evaluation)),
  regex_replace_all: withNumbers(3, ([pattern, text, put], evaluation) =>
    replacePattern(pattern ?? '', text ?? '', { text: put ?? '', literally: false }, evaluation),
  ),
  regex_replace_all_literal: withNumbers(3, ([pattern, text, put], evaluation) =>
    replacePattern(pattern ?? '', text ?? '', { text: put ?? '', literally: true }, evaluation),
  ),
  replace: {
    args: [['string'], ['string'], ['string'], ['number']],
    run: ([text, old, put, count], evaluation) =>
      replace([String(text), String(old), String(put)], Math.trunc(Number(count)), evaluation),
  },
  replace_all: onTexts(3, (texts, evaluation) => replace(texts, -1, evaluation)),
  semver_compare: onTexts(2, ([version, range]) => isInRange(version ?? '', range ?? '')),
  split: onTexts(2, ([text, separator], evaluation) => split(text ?? '', separator ?? '', evaluation)),
  to_boolean: onTexts(1, ([text]) => toBoolean(text ?? '')),
  to_lower: onTexts(1, ([text]) => text?.toLowerCase()),
  to_upper: onTexts(1, ([text]) => text?.toUpperCase()),
  trim: onTexts(2, ([text, cut]) => trim(text ?? '', new Set(cut))),
  trim_prefix: onTexts(2, ([text = '', prefix = '']) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  truncate: {
    args: [['string'], ['number']],
    run: ([text, length]) => truncate(String(text), Math.max(0, Math.trunc(Number(length)))),
  },
};

/** A function over texts alone. */
function onTexts(count: number, run: Run): JmespathFunction {
  return taking(
    Array.from({ length: count }, () => ['string']),
    run,
  );
}

/** A function over texts, of which those after the first may be numbers and are then written out. */
function withNumbers(count: number, run: Run): JmespathFunction {
  return taking(
    Array.from({ length: count }, (_, at) => (at === 0 ? ['string'] : ['string', 'number'])),
    run,
  );
}

function taking(args: readonly (readonly ArgumentType[])[], run: Run): JmespathFunction {
  return {
    args,
    run: (values, evaluation) => {
      const texts = values.map(textOf);
      evaluation.spendText(...texts);
      return run(texts, evaluation);
    },
  };
}

/** strconv.FormatFloat(value, 'f', -1, 32): the shortest digits of a float of 32 bits, without an exponent. */
function textOf(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  const single = Math.fround(value);
  for (let digits = 1; digits <= 9; digits += 1) {
    const text = single.toPrecision(digits);
    if (Math.fround(Number(text)) === single) return withoutExponent(Number(text));
  }
  return withoutExponent(value);
}

function withoutExponent(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 }) : text;
}

function decodeBase64(text: string): string {
  const clean = text.replace(/[\r\n]/g, '');
  if (clean.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(clean))
    throw new EvaluationFault('base64_decode(): the text is no padded base64');
  return Buffer.from(clean, 'base64').toString('utf8');
}

/** strings.EqualFold knows simple folding only: one character for one. */
function folded(text: string): string {
  return Array.from(text, (character) => oneForOne(oneForOne(character, 'toUpperCase'), 'toLowerCase')).join('');
}

function oneForOne(character: string, change: 'toUpperCase' | 'toLowerCase'): string {
  const changed = character[change]();
  return Array.from(changed).length === 1 ? changed : character;
}

function hash(algorithm: string, text: string | undefined): string {
  return createHash(algorithm)
    .update(text ?? '', 'utf8')
    .digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(text, { maxBytes: MAX_JSON });
  } catch {
    throw new EvaluationFault('parse_json(): the text is no JSON that reads one way only, or too much of it');
  }
}

/** filepath.Join of one path: no doubled, `.` or `..` parts. */
function canonicalPath(path: string): string {
  if (path === '') return '';
  const parts: string[] = [];
  const rooted = path.startsWith('/');
  for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
    const climbs = part === '..';
    if (climbs && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!climbs || !rooted) parts.push(part);
  }
  const joined = parts.join('/');
  return rooted ? `/${joined}` : joined === '' ? '.' : joined;
}

function matchesPattern(pattern: string, text: string, evaluation: Evaluation): boolean {
  evaluation.spend(Math.ceil((pattern.length * text.length) / 16));
  return matchesGlob(pattern, text);
}

/** strings.Replace: the first `count` occurrences, all of them where it is negative. */
function replace([text = '', old = '', put = '']: readonly string[], count: number, evaluation: Evaluation): string {
  const parts = split(text, old, evaluation);
  const slots = old === '' ? ['', ...parts, ''] : parts;
  const pieces = old === '' && text === '' ? ['', ''] : slots;
  const replaced = count < 0 ? pieces.length - 1 : Math.min(count, pieces.length - 1);
  evaluation.spend(1 + Math.ceil((replaced * put.length) / 16));
  const tail = pieces.slice(replaced).join(old);
  return [...pieces.slice(0, replaced), tail].join(put);
}

function isInRange(version: string, range: string): boolean {
  const compiled = parseRange(range);
  if (compiled === undefined)
    throw new EvaluationFault(`semver_compare(): ${JSON.stringify(range)} is no range of versions`);
  return compiled(parseVersion(version) ?? NO_VERSION);
}

/** strings.Split: an empty separator cuts between characters. */
function split(text: string, separator: string, evaluation: Evaluation): readonly string[] {
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  evaluation.spend(parts.length);
  return parts;
}

function toBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw new EvaluationFault(`to_boolean(): ${JSON.stringify(text)} is neither true nor false`);
}

function trim(text: string, cut: ReadonlySet<string>): string {
  const characters = Array.from(text);
  const start = characters.findIndex((character) => !cut.has(character));
  const end = characters.findLastIndex((character) => !cut.has(character));
  return start < 0 ? '' : characters.slice(start, end + 1).join('');
}

/** github.com/aquilax/truncate, CutStrategy. */
function truncate(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : characters.slice(0, length).join('');
}
