/**
 * Objects and their history, as etcd keeps them behind a real API server: one revision for all kinds, a log of
 * changes for watches, compaction. Owns order and revisions; knows nothing of what an object means.
 */
import type { ResourceKey } from './kinds.ts';
import { type ApiObject, Refused } from './object.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly resource: ResourceKey;
  readonly object: ApiObject;
  readonly old?: ApiObject;
}

/** A page's worth of a list as it was at one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly objects: readonly ApiObject[];
}

export interface Storage {
  readonly revision: () => number;
  get(resource: ResourceKey, key: string): ApiObject | undefined;
  /** Stores what `build` makes for the new revision. */
  put(resource: ResourceKey, key: string, build: (resourceVersion: string) => ApiObject): ApiObject;
  remove(resource: ResourceKey, key: string): ApiObject | undefined;
  /** All objects by key, below a key's beginning. */
  list(resource: ResourceKey, prefix: string): readonly ApiObject[];
  /** The list that an earlier page came from; throws 410 when it was compacted. */
  keep(snapshot: Snapshot): string;
  kept(token: string): Snapshot;
  /** Changes after a revision; throws 410 when some of them were compacted. */
  since(resource: ResourceKey, revision: number): readonly Change[];
  /** Forgets all history up to now. */
  compact(): void;
  /** Is told of every change, in order; gives the way to stop. */
  subscribe(resource: ResourceKey, listener: (change: Change) => void): () => void;
}

const MAX_SNAPSHOTS = 64;
const MAX_LOG = 200_000;

/** Namespace and name as a key, in the order in which lists have them. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

interface Shelf {
  readonly objects: Map<string, ApiObject>;
  /** Keys in order; absent after an object came or went. */
  sorted: readonly string[] | undefined;
  log: Change[];
  readonly listeners: Set<(change: Change) => void>;
}

export function createStorage(): Storage {
  const shelves = new Map<ResourceKey, Shelf>();
  const snapshots = new Map<string, Snapshot>();
  const state = { revision: 1, compacted: 0, tokens: 0 };

  const shelf = (resource: ResourceKey): Shelf => {
    const found = shelves.get(resource) ?? { objects: new Map(), sorted: undefined, log: [], listeners: new Set() };
    shelves.set(resource, found);
    return found;
  };
  const publish = (place: Shelf, change: Change): void => {
    place.log.push(change);
    if (place.log.length > MAX_LOG) {
      const dropped = place.log.splice(0, MAX_LOG / 2);
      state.compacted = Math.max(state.compacted, dropped.at(-1)?.revision ?? 0);
    }
    for (const listener of place.listeners) listener(change);
  };

  return {
    revision: () => state.revision,
    get: (resource, key) => shelves.get(resource)?.objects.get(key),
    put(resource, key, build) {
      const place = shelf(resource);
      const old = place.objects.get(key);
      state.revision += 1;
      const { revision } = state;
      const object = build(String(revision));
      place.objects.set(key, object);
      if (old === undefined) place.sorted = undefined;
      const type = old === undefined ? 'ADDED' : 'MODIFIED';
      publish(place, { type, revision, resource, object, ...(old === undefined ? {} : { old }) });
      return object;
    },
    remove(resource, key) {
      const place = shelf(resource);
      const old = place.objects.get(key);
      if (old === undefined) return undefined;
      state.revision += 1;
      const { revision } = state;
      place.objects.delete(key);
      place.sorted = undefined;
      const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(revision) } };
      publish(place, { type: 'DELETED', revision, resource, object, old });
      return object;
    },
    list(resource, prefix) {
      const place = shelf(resource);
      place.sorted ??= [...place.objects.keys()].sort();
      const keys = prefix === '' ? place.sorted : place.sorted.filter((key) => key.startsWith(prefix));
      return keys.flatMap((key) => place.objects.get(key) ?? []);
    },
    keep(snapshot) {
      state.tokens += 1;
      const token = `${state.tokens}`;
      snapshots.set(token, snapshot);
      const [oldest] = snapshots.keys();
      if (snapshots.size > MAX_SNAPSHOTS && oldest !== undefined) snapshots.delete(oldest);
      return token;
    },
    kept(token) {
      const snapshot = snapshots.get(token);
      if (snapshot !== undefined) return snapshot;
      throw new Refused(
        410,
        'Expired',
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      );
    },
    since(resource, revision) {
      if (revision < state.compacted)
        throw new Refused(410, 'Expired', `too old resource version: ${revision} (${state.compacted})`);
      const { log } = shelf(resource);
      return log.slice(log.findLastIndex((change) => change.revision <= revision) + 1);
    },
    compact() {
      state.compacted = state.revision;
      snapshots.clear();
      for (const place of shelves.values()) place.log = [];
    },
    subscribe(resource, listener) {
      const { listeners } = shelf(resource);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
