/**
 * Objects of our kinds as the API server tells them, checked and cut down to what is read. Owns what is kept of their
 * metadata; must never let one that cannot be read stop the others.
 */
import { API_VERSION } from '../api/group.ts';
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { type Problem, shownPath } from '../api/problem.ts';
import type { TrustedKey } from '../api/trusted-key.ts';
import { validateManifest } from '../api/validate.ts';
import type { KubeObject } from '../kube/resource.ts';

/** Told of an object that cannot be read, and why. */
export type OnUnreadable = (kind: string, name: string, message: string) => void;

/** A TrustedKey; undefined where it cannot be read. */
export function projectKey(object: KubeObject, onUnreadable: OnUnreadable): TrustedKey | undefined {
  const checked = validateManifest('TrustedKey', wholeOf(object, 'TrustedKey'));
  if (checked.ok) return checked.value;
  onUnreadable('TrustedKey', object.metadata.name, told(checked.problems));
  return undefined;
}

/** An ImageTrustPolicy; undefined where it cannot be read. */
export function projectPolicy(object: KubeObject, onUnreadable: OnUnreadable): ImageTrustPolicy | undefined {
  const checked = validateManifest('ImageTrustPolicy', wholeOf(object, 'ImageTrustPolicy'));
  if (checked.ok) return checked.value;
  onUnreadable('ImageTrustPolicy', object.metadata.name, told(checked.problems));
  return undefined;
}

/** Items of a list come without apiVersion and kind; managedFields are long and nobody's business. */
function wholeOf({ metadata, spec, status }: KubeObject, kind: string): Readonly<Record<string, unknown>> {
  const { name, uid, generation, resourceVersion, creationTimestamp, labels, annotations } = metadata;
  const kept = Object.entries({ name, uid, generation, resourceVersion, creationTimestamp, labels, annotations });
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

function told(problems: readonly Problem[]): string {
  return problems
    .map(({ path, expected, found }) => `${shownPath(path)}: expected ${expected}, found ${found}`)
    .join('; ');
}
