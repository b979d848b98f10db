/**
 * What Secrets and ConfigMaps say, for keys and policies that name them. Owns the words for what is missing; must never
 * read an object that nobody named, nor put a value of one into a message.
 */
import type { Field } from '../core/manifests/field.ts';
import { readConfigMap, readSecret, type Texts } from '../core/manifests/read-data.ts';
import type { KubeObject } from '../kube/resource.ts';
import { type MaterialLookup, shownRef, type TextRef } from '../verify/trust/material.ts';
import { keyOfNamed, type NamedObject } from './references.ts';

/** What is known of a named object. `loading`: nobody can say yet. */
export type Material =
  | { readonly state: 'loading' }
  | { readonly state: 'present'; readonly texts: Texts; readonly type: string }
  | { readonly state: 'absent' }
  /** It cannot be read: forbidden, or the like. */
  | { readonly state: 'unreadable'; readonly message: string };

/** The named objects, by whoever watches them. */
export interface Materials {
  get(object: NamedObject): Material;
  /** From now on `owner` names exactly these; none: it is gone. */
  want(owner: string, objects: readonly NamedObject[]): void;
  /** Resolves when none of what is wanted now is `loading`. */
  settled(): Promise<void>;
}

/** What is kept of a Secret or ConfigMap. */
export interface NamedTexts {
  readonly texts: Texts;
  /** Type of a Secret; empty for a ConfigMap. */
  readonly type: string;
}

/** The texts of a Secret or ConfigMap; values that are no text are not there. */
export function textsOf(kind: NamedObject['kind'], object: KubeObject): NamedTexts {
  const root: Field = { value: object, path: [], report: () => undefined };
  const type = typeof object['type'] === 'string' ? object['type'] : '';
  return { texts: kind === 'Secret' ? readSecret(root) : readConfigMap(root), type };
}

/** The lookup that keys are resolved by. */
export function lookupIn(materials: Materials): MaterialLookup {
  return {
    text(ref: TextRef) {
      const material = materials.get(ref);
      switch (material.state) {
        case 'present': {
          const text = material.texts.get(ref.key);
          return text === undefined ? missing(`${shownRef(ref)} is not there`) : { ok: true, text };
        }
        case 'absent':
          return missing(`there is no ${keyOfNamed(ref)}`);
        case 'unreadable':
          return missing(`${keyOfNamed(ref)} cannot be read: ${material.message}`);
        case 'loading':
          return missing(`${keyOfNamed(ref)} has not been read yet`);
      }
    },
  };
}

function missing(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
