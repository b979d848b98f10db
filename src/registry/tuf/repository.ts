/**
 * A TUF repository as it is named: where it is served and the root that trust in it starts from. Owns the identity of one
 * and the public instance, whose initial root comes with @sigstore/tuf. Must never fetch anything.
 */
import { createHash } from 'node:crypto';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { invalid } from '../../core/failure.ts';

/** A TUF repository. */
export interface TufRepository {
  /** Address of its metadata, without a slash at the end; targets lie below `/targets`. */
  readonly mirror: string;
  /** Text of the initial root.json: it may be old, and even expired, as long as its successors are signed by it. */
  readonly rootJson: string;
}

/** What a trusted root is called in the repository of a Sigstore instance. */
export const TRUSTED_ROOT = 'trusted_root.json';

/** A repository by its address. Throws Failure invalid where that is none. */
export function tufRepository(mirror: string, rootJson: string): TufRepository {
  const url = URL.parse(mirror);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw invalid('TUF mirror', 'the URL of a TUF repository, such as https://tuf.example.com', mirror);
  return { mirror: mirror.replace(/\/+$/, ''), rootJson };
}

/** The same address with the same initial root is the same repository. */
export function tufRepositoryId({ mirror, rootJson }: TufRepository): string {
  return createHash('sha256').update(`${mirror}\n${rootJson}`).digest('hex');
}

/** The public instance of Sigstore, from the root that its client was published with. */
export function publicInstance(): TufRepository {
  for (const [mirror, seed] of Object.entries(seeds))
    return tufRepository(mirror, Buffer.from(seed['root.json'], 'base64').toString('utf8'));
  throw new Error('@sigstore/tuf came without a root');
}
