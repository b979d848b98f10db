/**
 * Follows a collection from a version on, from one watch to the next, until only a new list can help.
 * Owns when a watch is opened again and when that is hopeless; must never hold objects.
 */
import type { Clock } from '../core/clock.ts';
import { isObject } from './answer-shape.ts';
import { failureOfStatus, isKubeFailure, KubeFailure, type KubeFailureDetail } from './failure.ts';
import { type KubeObject, keyOfObject, type Resource } from './resource.ts';
import type { KubeClient, Selection, WatchEvent } from './verbs.ts';

/** What to follow, and whom to tell. */
export interface FollowOptions {
  readonly client: Pick<KubeClient, 'watch'>;
  readonly resource: Resource;
  readonly selection: Selection;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onSet: (object: KubeObject) => void;
  readonly onRemove: (key: string) => void;
  /** A watch is open. */
  readonly onOpen: () => void;
  /** A watch failed, and is about to be opened again. */
  readonly onFailure: (failure: KubeFailure) => void;
  /** Waits before the next try. */
  readonly pause: (failure: KubeFailure) => Promise<void>;
}

/** client-go: a watch lives between five and ten minutes, so that watches of many clients do not end together. */
const SHORTEST_WATCH_S = 300;
/** A watch that ends sooner than this is a failure, also after an event: a server that accepts and hangs up. */
const VERY_SHORT_MS = 1_000;
/** After this many failures in a row the list has to say what is true. */
const FAILURES_UNTIL_RELIST = 5;

/** What of a failed watch leaves its resourceVersion good: the server was busy, slow, or away. */
const WATCH_AGAIN: readonly KubeFailureDetail['kind'][] = [
  'rate-limited',
  'unavailable',
  'timeout',
  'unauthorized',
  'forbidden',
];

/** Follows from `from` on. Never resolves: throws what only a new list can help with, or the reason of the signal. */
export async function follow(from: string, options: FollowOptions): Promise<never> {
  const { signal } = options;
  let resourceVersion = from;
  let failures = 0;
  for (;;) {
    try {
      for await (const event of watchOnce(resourceVersion, options)) {
        signal.throwIfAborted();
        resourceVersion = take(event, options) ?? resourceVersion;
        failures = 0;
      }
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      if (!isKubeFailure(error, ...WATCH_AGAIN) || failures >= FAILURES_UNTIL_RELIST) throw error;
      options.onFailure(error);
      await options.pause(error);
    }
  }
}

/** One watch. Its ending is no failure, unless it comes at once. */
async function* watchOnce(resourceVersion: string, options: FollowOptions): AsyncGenerator<WatchEvent> {
  const { client, resource, selection, clock, random, signal, onOpen } = options;
  const openedAt = clock.now();
  const timeoutSeconds = Math.floor(SHORTEST_WATCH_S * (1 + random()));
  yield* client.watch(resource, { ...selection, resourceVersion, timeoutSeconds, signal, onOpen });
  if (clock.now() - openedAt >= VERY_SHORT_MS) return;
  throw new KubeFailure({ kind: 'unavailable' }, `watch ${resource.plural}: the server ended it at once`);
}

/** Passes an event on; the version up to which all is known now. Throws what an ERROR event says. */
function take({ type, object }: WatchEvent, options: FollowOptions): string | undefined {
  const where = `watch ${options.resource.plural}`;
  if (type === 'ERROR') throw failureOfStatus(where, object);
  if (type === 'BOOKMARK') return versionOf(object);
  if (!isObject(object)) throw new KubeFailure({ kind: 'invalid' }, `${where}: an event whose object has no name`);
  if (type === 'DELETED') options.onRemove(keyOfObject(object.metadata));
  else options.onSet(object);
  return versionOf(object);
}

function versionOf(object: unknown): string | undefined {
  const version = fieldOf(fieldOf(object, 'metadata'), 'resourceVersion');
  return typeof version === 'string' && version !== '' ? version : undefined;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}
