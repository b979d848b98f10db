/**
 * Manifests: the objects in a file, each with its place. Takes lists apart (`List`, `PodList` …, as kubectl prints
 * them). Must never know what a kind means; world.ts does.
 */
import { parseDocuments } from './document.ts';
import { isMapping, type Mapping } from './field.ts';
import { describeValue, type ManifestProblem, type Path, type Position } from './problem.ts';

/** One object of a manifest file. */
export interface ManifestDocument {
  readonly file: string;
  /** 1-based number of the YAML document in its file. */
  readonly document: number;
  /** Where in the document the object lies: `[]`, or `['items', 3]` in a list. */
  readonly path: Path;
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Mapping;
  /** Place of a field of the object, or of the nearest thing around it that is there. */
  positionOf(path: Path): Position | undefined;
}

/** The objects of a file, and what is wrong with it. */
export interface LoadedManifests {
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly ManifestProblem[];
}

/** Lists of lists: kubectl makes none, a file that was put together by hand may have a few. */
const MAX_LIST_DEPTH = 8;

/** Reads the objects of one file. `file` is only a name, for messages. */
export function loadManifests(text: string, file: string): LoadedManifests {
  const parsed = parseDocuments(text, file);
  const loaded = parsed.documents.map(({ document, value }) =>
    objectsOf({ value, path: [], inherited: {}, depth: 0 }, (path) => ({
      file,
      document,
      path,
      positionOf: (below) => parsed.locate(document, [...path, ...below]),
    })),
  );
  return {
    documents: loaded.flatMap(({ documents }) => documents),
    problems: [...parsed.problems, ...loaded.flatMap(({ problems }) => problems)],
  };
}

/** Where an item of a list lies whose items are read one by one: the list without them, and the item's beginning. */
export interface ItemPlace {
  readonly file: string;
  readonly head: Mapping;
  readonly index: number;
  readonly position: Position;
}

/** Reads one item as `loadManifests` reads it within its list; the item's beginning is the place of all its fields. */
export function loadItem(value: unknown, { file, head, index, position }: ItemPlace): LoadedManifests {
  const entry = { value, path: ['items', index], inherited: inheritedFrom(head), depth: 1 };
  return objectsOf(entry, (path) => ({ file, document: 1, path, positionOf: () => position }));
}

/** A problem with a field of an object, with its place in the file. */
export function problemIn(
  document: ManifestDocument,
  problem: Pick<ManifestProblem, 'path' | 'expected' | 'found' | 'advice'>,
): ManifestProblem {
  const position = document.positionOf(problem.path);
  return {
    file: document.file,
    document: document.document,
    ...(position === undefined ? {} : { position }),
    ...problem,
    path: [...document.path, ...problem.path],
  };
}

type Place = Pick<ManifestDocument, 'file' | 'document' | 'path' | 'positionOf'>;

interface Entry {
  readonly value: unknown;
  readonly path: Path;
  /** What the items of a typed list leave out: in a PodList they have neither apiVersion nor kind. */
  readonly inherited: { readonly apiVersion?: string; readonly kind?: string };
  readonly depth: number;
}

function objectsOf(entry: Entry, placeOf: (path: Path) => Place): LoadedManifests {
  const documents: ManifestDocument[] = [];
  const problems: ManifestProblem[] = [];
  for (const each of flatten(entry)) {
    const object = demandObject(each, placeOf(each.path));
    if ('found' in object) problems.push(object);
    else documents.push(object);
  }
  return { documents, problems };
}

function flatten(entry: Entry): readonly Entry[] {
  const { value, depth } = entry;
  if (!isMapping(value) || depth >= MAX_LIST_DEPTH) return [entry];
  const { kind, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !isListOfItems(items)) return [entry];
  const inherited = inheritedFrom(value);
  const list: readonly unknown[] = items ?? [];
  return list.flatMap((item, index) =>
    flatten({ value: item, path: [...entry.path, 'items', index], inherited, depth: depth + 1 }),
  );
}

function inheritedFrom({ kind, apiVersion }: Mapping): Entry['inherited'] {
  const itemKind = typeof kind === 'string' ? kind.slice(0, -'List'.length) : '';
  return itemKind === '' || typeof apiVersion !== 'string' ? {} : { kind: itemKind, apiVersion };
}

/** `items: null` is what an empty list looks like when Go writes it. */
function isListOfItems(items: unknown): items is readonly unknown[] | null {
  return Array.isArray(items) || items === null;
}

function demandObject(entry: Entry, place: Place): ManifestDocument | ManifestProblem {
  const { value, inherited } = entry;
  if (!isMapping(value)) return notObject(place, [], 'an object with apiVersion and kind', describeValue(value));
  const kind = value['kind'] ?? inherited.kind;
  const apiVersion = value['apiVersion'] ?? inherited.apiVersion;
  if (typeof kind !== 'string' || kind === '')
    return notObject(place, ['kind'], 'a kind, such as Pod', describeValue(kind));
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    return notObject(place, ['apiVersion'], `the apiVersion of ${kind}, such as v1`, describeValue(apiVersion));
  }
  return { ...place, apiVersion, kind, object: value };
}

function notObject(place: Place, path: Path, expected: string, found: string): ManifestProblem {
  const { file, document } = place;
  const position = place.positionOf(path);
  const where = position === undefined ? {} : { position };
  return { file, document, ...where, path: [...place.path, ...path], expected, found };
}
