/**
 * Values of CEL. A predicate's numbers are doubles, as in every implementation that reads JSON; its objects are maps
 * with text as keys.
 */

/** An unsigned number of 64 bits. */
export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time: nanoseconds since 1970. */
export class CelTimestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A span of time, in nanoseconds. */
export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value. */
export class CelType {
  readonly type: string;
  constructor(type: string) {
    this.type = type;
  }
}

/** A map that an expression made; its keys may be numbers and truth values as well. */
export class CelMap {
  readonly entries: ReadonlyMap<string, readonly [CelValue, CelValue]>;
  constructor(entries: ReadonlyMap<string, readonly [CelValue, CelValue]>) {
    this.entries = entries;
  }
}

/** An object of JSON. */
export interface JsonMap {
  readonly [name: string]: CelValue;
}

/** Any value: int is bigint, double is number. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelTimestamp
  | CelDuration
  | CelType
  | CelMap
  | JsonMap
  | readonly CelValue[];

/** Is it a list? */
export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

/** Is it a map of either kind? */
export function isMap(value: CelValue): value is CelMap | JsonMap {
  return typeName(value) === 'map';
}

/** The keys of a map. */
export function keysOf(map: CelMap | JsonMap): readonly CelValue[] {
  return map instanceof CelMap ? [...map.entries.values()].map(([key]) => key) : Object.keys(map);
}

/** The member of a map; undefined where there is none. */
export function memberOf(map: CelMap | JsonMap, key: CelValue): CelValue | undefined {
  if (map instanceof CelMap) return map.entries.get(keyText(key) ?? '')?.[1];
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** What makes keys equal: text by text, truth by truth, and whole numbers of any type by their value. */
export function keyText(key: CelValue): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof CelUint) return `n${key.value}`;
  return typeof key === 'number' && Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean: 'bool',
  bigint: 'int',
  number: 'double',
  string: 'string',
};

/** The name of the type. */
export function typeName(value: CelValue): string {
  if (typeof value === 'object') return value === null ? 'null_type' : objectType(value);
  return PRIMITIVES[typeof value] ?? '';
}

function objectType(value: object): string {
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  return value instanceof CelType ? 'type' : 'map';
}
