/**
 * Documents of a manifest file: YAML 1.2 (several per file, anchors and merge keys, as kubectl takes them) or JSON.
 * Owns parsing and positions; must never know a kind. What is ambiguous (a key twice) or would not end (aliases
 * that multiply) is a problem, and one bad document does not hide the problems of the others.
 */
import { Composer, type Document, LineCounter, Parser, type YAMLError } from 'yaml';
import { parseStrictJson } from '../strict-json.ts';
import { Failure } from '../failure.ts';
import type { ManifestProblem, Path, Position } from './problem.ts';

/** One document with content. */
export interface RawDocument {
  /** 1-based. */
  readonly document: number;
  readonly value: unknown;
}

/** Finds the place of a field in a file; parses the file once more, the first time that somebody asks. */
export type Locate = (document: number, path: Path) => Position | undefined;

/** The documents of one file. */
export interface ParsedFile {
  readonly documents: readonly RawDocument[];
  readonly problems: readonly ManifestProblem[];
  readonly locate: Locate;
}

/** Uses of one anchor, nested ones multiplied. Hand-written manifests stay below a hundred. */
const MAX_ALIASES = 1000;
/** Values in a document after aliases and merge keys are resolved: a list of 10,000 Pods with status has about 4 million. */
const MAX_VALUES = 50_000_000;

const OPTIONS = { version: '1.2', schema: 'core', merge: true, uniqueKeys: true, stringKeys: true } as const;

/** Parses the text of one file. Never throws for what the text contains. */
export function parseDocuments(text: string, file: string): ParsedFile {
  const locate = locator(text);
  const json = parseJson(text);
  if (json !== undefined) return { documents: [{ document: 1, value: json }], problems: [], locate };
  const documents: RawDocument[] = [];
  const problems: ManifestProblem[] = [];
  const lines = new LineCounter();
  let number = 0;
  for (const document of compose(text, lines)) {
    number += 1;
    const outcome = convert(document, { file, document: number }, lines);
    problems.push(...outcome.problems);
    if (outcome.value !== undefined && outcome.value !== null)
      documents.push({ document: number, value: outcome.value });
  }
  return { documents, problems, locate };
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
  for (const token of new Parser(lines.addNewLine).parse(text.replace(/^\uFEFF/, ''))) yield* composer.next(token);
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
  const bomb = { ...place, path: [], expected: 'a document of bounded size', found: 'aliases that multiply' };
  const advice = 'write the repeated parts out, or split the file';
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return isBounded(value) ? { value, problems: [] } : { problems: [{ ...bomb, advice }] };
  } catch {
    // The one thing that toJS refuses in a document without errors: more aliases than allowed.
    return { problems: [{ ...bomb, advice }] };
  }
}

function syntaxProblem(error: YAMLError, place: Place, lines: LineCounter): ManifestProblem {
  const { line, col } = lines.linePos(error.pos[0]);
  const position = { line, column: col };
  if (error.code === 'DUPLICATE_KEY') {
    const advice = 'remove one of them: which one counts is not defined';
    return { ...place, position, path: [], expected: 'every key once', found: 'a key that is there twice', advice };
  }
  // The parser quotes source lines below the first line of its message: they could be a Secret's.
  const [cause = 'an error'] = error.message.split('\n');
  const found = cause.replace(/ at line \d+, column \d+:?$/, '');
  return { ...place, position, path: [], expected: 'well-formed YAML or JSON', found };
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

function locator(text: string): Locate {
  let parsed: { readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter } | undefined;
  return (number, path) => {
    if (parsed === undefined) {
      const lines = new LineCounter();
      parsed = { documents: [...compose(text, lines)], lines };
    }
    const document = parsed.documents[number - 1];
    const offset = document === undefined ? undefined : offsetOf(document, path);
    if (offset === undefined) return undefined;
    const { line, col } = parsed.lines.linePos(offset);
    return { line, column: col };
  };
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
