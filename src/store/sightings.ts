/**
 * What registries said of things that can change (tags, lists of referrers), and when: so that a hundred tasks of one
 * pass ask once, and a change of trust asks nothing. Content by digest is the registry client's to keep.
 * Must never hand out an answer that is older than the caller allows, nor remember what may heal by itself.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { Failure } from '../core/failure.ts';
import { createLru, type Lru } from '../core/lru.ts';
import type { Descriptor, ImageSource, LookupOptions, Manifest, Referrers, Repository } from '../registry/source.ts';

/** Answers kept of each sort: tags, lists. A list is about 300 bytes, a manifest a few KiB. */
const MAX_SIGHTINGS = 20_000;

/** A source with a memory. */
export interface Sightings {
  /** A view in which answers from `notBefore` (milliseconds) on are good enough. */
  since(notBefore: number): ImageSource;
}

type Settled<T> = { readonly value: T } | { readonly absent: Failure };
type Seen<T> = Settled<T> & { readonly at: number };

/** A memory of what this source answers. `now` in milliseconds. */
export function createSightings(source: ImageSource, now: () => number, max: number = MAX_SIGHTINGS): Sightings {
  const tags = createLru<Seen<Manifest>>(max);
  const lists = createLru<Seen<Referrers>>(max);
  return {
    since(notBefore): ImageSource {
      return {
        async manifest(repository: Repository, reference: string, options: LookupOptions): Promise<Manifest> {
          if (isDigest(reference)) return source.manifest(repository, reference, options);
          const look = (): Promise<Manifest> => source.manifest(repository, reference, options);
          return seen(tags, keyOf(repository, reference), { notBefore, now }, look);
        },
        async referrers(repository: Repository, subject: Digest, options: LookupOptions): Promise<Referrers> {
          const look = (): Promise<Referrers> => source.referrers(repository, subject, options);
          return seen(lists, keyOf(repository, subject), { notBefore, now }, look);
        },
        blob: (repository: Repository, descriptor: Descriptor, options: LookupOptions) =>
          source.blob(repository, descriptor, options),
      };
    },
  };
}

interface Freshness {
  readonly notBefore: number;
  readonly now: () => number;
}

/** Lookups under way at the same time are the source's to share. The age counts from the question, not the answer. */
async function seen<T extends object>(
  memory: Lru<Seen<T>>,
  key: string,
  { notBefore, now }: Freshness,
  look: () => Promise<T>,
): Promise<T> {
  const known = memory.get(key);
  if (known !== undefined && known.at >= notBefore) {
    if ('absent' in known) throw known.absent;
    return known.value;
  }
  const at = now();
  try {
    const value = await look();
    memory.set(key, { value, at });
    return value;
  } catch (error) {
    if (error instanceof Failure && error.detail.kind === 'not-found') memory.set(key, { absent: error, at });
    throw error;
  }
}

function keyOf({ registry, path }: Repository, reference: string): string {
  return `${registry}/${path}|${reference}`;
}
