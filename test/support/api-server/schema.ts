/**
 * What a structural schema does to an object: unknown fields are dropped and named, nulls dropped, defaults filled in,
 * the rest checked. CEL rules are not run here: those of our kinds are held by src/api, see admission.ts.
 */
import type { OpenApiSchema } from '../../../src/api/crd.ts';
import { type Cause, isMap, listOf, type JsonMap, mapOf, sameJson } from './object.ts';

/** The value without fields that the schema does not know; their paths go to `unknown`. */
export function pruned(schema: OpenApiSchema, value: unknown, path: string, unknown: string[]): unknown {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true || path === 'metadata') return value;
  if (Array.isArray(value)) {
    const items = mapOf(schema['items']);
    return isMap(schema['items']) ? value.map((item, i) => pruned(items, item, `${path}[${i}]`, unknown)) : value;
  }
  if (!isMap(value) || schema['type'] !== 'object') return value;
  const fields = mapOf(schema['properties']);
  const others = schema['additionalProperties'];
  if (schema['properties'] === undefined && others === undefined) return {};
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    const own = fields[name];
    if (isMap(own)) kept[name] = pruned(own, field, at, unknown);
    else if (isMap(others)) kept[name] = pruned(others, field, at, unknown);
    else unknown.push(at);
  }
  return kept;
}

/** What becomes of a null where none may stand and no default helps: an apply is refused for it. */
export type Nulls = 'dropped' | 'kept';

/** The value with defaults, which take the place of nulls. */
export function defaulted(schema: OpenApiSchema, value: unknown, nulls: Nulls): unknown {
  if (Array.isArray(value)) return value.map((item) => defaulted(mapOf(schema['items']), item, nulls));
  if (!isMap(value)) return value;
  const fields = mapOf(schema['properties']);
  const filled: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const own = mapOf(fields[name] ?? schema['additionalProperties']);
    if (field !== null || own['nullable'] === true || (nulls === 'kept' && own['default'] === undefined))
      filled[name] = defaulted(own, field, nulls);
  }
  for (const [name, field] of Object.entries(fields)) {
    const fallback = mapOf(field)['default'];
    if (fallback !== undefined && !Object.hasOwn(filled, name)) filled[name] = defaulted(mapOf(field), fallback, nulls);
  }
  return filled;
}

