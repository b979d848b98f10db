/**
 * One pass over a source: what can change (tags, referrers) is asked for once and then remembered until the pass ends,
 * so that ten policies over one image cost as much as one. Must never remember what may heal by itself.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { Failure } from '../core/failure.ts';
import { whereOf } from './host.ts';
import type { Descriptor, ImageSource, LookupOptions, Manifest, Referrers, Repository } from './source.ts';

type Settled<T> = { readonly value: T } | { readonly absent: Failure };

/** A view of the source for one pass. Throw it away with the pass. */
export function createPass(source: ImageSource): ImageSource {
  const tags = new Map<string, Settled<Manifest>>();
  const lists = new Map<string, Settled<Referrers>>();
  return {
    async manifest(repository: Repository, reference: string, options: LookupOptions): Promise<Manifest> {
      if (isDigest(reference)) return source.manifest(repository, reference, options);
      return once(tags, whereOf(repository, reference), () => source.manifest(repository, reference, options));
    },
    async referrers(repository: Repository, subject: Digest, options: LookupOptions): Promise<Referrers> {
      return once(lists, whereOf(repository, subject), () => source.referrers(repository, subject, options));
    },
    blob: (repository: Repository, descriptor: Descriptor, options: LookupOptions) =>
      source.blob(repository, descriptor, options),
  };
}

/** Concurrent lookups are the source's to share; here only what has settled is kept. */
async function once<T>(memo: Map<string, Settled<T>>, key: string, lookup: () => Promise<T>): Promise<T> {
  const settled = memo.get(key);
  if (settled !== undefined) {
    if ('absent' in settled) throw settled.absent;
    return settled.value;
  }
  try {
    const value = await lookup();
    memo.set(key, { value });
    return value;
  } catch (error) {
    if (error instanceof Failure && error.detail.kind === 'not-found') memo.set(key, { absent: error });
    throw error;
  }
}
