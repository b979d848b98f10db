/**
 * The objects of a collection as far as they were projected, and what changed in them. Owns the diff between a copy and
 * a list; must never hold an object itself: its version and its projection is all that stays.
 */
import { type KubeObject, keyOfObject } from './resource.ts';

/** A change of the copy. */
export type ReplicaEvent<T> =
  | {
      readonly type: 'set';
      readonly key: string;
      readonly value: T;
      /** What it was before; absent where it is new. */
      readonly old?: T;
      /** Part of the first list: nobody just did this. */
      readonly initial: boolean;
    }
  /** `value`: what it was. */
  | { readonly type: 'gone'; readonly key: string; readonly value: T; readonly initial: false };

/** What a replica is made of. */
export interface ReplicaOptions<T> {
  /** undefined: not kept. */
  readonly project: (object: KubeObject) => T | undefined;
  readonly onEvent: (event: ReplicaEvent<T>) => void;
  /** Told what `project` and `onEvent` throw, which ends here. */
  readonly onBug?: ((error: unknown, key: string) => void) | undefined;
}

/** A list under way. */
export interface Listing {
  add(items: readonly KubeObject[]): void;
  /** The list is complete: what it did not name is gone. */
  finish(): void;
}

/** A copy of a collection. */
export interface Replica<T> {
  set(object: KubeObject, initial: boolean): void;
  remove(key: string): void;
  relist(): Listing;
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
}

/** Makes an empty replica. */
export function createReplica<T>(options: ReplicaOptions<T>): Replica<T> {
  return new Copy(options);
}

class Copy<T> implements Replica<T> {
  private readonly options: ReplicaOptions<T>;
  private readonly kept = new Map<string, T>();
  private readonly versions = new Map<string, string>();
  private listedOnce = false;

  constructor(options: ReplicaOptions<T>) {
    this.options = options;
  }

  set(object: KubeObject, initial: boolean): void {
    const { metadata } = object;
    const key = keyOfObject(metadata);
    const version = metadata.resourceVersion ?? '';
    // A list after a broken watch, or a watch that replays: what is known in this version is no news.
    if (version !== '' && this.versions.get(key) === version) return;
    const value = this.guarded(key, () => this.options.project(object));
    if (value === undefined) return this.remove(key);
    const old = this.kept.get(key);
    this.versions.set(key, version);
    this.kept.set(key, value);
    this.tell({ type: 'set', key, value, initial, ...(old === undefined ? {} : { old }) });
  }

  remove(key: string): void {
    const value = this.kept.get(key);
    this.versions.delete(key);
    this.kept.delete(key);
    if (value !== undefined) this.tell({ type: 'gone', key, value, initial: false });
  }

  relist(): Listing {
    const seen = new Set<string>();
    return {
      add: (items) => {
        for (const item of items) {
          seen.add(keyOfObject(item.metadata));
          this.set(item, !this.listedOnce);
        }
      },
      finish: () => {
        this.listedOnce = true;
        for (const key of this.kept.keys()) if (!seen.has(key)) this.remove(key);
      },
    };
  }

  get(key: string): T | undefined {
    return this.kept.get(key);
  }

  values(): IterableIterator<T> {
    return this.kept.values();
  }

  get size(): number {
    return this.kept.size;
  }

  private tell(event: ReplicaEvent<T>): void {
    this.guarded(event.key, () => this.options.onEvent(event));
  }

  /** One bad object must not stop the rest. */
  private guarded<R>(key: string, run: () => R): R | undefined {
    try {
      return run();
    } catch (error) {
      this.options.onBug?.(error, key);
      return undefined;
    }
  }
}
