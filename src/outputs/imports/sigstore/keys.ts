/**
 * Where a public key comes from, by the texts that cosign and those who build on it take: PEM, `k8s://`, the URI of a
 * key management service. Must never take a text for a key that is none.
 */
import type { Field } from '../../../core/manifests/field.ts';
import type { Draft, KeySpec } from '../draft.ts';
import { publicKeysIn } from '../pem.ts';

/** A source of a TrustedKey's public key, and what to call it. */
export interface KeySource {
  readonly hint: string;
  readonly source: NonNullable<KeySpec['publicKey']>;
}

/** The key of a Secret under which cosign puts its public key. */
const COSIGN_KEY = 'cosign.pub';
const KMS = /^(awskms|gcpkms|azurekms|hashivault):\/\/./;
const SECRET = /^k8s:\/\/([^/]+)\/([^/]+)$/;
/** A variable of Kyverno that reads one key of a ConfigMap. */
const VARIABLE = /^\{\{\s*([A-Za-z_]\w*)\.data\.(?:"([^"]+)"|([A-Za-z0-9_-]+))\s*\}\}$/;

/** ConfigMaps by the name of the variable that stands for them. */
export type ConfigMapVariables = ReadonlyMap<string, { readonly namespace: string; readonly name: string }>;

/** The sources behind a text: several where it holds several PEM blocks. Undefined with a refusal. */
export function keySourcesIn(
  field: Field,
  draft: Draft,
  variables: ConfigMapVariables = new Map(),
): readonly KeySource[] | undefined {
  const text = typeof field.value === 'string' ? field.value.trim() : '';
  const secret = SECRET.exec(text);
  if (secret !== null) return [secretSource({ namespace: secret[1] ?? '', name: secret[2] ?? '' }, field, draft)];
  if (KMS.test(text)) return [kmsSource(text)];
  const variable = VARIABLE.exec(text);
  if (variable !== null) return configMapSource(variable, variables, { field, draft });
  if (text.includes('{{')) {
    draft.note('refused', field, 'only a variable that reads one key of a ConfigMap can be said here');
    return undefined;
  }
  if (!text.startsWith('-----BEGIN')) {
    draft.note(
      'refused',
      field,
      'this is neither PEM nor a reference k8s://, awskms://, gcpkms://, azurekms:// or hashivault://',
    );
    return undefined;
  }
  return publicKeysIn(text, field, draft)?.map((pem) => ({ hint: 'key', source: { pem } }));
}

/** A Secret with a key in it. */
export function secretSource(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  field: Field,
  draft: Draft,
): KeySource {
  const secretRef = { namespace, name, key: COSIGN_KEY };
  const says = `every key in ${COSIGN_KEY} of this Secret vouches here; Kyverno and cosign read the first alone`;
  draft.note('changed', field, says, { object: secretRef });
  return { hint: name, source: { secretRef } };
}

/** A key in a key management service. */
export function kmsSource(uri: string): KeySource {
  return { hint: uri.split(/[/:]/).findLast((part) => part !== '') ?? 'kms', source: { kms: { uri } } };
}

function configMapSource(
  variable: RegExpExecArray,
  variables: ConfigMapVariables,
  { field, draft }: { readonly field: Field; readonly draft: Draft },
): readonly KeySource[] | undefined {
  const map = variables.get(variable[1] ?? '');
  if (map === undefined) {
    draft.note('refused', field, `no ConfigMap stands behind the variable ${variable[1] ?? ''}`);
    return undefined;
  }
  const configMapRef = { ...map, key: variable[2] ?? variable[3] ?? '' };
  draft.note('changed', field, 'every key in this ConfigMap vouches here, also where a count asks for several', {
    object: configMapRef,
  });
  return [{ hint: map.name, source: { configMapRef } }];
}
