/**
 * Server-side apply and the field managers of other writes. Pure: from what is stored and what was sent to what is
 * to be stored, `metadata.managedFields` included.
 */
import type { OpenApiSchema } from '../../../src/api/crd.ts';
import {
  type Fields,
  fieldSchema,
  fieldsOf,
  fieldsOfTree,
  isGranular,
  isItem,
  listType,
  matchesSegment,
  type Path,
  segmentOf,
  spelled,
  treeOf,
  valueAt,
} from './fields.ts';
import {
  type ApiObject,
  isMap,
  type JsonMap,
  listOf,
  type ManagedFieldsEntry,
  mapOf,
  Refused,
  sameJson,
} from './object.ts';

/** Who writes, and how. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource?: string;
  readonly apiVersion: string;
  readonly time: string;
}

/** The object after an apply; throws 409 where others own what differs, unless forced. */
export function applied(
  schema: OpenApiSchema,
  live: ApiObject | undefined,
  config: ApiObject,
  writer: Writer & { readonly force: boolean },
): ApiObject {
  const wanted = fieldsOf(schema, config);
  const entries = live?.metadata.managedFields ?? [];
  const mine = entries.find((entry) => isWriter(entry, writer));
  const others = entries.filter((entry) => entry !== mine);
  const contested = (entry: ManagedFieldsEntry): readonly Path[] =>
    [...fieldsOfTree(entry.fieldsV1).values()].filter(
      (path) => !isItem(path) && wanted.has(spelled(path)) && !sameJson(valueAt(live, path), valueAt(config, path)),
    );
  if (!writer.force) demandNoConflict(others.map((entry) => ({ entry, paths: contested(entry) })));
  const left = others.flatMap((entry) => without(entry, new Set(contested(entry).map(spelled)), writer));
  const kept = new Set(left.flatMap((entry) => [...fieldsOfTree(entry.fieldsV1).keys()]));
  const dropped = [...fieldsOfTree(mine?.fieldsV1 ?? {})].filter(([name]) => !wanted.has(name) && !isKept(kept, name));
  const base = dropped
    .map(([, path]) => path)
    .toSorted((a, b) => a.length - b.length)
    .reduce<unknown>((value, path) => removed(value, path), live ?? {});
  const merged = mergedWith(schema, base, config) as ApiObject;
  const own = wanted.size === 0 ? [] : [entryOf(wanted, writer, mine)];
  return { ...merged, metadata: { ...merged.metadata, managedFields: ordered([...left, ...own]) } };
}

/** The managed fields after a create, an update or a patch that made `next` of `old`. */
export function managedAfterUpdate(
  schema: OpenApiSchema,
  old: ApiObject | undefined,
  next: ApiObject,
  writer: Writer,
): readonly ManagedFieldsEntry[] {
  const entries = old?.metadata.managedFields ?? [];
  const [before, after] = [fieldsOf(schema, old ?? {}), fieldsOf(schema, next)];
  const changed = [...after].filter(
    ([name, path]) => !before.has(name) || (!isItem(path) && !sameJson(valueAt(old, path), valueAt(next, path))),
  );
  const gone = [...before.keys()].filter((name) => !after.has(name));
  const taken = new Set([...gone, ...changed.map(([name]) => name)]);
  const mine = entries.find((entry) => isWriter(entry, writer));
  const others = entries.filter((entry) => entry !== mine).flatMap((entry) => without(entry, taken, writer));
  const still = [...fieldsOfTree(mine?.fieldsV1 ?? {})].filter(([name]) => after.has(name));
  const own = new Map([...still, ...changed]);
  return ordered(own.size === 0 ? others : [...others, entryOf(own, writer, mine)]);
}

/** Lists merged as their schema says, maps field by field, the rest replaced. `null` stands for itself. */
export function mergedWith(schema: OpenApiSchema, live: unknown, config: unknown): unknown {
  if (isMap(live) && isMap(config) && isGranular(schema)) {
    const names = Object.keys(config);
    const fields = names.map((name) => [name, mergedWith(fieldSchema(schema, name), live[name], config[name])]);
    return { ...live, ...Object.fromEntries(fields) };
  }
  if (!Array.isArray(live) || !Array.isArray(config) || listType(schema) === 'atomic') return config;
  const items = new Map<string, unknown>(live.map((item) => [segmentOf(schema, item), item]));
  for (const item of config) {
    const segment = segmentOf(schema, item);
    items.set(segment, mergedWith(mapOf(schema['items']), items.get(segment), item));
  }
  return [...items.values()];
}

/** Applies first, then by name, so that the order says nothing of who wrote last. */
function ordered(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  const rank = ({ operation, manager, subresource = '' }: ManagedFieldsEntry): string =>
    `${operation} ${manager} ${subresource}`;
  return entries.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function isWriter(entry: ManagedFieldsEntry, { manager, operation, subresource }: Writer): boolean {
  return entry.manager === manager && entry.operation === operation && entry.subresource === subresource;
}

/** A path that another manager owns, or has something below. */
function isKept(kept: ReadonlySet<string>, name: string): boolean {
  if (kept.has(name)) return true;
  for (const other of kept) if (other.startsWith(`${name}\u0000`)) return true;
  return false;
}

function without(
  entry: ManagedFieldsEntry,
  names: ReadonlySet<string>,
  { time }: Writer,
): readonly ManagedFieldsEntry[] {
  const fields = fieldsOfTree(entry.fieldsV1);
  const left = [...fields].filter(([name]) => !names.has(name));
  if (left.length === fields.size) return [entry];
  return left.length === 0 ? [] : [{ ...entry, time, fieldsV1: treeOf(left.map(([, path]) => path)) }];
}

function entryOf(fields: Fields, writer: Writer, before: ManagedFieldsEntry | undefined): ManagedFieldsEntry {
  const fieldsV1 = treeOf(fields.values());
  const same = before !== undefined && before.apiVersion === writer.apiVersion && sameJson(before.fieldsV1, fieldsV1);
  const { manager, operation, apiVersion, subresource } = writer;
  const time = same ? before.time : writer.time;
  const via = subresource === undefined ? {} : { subresource };
  return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1, ...via };
}

function demandNoConflict(found: readonly { entry: ManagedFieldsEntry; paths: readonly Path[] }[]): void {
  const conflicts = found.filter(({ paths }) => paths.length > 0);
  if (conflicts.length === 0) return;
  const causes = conflicts.flatMap(({ entry, paths }) =>
    paths.map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${entry.manager}"`,
      field: path
        .map((segment) => (segment.startsWith('f:') ? `.${segment.slice(2)}` : `[${segment.slice(2)}]`))
        .join(''),
    })),
  );
  const [first] = causes;
  const sentence = `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${first?.message}: ${first?.field}`;
  throw new Refused(409, 'Conflict', sentence, { causes });
}

/** The value without what stands at a path; maps that are emptied by that go too. */
function removed(value: unknown, [segment, ...rest]: Path): unknown {
  if (segment === undefined) return undefined;
  if (!segment.startsWith('f:'))
    return listOf(value).flatMap((item) => {
      if (!matchesSegment(segment, item)) return [item];
      const left = removed(item, rest);
      return left === undefined ? [] : [left];
    });
  if (!isMap(value)) return value;
  const name = segment.slice(2);
  if (!Object.hasOwn(value, name)) return value;
  const { [name]: field, ...others }: JsonMap = value;
  const left = removed(field, rest);
  if (left === undefined || isEmpty(left)) return others;
  return { ...others, [name]: left };
}

function isEmpty(value: unknown): boolean {
  return isMap(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0;
}
