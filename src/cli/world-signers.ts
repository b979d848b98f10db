/**
 * The signers of a world of manifests: every TrustedKey with what it refers to, from the same manifests.
 */
import type { ManifestWorld } from '../core/manifests/world.ts';
import { lookupIn, type MaterialSource } from '../store/materials.ts';
import type { Signer } from '../verify/signer.ts';
import { resolveSigner } from '../verify/trust/signer.ts';
import type { Terminal } from './terminal.ts';
import { trustRootsOf } from './trust-roots.ts';

interface TrustFlags {
  readonly trustedRoot?: string;
  readonly withoutKey: readonly string[];
}

/** Signers by TrustedKey name. A key of `--without-key` stands as revoked. Throws UsageError. */
export async function signersOfWorld(
  world: Pick<ManifestWorld, 'trustedKeys'>,
  materials: MaterialSource,
  flags: TrustFlags,
  terminal: Terminal,
): Promise<ReadonlyMap<string, Signer>> {
  const lookup = lookupIn(materials);
  const roots = await trustRootsOf(flags.trustedRoot, lookup, terminal.cwd);
  const signers = world.trustedKeys.map((key) => resolveSigner(key, lookup, roots));
  return new Map(
    signers.map((signer) => [signer.name, flags.withoutKey.includes(signer.name) ? revoked(signer) : signer]),
  );
}

function revoked(signer: Signer): Signer {
  return signer.state === 'usable' ? { ...signer, lifecycle: { state: 'Revoked' } } : signer;
}
