/**
 * What admission is told of keys, and what it makes of signatures: between the signers of the operator and the Kyverno
 * policy. Owns which keys have been read; must never take a key that is still being read for one that is missing.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { TrustedKey } from '../../api/trusted-key.ts';
import type { AdmissionKey } from '../../core/admission-key.ts';
import type { Admission } from '../../core/restart.ts';
import { trustedKeysOf } from '../../core/trust-id.ts';
import { lookupIn, type MaterialSource } from '../../store/materials.ts';
import { admissionKeyOf } from '../../verify/trust/admission-key.ts';
import type { KyvernoFormat } from '../../outputs/kyverno/rendering.ts';
import { referencesIn } from '../../core/named-object.ts';

/** Keys of a policy by name. */
export type AdmissionKeys = ReadonlyMap<string, AdmissionKey>;

/** The keys that a policy names; undefined while the material of one is being read. One that is missing is not there. */
export function admissionKeysOf(
  policy: ImageTrustPolicy,
  key: (name: string) => TrustedKey | undefined,
  materials: MaterialSource,
): AdmissionKeys | undefined {
  const named = trustedKeysOf(policy).flatMap((name) => key(name) ?? []);
  const references = named.flatMap(({ spec }) => referencesIn(spec));
  if (references.some((object) => materials.get(object).state === 'loading')) return undefined;
  const lookup = lookupIn(materials);
  return new Map(named.map((one) => [one.metadata.name, admissionKeyOf(one, lookup)]));
}

/** How a Kyverno policy of this kind reads signatures by these keys. */
export function admissionOf(format: KyvernoFormat, keys: AdmissionKeys, leftOut: readonly string[]): Admission {
  const unread = [...keys].flatMap(([name, key]) => {
    const why = unreadBundles(key);
    return why === undefined ? [] : [[name, why] as const];
  });
  return { format, leftOut: new Set(leftOut), unreadBundles: new Map(unread) };
}

/** Bundles by these Kyverno 1.19 cannot verify (kyverno-live.md 1: bundle3-cert, bundle3-ed25519). */
function unreadBundles(key: AdmissionKey): 'Ed25519' | 'certificate' | undefined {
  if (key.state !== 'usable') return undefined;
  const { material } = key;
  if (material.type === 'certificate') return 'certificate';
  const isEd25519 =
    material.type === 'publicKey' &&
    material.keys.length > 0 &&
    material.keys.every((one) => one.algorithm === 'Ed25519');
  return isEd25519 ? 'Ed25519' : undefined;
}
