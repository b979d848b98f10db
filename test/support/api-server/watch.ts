/**
 * Watches: what changed since a revision, then what changes. Bookmarks, an end after `timeoutSeconds`, and the ends
 * that tests ask for. One change is encoded once, however many watch.
 */
import type { ServerResponse } from 'node:http';
import { encoded, type Shape } from './encode.ts';
import { apiVersionOf, keyOf, type ResourceKey, type ServedKind } from './kinds.ts';
import { type ApiObject, Refused, statusOf } from './object.ts';
import { prefixOf, selection, shapeOf } from './read.ts';
import { type Asked, isTrue } from './request.ts';
import type { Change, Storage } from './storage.ts';

/** An open watch. */
export interface OpenWatch {
  readonly resource: ResourceKey;
  readonly userAgent: string;
  /** Sends a bookmark, where the client asked for them. */
  bookmark(): void;
  /** Sends a line as it is. */
  write(line: string): void;
  /** Ends the answer in good order. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
}

export interface Watches {
  readonly open: ReadonlySet<OpenWatch>;
  start(asked: Asked, response: ServerResponse): void;
}

export interface WatchTimes {
  /** Between bookmarks, in milliseconds; 0: only those that a test sends. */
  readonly bookmarkEveryMs: number;
}

export function createWatches(storage: Storage, { bookmarkEveryMs }: WatchTimes): Watches {
  const open = new Set<OpenWatch>();
  return {
    open,
    start(asked, response) {
      if (isTrue(asked.query.get('sendInitialEvents')))
        throw new Refused(
          422,
          'Invalid',
          'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
        );
      const changes = catchUp(storage, asked);
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
      response.flushHeaders();
      if (changes instanceof Refused) {
        response.end(errorLine(changes));
        return;
      }
      const watch = stream(storage, asked, response);
      for (const change of changes) watch.send(change);
      const stop = storage.subscribe(keyOf(asked.kind), (change) => watch.send(change));
      const timers = [
        ...(bookmarkEveryMs > 0 ? [setInterval(() => watch.bookmark(), bookmarkEveryMs)] : []),
        setTimeout(() => watch.end(), 1000 * Number(asked.query.get('timeoutSeconds') ?? 1800)),
      ];
      open.add(watch);
      response.on('close', () => {
        stop();
        for (const timer of timers) clearTimeout(timer);
        open.delete(watch);
      });
    },
  };
}

/** An ERROR event with a Status. */
export function errorLine(refused: Refused): string {
  return `${JSON.stringify({ type: 'ERROR', object: statusOf(refused) })}\n`;
}

/** Without a version, or with 0, everything that is there comes as ADDED. An expired version is an ERROR event. */
function catchUp(storage: Storage, asked: Asked): readonly Change[] | Refused {
  const from = asked.query.get('resourceVersion') ?? '';
  const resource = keyOf(asked.kind);
  if (from === '' || from === '0')
    return storage
      .list(resource, prefixOf(asked))
      .map((object) => ({ type: 'ADDED', revision: storage.revision(), resource, object }));
  try {
    return storage.since(resource, Number(from));
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

function stream(storage: Storage, asked: Asked, response: ServerResponse): OpenWatch & { send(change: Change): void } {
  const { kind, query, headers, namespace } = asked;
  const selects = selection(asked);
  const shape = shapeOf(asked);
  const covers = (object: ApiObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) && selects(object);
  const from = Number(query.get('resourceVersion') ?? 0);
  // A watch that was ended is open until its connection notices.
  const write = (line: string): void => {
    if (!response.writableEnded && !response.destroyed) response.write(line);
  };
  return {
    resource: keyOf(kind),
    userAgent: headers['user-agent'] ?? '',
    send(change) {
      if (change.revision <= from) return;
      const type = seenType(change, covers);
      if (type !== undefined) write(`{"type":"${type}","object":${encoded(kind, change.object, shape)}}\n`);
    },
    bookmark() {
      if (isTrue(query.get('allowWatchBookmarks'))) write(bookmarkLine(kind, shape, storage.revision()));
    },
    write,
    end: () => void response.end(),
    reset: () => void response.destroy(),
  };
}

/** How a watcher with selectors sees a change: an object that begins to match is added to it. */
function seenType({ type, object, old }: Change, covers: (object: ApiObject) => boolean): Change['type'] | undefined {
  const is = covers(object);
  if (type !== 'MODIFIED' || old === undefined) return is ? type : undefined;
  const was = covers(old);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

function bookmarkLine(kind: ServedKind, shape: Shape, revision: number): string {
  const names =
    shape === 'metadata'
      ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
      : { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const metadata = { resourceVersion: String(revision), creationTimestamp: null };
  return `${JSON.stringify({ type: 'BOOKMARK', object: { ...names, metadata } })}\n`;
}
