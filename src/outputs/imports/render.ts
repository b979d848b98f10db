/**
 * Imported objects as text: YAML in which every note stands as a comment where it belongs, or a List in JSON. Owns where
 * comments go; must never let a note break out of its comment.
 */
import { Document, isMap, isNode, isPair, isScalar, isSeq, type Node } from 'yaml';
import { formatPath } from '../../core/manifests/problem.ts';
import { printable } from '../../core/printable.ts';
import { renderJson } from '../json.ts';
import type { Imported, ImportedObject, OutputObject, PlacedNote } from './import.ts';

/** YAML documents, each with its notes; what was refused stands at the end. */
export function renderImportedYaml({ objects, notes }: Imported): string {
  const spots = new Map<object, readonly PlacedNote[]>();
  for (const note of notes) {
    if (note.spot === undefined) continue;
    spots.set(note.spot.object, [...(spots.get(note.spot.object) ?? []), note]);
  }
  const documents = objects.map((imported) => documentText(imported, spots));
  const refused = notes.filter(({ kind }) => kind === 'refused').map((note) => `# ${sentenceOf(note)}\n`);
  return [...documents, ...(refused.length === 0 ? [] : [refused.join('')])].join('---\n');
}

/** A v1 List, which kubectl applies. JSON has no place for notes: they are on stderr. */
export function renderImportedJson({ objects }: Imported): string {
  return renderJson({ apiVersion: 'v1', kind: 'List', items: objects.map(({ object }) => object) });
}

/** `policy.yaml:12:5: lost: spec.rules[0]…: message`, on one line. */
export function formatNote(note: PlacedNote): string {
  const { document, path } = note;
  const position = document.positionOf(path);
  const place = position === undefined ? document.file : `${document.file}:${position.line}:${position.column}`;
  return printable(`${place}: ${sentenceOf(note)}`);
}

function sentenceOf({ kind, document, path, message }: PlacedNote): string {
  const field = formatPath([...document.path, ...path]);
  return printable(`${kind}: ${field === '' ? document.kind : field}: ${message}`);
}

/** As renderYaml of json.ts writes: no anchors, and `no` in quotes. */
const OPTIONS = { aliasDuplicateObjects: false, version: '1.2', compat: 'yaml-1.1' } as const;

function documentText(
  { object, origin, notes }: ImportedObject,
  spots: ReadonlyMap<object, readonly PlacedNote[]>,
): string {
  const document = new Document(object, OPTIONS);
  const placed = document.contents === null ? [] : comment(object, document.contents, spots);
  const elsewhere = (note: PlacedNote): boolean => note.spot !== undefined && !placed.includes(note.spot.object);
  const open = notes.filter((note) => note.kind !== 'refused' && (note.spot === undefined || elsewhere(note)));
  const above = commentFields(document, open);
  const lines = [...headOf(object, origin), ...above.map(sentenceOf)];
  if (lines.length > 0) document.commentBefore = lines.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 }).replace(/^((?:#.*\n)+)\n/, '$1');
}

function headOf({ kind }: OutputObject, origin: ImportedObject['origin']): readonly string[] {
  if (origin === undefined) return [];
  const { document, what } = origin;
  const line = document.positionOf([])?.line;
  const place = `${document.file}${line === undefined ? '' : `:${line}`}`;
  const name = document.object['metadata'];
  const named = typeof name === 'object' && name !== null && 'name' in name ? ` ${String(name.name)}` : '';
  return [printable(`${kind} of ${document.kind}${named}${what === '' ? '' : `, ${what}`} (${place})`)];
}

/** Writes the notes of every value below, and answers the values that had some. */
function comment(value: unknown, node: Node, spots: ReadonlyMap<object, readonly PlacedNote[]>): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = spots.get(value) ?? [];
  if (own.length > 0) node.commentBefore = own.map((note) => ` ${sentenceOf(note)}`).join('\n');
  const below = Object.entries(value).flatMap(([key, inner]) => {
    const child = childOf(node, key);
    return child === undefined ? [] : comment(inner, child, spots);
  });
  return own.length > 0 ? [value, ...below] : below;
}

function childOf(node: Node, key: string): Node | undefined {
  const child: unknown = isSeq(node) ? node.items[Number(key)] : pairOf(node, key)?.value;
  return isNode(child) ? child : undefined;
}

function pairOf(node: unknown, key: string): { readonly key: Node; readonly value: unknown } | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
  return pair !== undefined && isNode(pair.key) ? { key: pair.key, value: pair.value } : undefined;
}

/** Fields of a policy's spec by the word of a source's path that they come of; the first word that is there counts. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^attestations$/, 'attestations'],
  [/^(attestors|authorities|validations|trustedIdentities|trustStores|signatureVerification)$/, 'attestors'],
  [/^(imageReferences|images?|matchImageReferences|registryScopes)$/, 'images'],
  [/^skipImageReferences$/, 'excludeImages'],
  [/^(match|exclude|preconditions|matchConditions|matchConstraints|imageExtractors)$/, 'match'],
  [/^(imageRegistryCredentials|credentials)$/, 'registry'],
  [/^(failureAction|validation(FailureAction.*|Actions|Configurations)|webhook.*|failurePolicy|mode)$/, 'enforcement'],
];

/** Writes notes above the fields of the spec that they are about, and answers those that found none. */
function commentFields(document: Document, notes: readonly PlacedNote[]): readonly PlacedNote[] {
  const spec = document.get('spec', true);
  return notes.filter((note) => {
    const field = FIELDS.find(([word]) => note.path.some((part) => typeof part === 'string' && word.test(part)))?.[1];
    const pair = field === undefined ? undefined : pairOf(spec, field);
    if (pair === undefined) return true;
    const before = pair.key.commentBefore;
    pair.key.commentBefore = `${typeof before === 'string' ? `${before}\n` : ''} ${sentenceOf(note)}`;
    return false;
  });
}
