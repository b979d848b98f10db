/**
 * Resolves what is to be proven: the manifest that runs, where its signatures may lie, and the indexes that the
 * spec's references lead to. Must never decide anything about trust.
 */
import type { Digest } from '../../core/digest.ts';
import { Failure } from '../../core/failure.ts';
import type { KnownLead } from '../../core/lead.ts';
import { formatRepository, type ImageReference, type RepositoryReference } from '../../core/reference.ts';
import type { ImageSource, Manifest, Repository } from '../../registry/source.ts';
import type { Subject } from '../family.ts';

/** Where a reference of the spec leads now. */
export type Lead =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** The repositories in which the image is used: canonical, distinct, ordered. */
export function repositoriesOf(references: readonly RepositoryReference[]): readonly Repository[] {
  const distinct = new Map(
    references.map(({ registry, path }) => [formatRepository({ registry, path }), { registry, path }]),
  );
  return [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, repository]) => repository);
}

/** The subject for a digest, from the first repository that has it. Throws the Failure of the last one otherwise. */
export async function resolveSubject(
  digest: Digest,
  repositories: readonly Repository[],
  source: ImageSource,
  signal: AbortSignal,
): Promise<Subject> {
  let last: unknown = new Failure({ kind: 'not-found' }, `${digest}: no repository to look in`);
  for (const repository of repositories) {
    try {
      return subjectOf(await source.manifest(repository, digest, { signal }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      last = error;
    }
  }
  throw last;
}

/** A manifest as something that can be named by a signature. */
export function subjectOf(manifest: Manifest): Subject {
  return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.byteLength };
}

/** Follows one reference of the spec: to the manifest that its digest or tag names at this moment. */
export async function follow(reference: ImageReference, source: ImageSource, signal: AbortSignal): Promise<Lead> {
  try {
    const manifest = await source.manifest(reference, reference.digest ?? reference.tag ?? 'latest', { signal });
    return { kind: 'manifest', manifest };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'failure', failure: error };
  }
}

/** Does this lead go to the digest, or to an index that lists it? */
export function leadsTo(lead: KnownLead, digest: Digest): boolean {
  if (lead.kind === 'failure') return false;
  return lead.manifest.digest === digest || lead.manifest.manifests.some((child) => child.digest === digest);
}
