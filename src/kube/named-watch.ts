/**
 * Watches single objects by name: Secrets and ConfigMaps that something refers to, and none beside them, so that a role
 * bound to those names suffices. Owns who wants what; a watch lives as long as somebody wants its object.
 */
import type { KubeFailure } from './failure.ts';
import { createReflector, type Reflector, type ReflectorOptions } from './reflector.ts';
import { keyOfObject } from './resource.ts';

/** An object by name, in its namespace. */
export interface NamedObject {
  readonly namespace: string;
  readonly name: string;
}

/** What is known of a wanted object. */
export type NamedState<T> =
  | { readonly state: 'present'; readonly value: T }
  /** The server says that there is no such object (or that it holds nothing of what we look for). */
  | { readonly state: 'absent' }
  /** Not asked yet, or nobody wants it. */
  | { readonly state: 'pending' }
  /** Never read so far, and this is why. */
  | { readonly state: 'failing'; readonly failure: KubeFailure };

/** What is watched, and whom to tell. */
export interface NamedWatchOptions<T>
  extends Pick<
    ReflectorOptions<T>,
    'client' | 'resource' | 'project' | 'clock' | 'random' | 'signal' | 'onBug' | 'metadataOnly'
  > {
  /** Told when what `get` answers has changed. */
  readonly onChange: (key: string) => void;
}

/** Watches of single objects. Keys are `namespace/name`. */
export interface NamedWatch<T> {
  /** From now on `owner` wants these objects and no others. Nothing is wanted: an empty list. */
  want(owner: string, objects: Iterable<NamedObject>): void;
  get(object: NamedObject): NamedState<T>;
  /** Resolves once everything that is wanted now is known (present, absent or failing). */
  settled(): Promise<void>;
  /** How many objects are watched. */
  readonly size: number;
  stop(): Promise<void>;
}

/** Makes the watches; the first starts when something is wanted. */
export function createNamedWatch<T>(options: NamedWatchOptions<T>): NamedWatch<T> {
  return new Watches(options);
}

interface Watched<T> {
  readonly reflector: Reflector<T>;
  readonly owners: Set<string>;
  /** Resolves once something is known, for better or worse. */
  readonly known: PromiseWithResolvers<void>;
}

class Watches<T> implements NamedWatch<T> {
  private readonly options: NamedWatchOptions<T>;
  private readonly watched = new Map<string, Watched<T>>();
  private readonly wishes = new Map<string, ReadonlySet<string>>();
  private readonly ending = new Set<Promise<void>>();

  constructor(options: NamedWatchOptions<T>) {
    this.options = options;
  }

  get size(): number {
    return this.watched.size;
  }

  want(owner: string, objects: Iterable<NamedObject>): void {
    const wanted = new Map([...objects].map((object) => [keyOfObject(object), object]));
    for (const [key, object] of wanted) this.watch(key, object).owners.add(owner);
    for (const key of this.wishes.get(owner) ?? []) if (!wanted.has(key)) this.release(key, owner);
    if (wanted.size === 0) this.wishes.delete(owner);
    else this.wishes.set(owner, new Set(wanted.keys()));
  }

  get(object: NamedObject): NamedState<T> {
    const key = keyOfObject(object);
    const reflector = this.watched.get(key)?.reflector;
    if (reflector === undefined) return { state: 'pending' };
    const value = reflector.get(key);
    if (value !== undefined) return { state: 'present', value };
    if (reflector.isSynced()) return { state: 'absent' };
    const state = reflector.state();
    return state.phase === 'failing' ? { state: 'failing', failure: state.failure } : { state: 'pending' };
  }

  async settled(): Promise<void> {
    await Promise.all([...this.watched.values()].map(({ known }) => known.promise));
  }

  async stop(): Promise<void> {
    for (const key of this.watched.keys()) this.end(key);
    this.wishes.clear();
    await Promise.all(this.ending);
  }

  private watch(key: string, object: NamedObject): Watched<T> {
    const existing = this.watched.get(key);
    if (existing !== undefined) return existing;
    const known = Promise.withResolvers<void>();
    const { onChange, ...shared } = this.options;
    const reflector = createReflector<T>({
      ...shared,
      namespace: object.namespace,
      fieldSelector: `metadata.name=${object.name}`,
      // What the first list says is told when it is complete: absence is news too.
      onEvent: () => {
        if (reflector.isSynced()) onChange(key);
      },
      onState: ({ phase }) => {
        if (phase !== 'failing') return;
        known.resolve();
        if (!reflector.isSynced()) onChange(key);
      },
    });
    const watched = { reflector, owners: new Set<string>(), known };
    this.watched.set(key, watched);
    this.announceFirst(key, watched);
    reflector.start();
    return watched;
  }

  private announceFirst(key: string, { reflector, known }: Watched<T>): void {
    const first = (): void => {
      known.resolve();
      if (this.watched.get(key)?.reflector === reflector) this.options.onChange(key);
    };
    reflector.synced.then(first, () => known.resolve());
  }

  private release(key: string, owner: string): void {
    const owners = this.watched.get(key)?.owners;
    owners?.delete(owner);
    if (owners?.size === 0) this.end(key);
  }

  private end(key: string): void {
    const watched = this.watched.get(key);
    this.watched.delete(key);
    if (watched === undefined) return;
    const ended = watched.reflector.stop().finally(() => this.ending.delete(ended));
    this.ending.add(ended);
  }
}
