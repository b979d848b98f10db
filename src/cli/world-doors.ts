/**
 * What a Pod of a world would meet at the door: the Kyverno policy that the operator has there, or would. Pure but for
 * the material of the keys. Must never take a policy that cannot be generated for one that guards.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { AdmissionKey } from '../core/admission-key.ts';
import type { ManifestWorld } from '../core/manifests/world.ts';
import type { Door } from '../core/restart.ts';
import { admissionOf } from '../controllers/enforcement/admission.ts';
import { admissionMode } from '../controllers/enforcement/desired.ts';
import { chooseFormat, renderKyverno } from '../outputs/kyverno/render.ts';
import type { KyvernoFormat } from '../outputs/kyverno/rendering.ts';
import { lookupIn, type MaterialSource } from '../store/materials.ts';
import { admissionKeyOf } from '../verify/trust/admission-key.ts';

/** What the doors depend on beside the world. */
export interface DoorSources {
  readonly materials: MaterialSource;
  /** Names of keys that stand as revoked. */
  readonly withoutKey: readonly string[];
  readonly now: Date;
}

/** The door of each policy, made when it is first asked for. */
export function doorsOf(
  { trustedKeys }: Pick<ManifestWorld, 'trustedKeys'>,
  { materials, withoutKey, now }: DoorSources,
): (policy: ImageTrustPolicy) => Door {
  const lookup = lookupIn(materials);
  const keys = new Map<string, AdmissionKey>();
  for (const key of trustedKeys) {
    const { name } = key.metadata;
    keys.set(name, withoutKey.includes(name) ? { state: 'revoked', name } : admissionKeyOf(key, lookup));
  }
  const doors = new Map<ImageTrustPolicy, Door>();
  return (policy) => {
    const door = doors.get(policy) ?? doorOf(policy, keys, now);
    doors.set(policy, door);
    return door;
  };
}

function doorOf(policy: ImageTrustPolicy, keys: ReadonlyMap<string, AdmissionKey>, now: Date): Door {
  const mode = admissionMode(policy);
  const format = formatOf(policy);
  if (mode === undefined || format === undefined) return 'open';
  const rendering = renderKyverno({ policy, keys, format, mode, now });
  return rendering.kind === 'rendered' ? admissionOf(format, keys, rendering) : 'open';
}

/** Where an operator has looked, the kind that is there; else the one that it would choose of both. */
function formatOf(policy: ImageTrustPolicy): KyvernoFormat | undefined {
  const { status } = policy;
  const hasLooked = status?.conditions?.some(({ type }) => type === 'EnforcementReady') === true;
  if (!hasLooked) return chooseFormat(policy, { clusterPolicy: true, imageValidatingPolicy: true });
  const kind = status.kyverno?.kind;
  return kind === 'ClusterPolicy' || kind === 'ImageValidatingPolicy' ? kind : undefined;
}
