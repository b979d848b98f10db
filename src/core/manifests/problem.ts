/**
 * What is wrong with a manifest, and where: for people, all problems of all files at once.
 * Owns how places and values are written; must never repeat the content of a Secret or a key.
 */
import { printable } from '../printable.ts';

/** The way to a field: keys and list indexes (0-based). */
export type Path = readonly (string | number)[];

/** A place in a file, both 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong. */
export interface ManifestProblem {
  readonly file: string;
  /** 1-based number of the document in its file. */
  readonly document: number;
  readonly position?: Position;
  readonly path: Path;
  readonly expected: string;
  readonly found: string;
  /** What to do, as the end of a sentence: `did you mean images?` */
  readonly advice?: string;
}

/** `pods.yaml:12:5: document 2, spec.containers[0].image: expected an image, found nothing (advice)`, on one line. */
export function formatProblem(problem: ManifestProblem): string {
  const { position, advice } = problem;
  const place = position === undefined ? problem.file : `${problem.file}:${position.line}:${position.column}`;
  const field = problem.path.length === 0 ? '' : `, ${formatPath(problem.path)}`;
  const tail = advice === undefined ? '' : ` (${advice})`;
  const sentence = `document ${problem.document}${field}: expected ${problem.expected}, found ${problem.found}${tail}`;
  return printable(`${place}: ${sentence}`);
}

/** `spec.containers[0].image`; keys that are no plain words are quoted. */
export function formatPath(path: Path): string {
  const written = path.map((part) => {
    if (typeof part === 'number') return `[${part}]`;
    return /^[\w-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  });
  return written.join('').replace(/^\./, '');
}

/** A found value in words, shortened. Only for fields whose content is no secret. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value) ?? typeof value;
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return typeof value === 'string' ? shown : `the ${typeof value} ${shown}`;
}
