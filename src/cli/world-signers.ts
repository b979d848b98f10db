/**
 * The signers of a world of manifests: every TrustedKey with what it refers to, from the same manifests.
 */
import type { ManifestWorld } from '../core/manifests/world.ts';
import type { Signer } from '../verify/signer.ts';
import { type MaterialLookup, shownRef, type TextRef } from '../verify/trust/material.ts';
import { resolveSigner } from '../verify/trust/signer.ts';
import type { Terminal } from './terminal.ts';
import { trustRootsOf } from './trust-roots.ts';

interface TrustFlags {
  readonly trustedRoot?: string;
  readonly withoutKey: readonly string[];
}

/** Signers by TrustedKey name. A key of `--without-key` stands as revoked. Throws UsageError. */
export async function signersOfWorld(
  world: ManifestWorld,
  flags: TrustFlags,
  terminal: Terminal,
): Promise<ReadonlyMap<string, Signer>> {
  const lookup = lookupIn(world);
  const roots = await trustRootsOf(flags.trustedRoot, lookup, terminal.cwd);
  const signers = world.trustedKeys.map((key) => resolveSigner(key, lookup, roots));
  return new Map(
    signers.map((signer) => [signer.name, flags.withoutKey.includes(signer.name) ? revoked(signer) : signer]),
  );
}

/** Secrets and ConfigMaps of the manifests. */
function lookupIn({ secrets, configMaps }: ManifestWorld): MaterialLookup {
  return {
    text(ref: TextRef) {
      const objects = ref.kind === 'Secret' ? secrets : configMaps;
      const object = objects.get(`${ref.namespace}/${ref.name}`);
      const text = object?.get(ref.key);
      if (text !== undefined) return { ok: true, text };
      const missing =
        object === undefined ? `there is no ${ref.kind} ${ref.namespace}/${ref.name}` : `${shownRef(ref)} is not there`;
      return { ok: false, message: missing };
    },
  };
}

function revoked(signer: Signer): Signer {
  return signer.state === 'usable' ? { ...signer, lifecycle: { state: 'Revoked' } } : signer;
}
