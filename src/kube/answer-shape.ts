/**
 * What the API server's JSON must look like before we believe it to be an object, a page, an event or a discovery.
 * Owns these demands; must never repair: an answer of another shape comes from something that is no API server.
 */
import { KubeFailure } from './failure.ts';
import type { KubeMetadata, KubeObject, Resource } from './resource.ts';
import type { ListPage, WatchEvent } from './verbs.ts';

/** An object, from the body of an answer. Throws KubeFailure `unavailable`. */
export function demandObject(where: string, body: string): KubeObject {
  const value = parse(where, body);
  // A review (TokenReview and its like) is answered with metadata that has no name.
  if (isRecord(value) && (value.metadata === undefined || isRecord(value.metadata))) {
    return { ...value, metadata: metadataOf(value.metadata) };
  }
  throw strange(where, 'an object');
}

/** A page of a list. Throws KubeFailure `unavailable`. */
export function pageOf(where: string, body: string): ListPage {
  const value = parse(where, body);
  if (!isRecord(value) || !isRecord(value.metadata) || !(Array.isArray(value.items) || value.items === null)) {
    throw strange(where, 'a list');
  }
  const { resourceVersion, continue: token } = value.metadata;
  if (typeof resourceVersion !== 'string') throw strange(where, 'a list with a resourceVersion');
  const items: readonly unknown[] = value.items ?? [];
  if (!items.every(isObject)) throw strange(where, 'a list of objects with names');
  return { items, resourceVersion, ...(typeof token === 'string' && token !== '' ? { continue: token } : {}) };
}

/** An event of a watch. Throws KubeFailure `unavailable`. */
export function demandEvent(where: string, value: unknown): WatchEvent {
  if (isRecord(value) && isEventType(value.type) && isRecord(value.object)) {
    return { type: value.type, object: value.object };
  }
  throw strange(where, 'an event of a watch');
}

/** The resources that the discovery document of a group and version describes; subresources left aside. */
export function resourcesIn(
  body: string,
  { group, version }: Pick<Resource, 'group' | 'version'>,
): readonly Resource[] {
  const value = parse('discover', body);
  const resources: readonly unknown[] = isRecord(value) && Array.isArray(value.resources) ? value.resources : [];
  return resources.flatMap((one) => {
    if (!isRecord(one) || typeof one.name !== 'string' || typeof one.kind !== 'string') return [];
    if (one.name.includes('/')) return [];
    return [{ group, version, plural: one.name, kind: one.kind, namespaced: one.namespaced === true }];
  });
}

/** Is it an object with a name? */
export function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value.metadata) && typeof value.metadata.name === 'string';
}

const EVENT_TYPES = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] as const;

function isEventType(value: unknown): value is WatchEvent['type'] {
  return EVENT_TYPES.some((type) => type === value);
}

function metadataOf(value: Record<string, unknown> | undefined): KubeMetadata {
  return { name: '', ...value };
}

function parse(where: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw strange(where, 'JSON', error);
  }
}

function strange(where: string, expected: string, cause?: unknown): KubeFailure {
  return new KubeFailure({ kind: 'unavailable' }, `${where}: expected ${expected}, found another answer`, { cause });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
