/**
 * What Secrets and ConfigMaps say, for keys and policies that name them, kept up to date. Owns what is kept of such an
 * object; must never read one that nobody named.
 */
import type { Field } from '../core/manifests/field.ts';
import { type ObjectTexts, readConfigMap, readSecret } from '../core/manifests/read-data.ts';
import type { NamedObject } from '../core/named-object.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { MaterialSource } from '../store/materials.ts';

/** The named objects, by whoever watches them. */
export interface Materials extends MaterialSource {
  /** From now on `owner` names exactly these; none: it is gone. */
  want(owner: string, objects: readonly NamedObject[]): void;
  /** Resolves when none of what is wanted now is `loading`. */
  settled(): Promise<void>;
}

/** The texts of a Secret or ConfigMap; values that are no text are not there. */
export function textsOf(kind: NamedObject['kind'], object: KubeObject): ObjectTexts {
  const root: Field = { value: object, path: [], report: () => undefined };
  return kind === 'Secret' ? readSecret(root) : readConfigMap(root);
}
