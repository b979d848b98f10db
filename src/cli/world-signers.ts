/**
 * The signers of a world of manifests: every TrustedKey with what it refers to, from the same manifests.
 */
import type { ManifestWorld } from '../core/manifests/world.ts';
import { lookupIn, type MaterialSource } from '../store/materials.ts';
import type { Signer } from '../verify/signer.ts';
import { resolveSigner } from '../verify/trust/signer.ts';
import { askKms } from './kms.ts';
import type { Terminal } from './terminal.ts';
import { openTrustRoots, type OpenedRoots, type TrustRootFlags } from './trust-roots.ts';

interface TrustFlags extends TrustRootFlags {
  readonly withoutKey: readonly string[];
}

/** The signers of a world, and the roots by which some of them are proven. */
export interface WorldSigners extends Pick<OpenedRoots, 'endsOf'> {
  /** By TrustedKey name. */
  readonly signers: ReadonlyMap<string, Signer>;
}

/** A key of `--without-key` stands as revoked. Throws UsageError. */
export async function signersOfWorld(
  world: Pick<ManifestWorld, 'trustedKeys'>,
  materials: MaterialSource,
  flags: TrustFlags,
  terminal: Terminal,
): Promise<WorldSigners> {
  const kms = await askKms(
    world.trustedKeys.flatMap(({ spec }) => spec.publicKey?.kms ?? []),
    terminal,
  );
  const lookup = lookupIn(materials, kms);
  const { roots, endsOf } = await openTrustRoots(world.trustedKeys, lookup, flags, terminal);
  const signers = world.trustedKeys.map((key) => resolveSigner(key, lookup, roots));
  return {
    endsOf,
    signers: new Map(
      signers.map((signer) => [signer.name, flags.withoutKey.includes(signer.name) ? revoked(signer) : signer]),
    ),
  };
}

function revoked(signer: Signer): Signer {
  return signer.state === 'usable' ? { ...signer, lifecycle: { state: 'Revoked' } } : signer;
}
