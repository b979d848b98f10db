/**
 * The trusted root of Sigstore's public good instance, as the TUF client of the project carries it for its first start.
 * Nothing is contacted; what was rotated in since that release is not in it.
 */
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { TRUSTED_ROOT } from '../../src/registry/tuf/repository.ts';

/** The text of its trusted_root.json. */
export function publicGoodRoot(): string {
  for (const { targets } of Object.values(seeds)) return Buffer.from(targets[TRUSTED_ROOT], 'base64').toString('utf8');
  throw new Error('@sigstore/tuf came without a root');
}
