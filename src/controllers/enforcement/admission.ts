/**
 * What admission is told of keys, and what it makes of signatures: between the signers of the operator and the Kyverno
 * policy. Owns which keys have been read; must never take a key that is still being read for one that is missing.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { TrustedKey } from '../../api/trusted-key.ts';
import type { AdmissionKey } from '../../core/admission-key.ts';
import type { EnforcementView } from '../../core/enforcement.ts';
import type { Admission, Door } from '../../core/restart.ts';
import { trustedKeysOf } from '../../core/trust-id.ts';
import { lookupIn, type MaterialSource } from '../../store/materials.ts';
import { admissionKeyOf } from '../../verify/trust/admission-key.ts';
import type { KyvernoFormat, Rendering } from '../../outputs/kyverno/rendering.ts';
import { referencesIn } from '../../core/named-object.ts';
import type { Desired } from './desired.ts';

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

/** Who vouches for nothing in a policy, and which sets nobody can meet: as a rendering has them. */
export type Absences = Pick<Rendering, 'leftOut' | 'unmeetable'>;

/** How a Kyverno policy of this kind reads signatures by these keys. */
export function admissionOf(format: KyvernoFormat, keys: AdmissionKeys, { leftOut, unmeetable }: Absences): Admission {
  const unread = [...keys].flatMap(([name, key]) => {
    const why = unreadBundles(key);
    return why === undefined ? [] : [[name, why] as const];
  });
  return {
    format,
    leftOut: new Set(leftOut.map(({ trustedKey }) => trustedKey)),
    unreadBundles: new Map(unread),
    unmeetable: [...new Set(unmeetable)],
  };
}

/**
 * What a Pod of the policy meets at the door, by the Kyverno policy that is there; `before` where that is not known now:
 * neither an outage nor a key that is being read opens a door.
 */
export function doorOf(
  { kyverno }: EnforcementView,
  desired: Desired,
  keys: AdmissionKeys | undefined,
  before: Door | undefined,
): Door | undefined {
  if (desired.kind === 'waiting' || keys === undefined) return before;
  const format = FORMATS.find((one) => one === kyverno?.kind);
  if (format === undefined) return 'open';
  return admissionOf(format, keys, desired.kind === 'policy' ? desired.absences : NONE_ABSENT);
}

const FORMATS: readonly KyvernoFormat[] = ['ClusterPolicy', 'ImageValidatingPolicy'];
const NONE_ABSENT: Absences = { leftOut: [], unmeetable: [] };

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
