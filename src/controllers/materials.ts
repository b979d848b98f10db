/**
 * What Secrets and ConfigMaps say, for keys and policies that name them, kept up to date. Owns what is kept of such an
 * object; must never read one that nobody named.
 */
import type { Field } from '../core/manifests/field.ts';
import { type ObjectTexts, readConfigMap, readSecret } from '../core/manifests/read-data.ts';
import type { NamedObject } from '../core/named-object.ts';
import type { NamedState } from '../kube/named-watch.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { Material, MaterialSource } from '../store/materials.ts';

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

/** What a watch by name has come to. What the server refuses stays refused until somebody changes a role; what only failed is still being read. */
export function materialOf(object: NamedObject, known: NamedState<ObjectTexts>): Material {
  switch (known.state) {
    case 'present':
      return { state: 'present', ...known.value };
    case 'absent':
      return { state: 'absent' };
    case 'pending':
      return { state: 'loading' };
    case 'failing': {
      const { message, detail } = known.failure;
      if (detail.kind === 'forbidden')
        return { state: 'unreadable', message: `${message}; ${remedy(object, message)}` };
      return detail.kind === 'unauthorized' || detail.kind === 'invalid'
        ? { state: 'unreadable', message }
        : { state: 'loading' };
    }
  }
}

/** Names of config/rbac. */
const READER = 'image-trust-operator-trust-material';
const ACCOUNT = 'image-trust-system:image-trust-operator';

/** What lets the operator read it, as docs/install.md has it. The server's sentence says who the operator is. */
function remedy({ kind, namespace, name }: NamedObject, refusal: string): string {
  const account = /"system:serviceaccount:([^":]+:[^":]+)"/.exec(refusal)?.[1] ?? ACCOUNT;
  const command = `kubectl create rolebinding ${READER} --namespace ${namespace} --clusterrole=${READER} --serviceaccount=${account}`;
  const resource = kind === 'Secret' ? 'secrets' : 'configmaps';
  return `let the operator read it: ${command}, or a Role that allows list and watch of ${resource} with resourceNames [${name}]`;
}
