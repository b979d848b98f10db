/**
 * Documents of a manifest file: YAML 1.2 (several per file, anchors and merge keys, as kubectl takes them) or JSON.
 * Owns parsing and positions; must never know a kind. What is ambiguous (a key twice) or would not end (aliases
 * that multiply) is a problem, and one bad document does not hide the problems of the others.
 */
import {
  Composer,
  type Document,
  isAlias,
  isCollection,
  isScalar,
  LineCounter,
  Parser,
  visit,
  type YAMLError,
} from 'yaml';
import { parseStrictJson } from '../strict-json.ts';
import { Failure } from '../failure.ts';
import { isMapping } from './field.ts';
import { itemText, type Span, splitList } from './list-text.ts';
import type { ManifestProblem, Path, Position } from './problem.ts';

/** One document with content. */
export interface RawDocument {
  /** 1-based. */
  readonly document: number;
  readonly value: unknown;
}

/** Finds the place of a field in a file, where that is worth finding. */
export type Locate = (document: number, path: Path) => Position | undefined;

/** The documents of one file. */
export interface ParsedFile {
  readonly documents: readonly RawDocument[];
  readonly problems: readonly ManifestProblem[];
  readonly locate: Locate;
}

/** Uses of one anchor, nested ones multiplied. Hand-written manifests stay below a hundred. */
const MAX_ALIASES = 1000;
/** Values in a document after aliases and merge keys are resolved: a list of 10,000 Pods with status has a few million. */
const MAX_VALUES = 50_000_000;

const OPTIONS = { version: '1.2', schema: 'core', merge: true, uniqueKeys: true, stringKeys: true } as const;

/** From here on a list is parsed item by item: the whole syntax tree of a cluster's Pods fits no memory. */
const LONG_TEXT = 1024 * 1024;
/** Where a problem lies in more than this is not worth its syntax tree, a hundred times as large; the path says it. */
const MAX_LOCATED = 4 * 1024 * 1024;

/** Parses the text of one file. Never throws for what the text contains. */
export function parseDocuments(written: string, file: string): ParsedFile {
  // A byte order mark is no part of the text (YAML 1.2, 5.2).
  const text = written.replace(/^\uFEFF/, '');
  const json = parseJson(text);
  const whole = { start: 0, end: text.length };
  if (json !== undefined) return one(json, (number) => (number === 1 ? { span: whole, skip: 0 } : undefined), text);
  return (text.length > LONG_TEXT ? parseList(text) : undefined) ?? parseStream(text, file);
}

function parseStream(text: string, file: string): ParsedFile {
  const documents: RawDocument[] = [];
  const problems: ManifestProblem[] = [];
  const spans: Span[] = [];
  const lines = new LineCounter();
  for (const document of compose(text, lines)) {
    spans.push({ start: document.range[0], end: document.range[2] });
    const outcome = convert(document, { file, document: spans.length }, lines);
    problems.push(...outcome.problems);
    const { value } = outcome;
    if (value !== undefined && value !== null) documents.push({ document: spans.length, value });
  }
  const find: FindPart = (number) => {
    const span = spans[number - 1];
    return span === undefined ? undefined : { span, skip: 0 };
  };
  return { documents, problems, locate: locator(text, find) };
}

/** A long list, item by item; undefined for anything that is not one, or that has an error in it. */
function parseList(text: string): ParsedFile | undefined {
  const list = splitList(text);
  if (list === undefined) return undefined;
  const parts = [list.head, ...list.items.map((span) => itemText(text, span))].map(parseAlone);
  const [head, ...items] = parts;
  if (!isMapping(head) || parts.includes(undefined)) return undefined;
  return one(
    { ...head, items },
    (_, path) => {
      const span = path[0] === 'items' && typeof path[1] === 'number' ? list.items[path[1]] : undefined;
      return span === undefined ? undefined : { span, skip: 2 };
    },
    text,
  );
}

function parseAlone(text: string): unknown {
  const [document, ...more] = compose(text, new LineCounter());
  if (document === undefined || more.length > 0 || document.errors.length > 0) return undefined;
  return convert(document, { file: '', document: 1 }, new LineCounter()).value;
}

function one(value: unknown, find: FindPart, text: string): ParsedFile {
  return { documents: [{ document: 1, value }], problems: [], locate: locator(text, find) };
}

