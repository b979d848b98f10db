/**
 * JSON from a registry or a layout: bounded, strict, and a Failure where it is not. Owns the small readers that turn
 * `unknown` into a checked value; must never guess.
 */
import { Failure, invalid } from '../core/failure.ts';
import { parseStrictJson } from '../core/strict-json.ts';

const MAX_DEPTH = 64;

/** An object as JSON has it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses strictly: no duplicate keys, no bytes that are not UTF-8, nothing after the value. Throws invalid. */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  let value: unknown;
  try {
    value = parseStrictJson(bytes, { maxDepth: MAX_DEPTH, maxBytes: bytes.length });
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'invalid') throw error;
    throw invalid(where, `JSON with ${error.detail.expected}`, error.detail.found);
  }
  return asObject(value, where);
}

/** The value as an object, or invalid. */
export function asObject(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw invalid(where, 'an object', kindOf(value));
  return value;
}

/** Is it an object, and neither null nor a list? */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a value is, for messages: never its content, which may be long or secret. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
