/** Get and list: pages of one snapshot, selectors, metadata only. */
import { encoded, encodedList, type Shape } from './encode.ts';
import { keyOf } from './kinds.ts';
import { type ApiObject, Refused } from './object.ts';
import { type Asked, wantsMetadata } from './request.ts';
import { fieldSelector, labelSelector, type Selects } from './selector.ts';
import { objectKey, type Storage } from './storage.ts';

/** Answers a get; throws 404. */
export function readOne(storage: Storage, asked: Asked): string {
  return encoded(asked.kind, found(storage, asked), shapeOf(asked));
}

/** The stored object that a request names; throws 404. */
export function found(storage: Storage, { kind, namespace, name = '' }: Asked): ApiObject {
  const object = storage.get(keyOf(kind), objectKey(namespace, name));
  if (object !== undefined) return object;
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  throw new Refused(404, 'NotFound', `${resource} "${name}" not found`);
}

/** Answers a list or one page of it. */
export function readList(storage: Storage, asked: Asked): string {
  const limit = Number(asked.query.get('limit') ?? 0);
  const { revision, objects, start } = listed(storage, asked);
  const end = limit > 0 ? Math.min(start + limit, objects.length) : objects.length;
  const more = end < objects.length;
  const metadata = {
    resourceVersion: String(revision),
    ...(more
      ? { continue: pageToken(storage, { revision, objects }, end), remainingItemCount: objects.length - end }
      : {}),
  };
  return encodedList(asked.kind, objects.slice(start, end), metadata, shapeOf(asked));
}

/** What a list or watch selects. */
export function selection({ kind, query, name }: Asked): Selects {
  const labels = labelSelector(query.get('labelSelector') ?? '');
  const fields = fieldSelector(query.get('fieldSelector') ?? '', kind.kind);
  return (object) => labels(object) && fields(object) && (name === undefined || object.metadata.name === name);
}

/** The beginning of the keys that a list or watch covers. */
export function prefixOf({ namespace }: Asked): string {
  return namespace === undefined ? '' : `${namespace}/`;
}

export function shapeOf(asked: Asked): Shape {
  return wantsMetadata(asked) ? 'metadata' : 'whole';
}

interface Listed {
  readonly revision: number;
  readonly objects: readonly ApiObject[];
  readonly start: number;
}

function listed(storage: Storage, asked: Asked): Listed {
  const token = asked.query.get('continue') ?? '';
  if (token !== '') {
    const [id = '', start = ''] = Buffer.from(token, 'base64url').toString('utf8').split(':');
    return { ...storage.kept(id), start: Number(start) };
  }
  const wanted = Number(asked.query.get('resourceVersion') ?? 0);
  const revision = storage.revision();
  if (wanted > revision)
    throw new Refused(504, 'Timeout', `Too large resource version: ${wanted}, current: ${revision}`, { retryAfter: 1 });
  return { revision, objects: storage.list(keyOf(asked.kind), prefixOf(asked)).filter(selection(asked)), start: 0 };
}

/** Tokens of later pages lead to the snapshot of the first. */
function pageToken(storage: Storage, snapshot: Omit<Listed, 'start'>, end: number): string {
  return Buffer.from(`${storage.keep(snapshot)}:${end}`).toString('base64url');
}