/** JSON is parsed as such where it is JSON, for speed. Whatever is wrong with it, the YAML parser says better where. */
function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text.slice(0, 1024))) return undefined;
  try {
    return parseStrictJson(text, { maxBytes: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Documents one after the other, so that only one syntax tree is alive at a time. */
function* compose(text: string, lines: LineCounter): Generator<Document.Parsed, void, unknown> {
  const composer = new Composer(OPTIONS);
  for (const token of new Parser(lines.addNewLine).parse(text)) yield* composer.next(token);
  yield* composer.end(false, text.length);
}

type Place = Pick<ManifestProblem, 'file' | 'document'>;

interface Converted {
  readonly value?: unknown;
  readonly problems: readonly ManifestProblem[];
}

function convert(document: Document.Parsed, place: Place, lines: LineCounter): Converted {
  const errors = document.errors.slice(0, 10).map((error) => syntaxProblem(error, place, lines));
  if (errors.length > 0) return { problems: errors };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return isBounded(value) ? { value, problems: [] } : { problems: [{ ...place, ...BOMB }] };
  } catch (error) {
    return { problems: [{ ...place, ...refusalOf(document, error, lines) }] };
  }
}

/** What toJS refuses in a document without errors: aliases, too many or to nowhere, and `<<` over no mapping. */
function refusalOf(document: Document.Parsed, error: unknown, lines: LineCounter): Omit<ManifestProblem, keyof Place> {
  const bad = unknownAlias(document);
  if (bad !== undefined) return { position: positionAt(bad, lines), ...UNKNOWN_ALIAS };
  return error instanceof ReferenceError ? BOMB : BAD_MERGE;
}

const BOMB = {
  path: [],
  expected: 'a document of bounded size',
  found: 'aliases that multiply',
  advice: 'write the repeated parts out, or split the file',
} as const;
const WELL_FORMED = { path: [], expected: 'well-formed YAML or JSON' } as const;
const BAD_MERGE = { ...WELL_FORMED, found: 'a merge key << whose value is no mapping' };
const UNKNOWN_ALIAS = { ...WELL_FORMED, found: 'an alias without an anchor before it' };

/** Where the first alias stands whose anchor has not been set before it. */
function unknownAlias(document: Document.Parsed): number | undefined {
  const anchors = new Set<string>();
  let offset: number | undefined;
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.add(node.anchor);
    return undefined;
  });
  return offset;
}

function syntaxProblem(error: YAMLError, place: Place, lines: LineCounter): ManifestProblem {
  const position = positionAt(error.pos[0], lines);
  if (error.code === 'DUPLICATE_KEY') {
    const advice = 'remove one of them: which one counts is not defined';
    return { ...place, position, path: [], expected: 'every key once', found: 'a key that is there twice', advice };
  }
  // The parser quotes source lines below the first line of its message: they could be a Secret's.
  const [cause = 'an error'] = error.message.split('\n');
  const found = cause.replace(/ at line \d+, column \d+:?$/, '');
  return { ...place, position, ...WELL_FORMED, found };
}

function positionAt(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function isBounded(value: unknown): boolean {
  const open: unknown[] = [value];
  let count = 0;
  while (open.length > 0) {
    const next = open.pop();
    count += 1;
    if (count > MAX_VALUES) return false;
    if (typeof next !== 'object' || next === null) continue;
    for (const child of Object.values(next)) open.push(child);
  }
  return true;
}

/** The part of the text to parse for the place of a field, and how much of the path leads to that part. */
type FindPart = (document: number, path: Path) => { readonly span: Span; readonly skip: number } | undefined;

/** Parses the part again that somebody asks about, and keeps the last one: problems come in heaps. */
function locator(text: string, find: FindPart): Locate {
  let last: { readonly start: number; readonly document: Document.Parsed | undefined } | undefined;
  let lines: LineCounter | undefined;
  return (number, path) => {
    const part = find(number, path);
    if (part === undefined || part.span.end - part.span.start > MAX_LOCATED) return undefined;
    const { span, skip } = part;
    if (last?.start !== span.start) {
      const source = skip === 0 ? text.slice(span.start, span.end) : itemText(text, span);
      last = { start: span.start, document: compose(source, new LineCounter()).next().value ?? undefined };
    }
    const offset = last.document === undefined ? undefined : offsetOf(last.document, path.slice(skip));
    if (offset === undefined) return undefined;
    lines ??= lineCounter(text);
    return positionAt(span.start + offset, lines);
  };
}

function lineCounter(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

/** The place of the field, or of the nearest thing around it that is there. */
function offsetOf(document: Document.Parsed, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = hasRange(node) ? node.range[0] : undefined;
    if (range !== undefined) return range;
  }
  return undefined;
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
