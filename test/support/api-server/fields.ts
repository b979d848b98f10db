/**
 * Paths of fields as server-side apply counts them: `f:` a field, `k:` an item of a list map, `v:` an item of a set.
 * Says what an object sets, what stands at a path, and how fieldsV1 spells a set of paths.
 */
import type { OpenApiSchema } from '../../../src/api/crd.ts';
import { isMap, type JsonMap, listOf, mapOf, sameJson } from './object.ts';
import { keyOfItem } from './schema.ts';

export type Path = readonly string[];
/** Paths by their spelling. */
export type Fields = ReadonlyMap<string, Path>;

const SEPARATOR = '\u0000';
/** What no manager owns. */
const UNOWNED = new Set([
  'f:apiVersion',
  'f:kind',
  ...['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'].map(
    (name) => `f:metadata${SEPARATOR}f:${name}`,
  ),
  ...['managedFields', 'selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds'].map(
    (name) => `f:metadata${SEPARATOR}f:${name}`,
  ),
]);

export const spelled = (path: Path): string => path.join(SEPARATOR);

/** How a list of the schema is merged. */
export function listType(schema: OpenApiSchema): 'map' | 'set' | 'atomic' {
  const type = schema['x-kubernetes-list-type'];
  return type === 'map' || type === 'set' ? type : 'atomic';
}

/** The keys of a list map. */
export function listKeys(schema: OpenApiSchema): readonly string[] {
  return listOf(schema['x-kubernetes-list-map-keys']).map(String);
}

/** The schema of a field. */
export function fieldSchema(schema: OpenApiSchema, name: string): OpenApiSchema {
  return mapOf(mapOf(schema['properties'])[name] ?? schema['additionalProperties']);
}

/** Is a map written field by field? */
export function isGranular(schema: OpenApiSchema): boolean {
  return schema['x-kubernetes-map-type'] !== 'atomic';
}

/** Every field that the object sets and that can be owned. */
export function fieldsOf(schema: OpenApiSchema, object: unknown): Fields {
  const found = new Map<string, Path>();
  collect(schema, object, [], found);
  for (const name of UNOWNED) found.delete(name);
  return found;
}

function collect(schema: OpenApiSchema, value: unknown, path: Path, found: Map<string, Path>): void {
  const add = (): void => void (path.length > 0 && found.set(spelled(path), path));
  if (isMap(value) && isGranular(schema) && Object.keys(value).length > 0) {
    for (const [name, field] of Object.entries(value))
      if (field !== undefined) collect(fieldSchema(schema, name), field, [...path, `f:${name}`], found);
    return;
  }
  add();
  if (!Array.isArray(value) || listType(schema) === 'atomic') return;
  found.delete(spelled(path));
  for (const item of value) {
    const here = [...path, segmentOf(schema, item)];
    found.set(spelled(here), here);
    if (listType(schema) === 'map') collect(mapOf(schema['items']), item, here, found);
  }
}

/** The segment of an item of a list map or set. */
export function segmentOf(schema: OpenApiSchema, item: unknown): string {
  return listType(schema) === 'map'
    ? `k:${JSON.stringify(keyOfItem(mapOf(item), listKeys(schema)))}`
    : `v:${JSON.stringify(item)}`;
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(value: unknown, [segment, ...rest]: Path): unknown {
  if (segment === undefined) return value;
  const text = segment.slice(2);
  if (segment.startsWith('f:')) return isMap(value) ? valueAt(value[text], rest) : undefined;
  const item = listOf(value).find((candidate) => matchesSegment(segment, candidate));
  return item === undefined ? undefined : valueAt(item, rest);
}

/** Is this the item that a `k:` or `v:` segment names? */
export function matchesSegment(segment: string, item: unknown): boolean {
  const wanted: unknown = JSON.parse(segment.slice(2));
  if (segment.startsWith('v:')) return sameJson(wanted, item);
  return Object.entries(mapOf(wanted)).every(([key, value]) => sameJson(mapOf(item)[key], value));
}

/** Is the path the item of a list itself, which holds what its fields hold? */
export function isItem(path: Path): boolean {
  return path.at(-1)?.startsWith('k:') === true;
}

type Tree = { [segment: string]: Tree };

/** fieldsV1 of a set of paths. */
export function treeOf(fields: Iterable<Path>): JsonMap {
  const root: Tree = {};
  for (const path of [...fields].toSorted((a, b) => a.length - b.length)) {
    let node = root;
    path.forEach((segment, depth) => {
      node[segment] ??= {};
      node = node[segment];
      if (isItem(path.slice(0, depth + 1)) && depth === path.length - 1) node['.'] = {};
    });
  }
  return root;
}

/** The set of paths that fieldsV1 spells. */
export function fieldsOfTree(tree: JsonMap): Fields {
  const found = new Map<string, Path>();
  const walk = (node: JsonMap, path: Path): void => {
    const below = Object.entries(node).filter(([segment]) => segment !== '.');
    if (path.length > 0 && (below.length === 0 || Object.hasOwn(node, '.'))) found.set(spelled(path), path);
    for (const [segment, child] of below) walk(mapOf(child), [...path, segment]);
  };
  walk(tree, []);
  return found;
}
