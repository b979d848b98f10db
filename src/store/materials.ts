/**
 * What is known of Secrets and ConfigMaps that keys and policies name, whoever reads them: manifests or watches. Owns
 * the words for what is missing; must never put a value of one into a message.
 */
import type { ObjectTexts } from '../core/manifests/read-data.ts';
import { keyOfNamed, type NamedObject } from '../core/named-object.ts';
import type { KmsKeys } from './kms-keys.ts';
import { type MaterialLookup, shownRef, type TextRef } from '../verify/trust/material.ts';

/** What is known of a named object. `loading`: nobody can say yet. */
export type Material =
  | { readonly state: 'loading' }
  | ({ readonly state: 'present' } & ObjectTexts)
  | { readonly state: 'absent' }
  /** It cannot be read: forbidden, or the like. */
  | { readonly state: 'unreadable'; readonly message: string };

/** The named objects. */
export interface MaterialSource {
  get(object: NamedObject): Material;
}

/** The lookup that keys are resolved by. `kms`: what is known of key management services. */
export function lookupIn(materials: MaterialSource, kms?: Pick<KmsKeys, 'get'>): MaterialLookup {
  return {
    ...(kms === undefined ? {} : { kms: (source) => kms.get(source) }),
    text(ref: TextRef) {
      const material = materials.get(ref);
      if (material.state !== 'present') return { ok: false, message: shownLack(ref, material) };
      const text = material.texts.get(ref.key);
      return text === undefined ? { ok: false, message: `${shownRef(ref)} is not there` } : { ok: true, text };
    },
  };
}

/** Why an object that is named cannot be used: a sentence without its end. */
export function shownLack(object: NamedObject, material: Exclude<Material, { readonly state: 'present' }>): string {
  switch (material.state) {
    case 'absent':
      return `there is no ${keyOfNamed(object)}`;
    case 'unreadable':
      return `${keyOfNamed(object)} cannot be read: ${material.message}`;
    case 'loading':
      return `${keyOfNamed(object)} has not been read yet`;
  }
}