/** Everything that the schema refuses, in the API server's words. */
export function refusals(schema: OpenApiSchema, value: unknown, path: string): readonly Cause[] {
  const expected = schema['type'];
  if (typeof expected === 'string' && !hasType(expected, value) && schema['x-kubernetes-int-or-string'] !== true)
    return [invalid(path, value, `${path} in body must be of type ${expected}: ${JSON.stringify(typeName(value))}`)];
  const own = [...scalarRefusals(schema, value, path), ...sizeRefusals(schema, value, path)];
  if (Array.isArray(value)) {
    const items = mapOf(schema['items']);
    const below = value.flatMap((item, index) => refusals(items, item, `${path}[${index}]`));
    return [...own, ...below, ...duplicates(schema, value, path)];
  }
  if (!isMap(value)) return own;
  const fields = mapOf(schema['properties']);
  const missing = listOf(schema['required'])
    .map(String)
    .filter((name) => !Object.hasOwn(value, name))
    .map((name): Cause => ({ reason: 'FieldValueRequired', message: 'Required value', field: join(path, name) }));
  const below = Object.entries(value).flatMap(([name, field]) =>
    refusals(mapOf(fields[name] ?? schema['additionalProperties']), field, join(path, name)),
  );
  return [...own, ...missing, ...below];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function invalid(field: string, value: unknown, sentence: string): Cause {
  const shown = typeof value === 'object' ? JSON.stringify(typeName(value)) : JSON.stringify(value);
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}: ${sentence}`, field };
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function hasType(expected: string, value: unknown): boolean {
  const found = typeName(value);
  return found === expected || (expected === 'number' && found === 'integer');
}

function scalarRefusals(schema: OpenApiSchema, value: unknown, path: string): readonly Cause[] {
  const found: Cause[] = [];
  const allowed = schema['enum'];
  if (Array.isArray(allowed) && !allowed.some((choice) => sameJson(choice, value))) {
    const choices = allowed.map((choice) => JSON.stringify(choice)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${choices}`;
    found.push({ reason: 'FieldValueNotSupported', message, field: path });
  }
  if (typeof value === 'string') {
    const { pattern, format } = schema;
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value))
      found.push(invalid(path, value, `${path} in body should match '${pattern}'`));
    if (format === 'date-time' && Number.isNaN(Date.parse(value)))
      found.push(invalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`));
  }
  if (typeof value === 'number') {
    if (typeof schema['minimum'] === 'number' && value < schema['minimum'])
      found.push(invalid(path, value, `${path} in body should be greater than or equal to ${schema['minimum']}`));
    if (typeof schema['maximum'] === 'number' && value > schema['maximum'])
      found.push(invalid(path, value, `${path} in body should be less than or equal to ${schema['maximum']}`));
  }
  return found;
}

type Bounds = readonly [minimum: string, maximum: string, unit: string];

function sizeRefusals(schema: OpenApiSchema, value: unknown, path: string): readonly Cause[] {
  const [size, [minimum, maximum, unit]] = sizeOf(value);
  const [least, most] = [schema[minimum], schema[maximum]];
  if (typeof most === 'number' && size > most) {
    const message = `Too long: may not be more than ${most} ${unit}`;
    return [{ reason: 'FieldValueTooLong', message, field: path }];
  }
  if (typeof least === 'number' && size < least)
    return [invalid(path, value, `${path} in body should be at least ${least} ${unit} long`)];
  return [];
}

function sizeOf(value: unknown): readonly [number, Bounds] {
  if (typeof value === 'string') return [Array.from(value).length, ['minLength', 'maxLength', 'chars']];
  if (Array.isArray(value)) return [value.length, ['minItems', 'maxItems', 'items']];
  return [isMap(value) ? Object.keys(value).length : 0, ['minProperties', 'maxProperties', 'items']];
}

function duplicates(schema: OpenApiSchema, items: readonly unknown[], path: string): readonly Cause[] {
  const kind = schema['x-kubernetes-list-type'];
  if (kind !== 'map' && kind !== 'set') return [];
  const keys = listOf(schema['x-kubernetes-list-map-keys']).map(String);
  const seen = new Set<string>();
  return items.flatMap((item, index): readonly Cause[] => {
    const key = JSON.stringify(kind === 'set' ? item : keyOfItem(mapOf(item), keys));
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ reason: 'FieldValueDuplicate', message: `Duplicate value: ${key}`, field: `${path}[${index}]` }];
  });
}

/**
 * What server-side apply refuses before anything else, because it cannot merge it: fields that are not declared, items
 * without keys, items twice. The first of them in words; undefined where there is none.
 */
export function unmergeable(schema: OpenApiSchema, value: unknown, path: string): string | undefined {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true || path === '.metadata') return undefined;
  if (Array.isArray(value)) return unmergeableList(schema, value, path);
  if (!isMap(value) || schema['properties'] === undefined) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const own = mapOf(schema['properties'])[name] ?? schema['additionalProperties'];
    if (!isMap(own)) return `${path}.${name}: field not declared in schema`;
    const below = unmergeable(own, field, `${path}.${name}`);
    if (below !== undefined) return below;
  }
  return undefined;
}

function unmergeableList(schema: OpenApiSchema, items: readonly unknown[], path: string): string | undefined {
  const type = schema['x-kubernetes-list-type'];
  const keys = listOf(schema['x-kubernetes-list-map-keys']).map(String);
  const keyless = items.findIndex((item) => type === 'map' && keys.every((key) => mapOf(item)[key] === undefined));
  if (keyless >= 0)
    return `${path}: element ${keyless}: associative list with keys has an element that omits all key fields ${JSON.stringify(keys)}`;
  const [twice] = duplicates(schema, items, path);
  if (twice !== undefined) return `${path}: duplicate entries for key ${twice.message}`;
  return items
    .map((item, index) => unmergeable(mapOf(schema['items']), item, `${path}[${index}]`))
    .find((text) => text !== undefined);
}

/** The fields that tell an item of a list map apart, in the order of their names. */
export function keyOfItem(item: JsonMap, keys: readonly string[]): JsonMap {
  return Object.fromEntries([...keys].sort().flatMap((key) => (item[key] === undefined ? [] : [[key, item[key]]])));
}
