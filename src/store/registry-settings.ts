/**
 * How a policy says that its registries are reached: mirrors, CA, plain HTTP, credentials, with the texts of the Secrets
 * and ConfigMaps behind them. Owns what two policies must have in common to share a source, and the words for what
 * cannot be used. Must never open anything, nor let a credential of one policy serve another.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { Failure } from '../core/failure.ts';
import { keyOfNamed, type NamedObject, referencesIn } from '../core/named-object.ts';
import { canonicalHost, isHost } from '../core/reference.ts';
import type { CredentialProvider } from '../registry/credential.ts';
import { type MirrorRule, parseMirrorRule } from '../registry/mirrors.ts';
import { credentialsOfSecrets } from '../registry/secret-credentials.ts';
import { lookupIn, type MaterialSource, shownLack } from './materials.ts';

/** What a policy adds to the settings of the program. */
export interface SourceAdditions {
  readonly mirrors: readonly MirrorRule[];
  /** Hosts spoken to in plain HTTP. */
  readonly plainHttp: readonly string[];
  /** PEM certificate authorities. */
  readonly ca: string | undefined;
  /** Asked first; those of the program where it has none. */
  readonly credentials: CredentialProvider | undefined;
}

/** The settings of a policy at one moment. */
export interface RegistrySettings {
  /** Two policies share a source where these are equal. Texts of Secrets are in it; it must never be shown. */
  readonly key: string;
  /**
   * What it adds to the program's own. `cwd`: where relative paths of mirrors start. Throws Failure, unauthorized or
   * unavailable, where what the settings refer to cannot be had: then nothing may be looked at.
   */
  readonly additions: (cwd: string) => SourceAdditions;
}

/** The Secrets and ConfigMaps that the registry settings of a policy name. */
export function registryReferences({ spec }: ImageTrustPolicy): readonly NamedObject[] {
  return referencesIn(spec.registry);
}

/** The settings of a policy whose images lie in these registries. */
export function registrySettings(
  policy: ImageTrustPolicy,
  registries: readonly string[],
  materials: MaterialSource,
): RegistrySettings {
  const { mirrors, insecure, credentials } = policy.spec.registry;
  const shared = {
    ownHost: credentials.length === 0 ? undefined : ownHost(policy),
    mirrors: mirrors.map(({ from, to }) => `${from}=${to}`),
    plainHttp: insecure ? registries.toSorted() : [],
  };
  const texts = registryReferences(policy).map((object) => [keyOfNamed(object), versionOf(object, materials)]);
  return {
    key: JSON.stringify({ ...shared, texts }),
    additions: (cwd) => ({
      mirrors: shared.mirrors.map((text) => parseMirrorRule(text, { cwd })),
      plainHttp: shared.plainHttp,
      ca: caText(policy, materials),
      credentials: credentialsIn(policy, materials, shared.ownHost),
    }),
  };
}

/** Identity of what a policy's settings come to now: changes when a Secret behind them does. */
export function registrySettingsId(policy: ImageTrustPolicy, materials: MaterialSource): string {
  return registrySettings(policy, [], materials).key;
}

function versionOf(object: NamedObject, materials: MaterialSource): string {
  const material = materials.get(object);
  return material.state === 'present' ? JSON.stringify([material.type, ...material.texts]) : JSON.stringify(material);
}

/** The one registry that all images of the policy lie in, where their patterns say so without a wildcard. */
function ownHost({ spec }: ImageTrustPolicy): string | undefined {
  const hosts = spec.images.map((pattern) => {
    const slash = pattern.indexOf('/');
    const first = slash < 0 ? '' : pattern.slice(0, slash);
    return /^[^*?]+$/.test(first) && isHost(first) ? canonicalHost(first) : undefined;
  });
  const [host] = hosts;
  return hosts.every((other) => other === host) ? host : undefined;
}

function caText({ spec }: ImageTrustPolicy, materials: MaterialSource): string | undefined {
  const { caRef } = spec.registry;
  if (caRef === undefined) return undefined;
  const { secretRef, configMapRef } = caRef;
  const ref = secretRef ?? configMapRef;
  if (ref === undefined) throw unusable('caRef', 'it names no source');
  const answer = lookupIn(materials).text({ kind: secretRef === undefined ? 'ConfigMap' : 'Secret', ...ref });
  if (answer.ok) return answer.text;
  throw unusable('caRef', answer.message);
}

function credentialsIn(
  { spec }: ImageTrustPolicy,
  materials: MaterialSource,
  host: string | undefined,
): CredentialProvider | undefined {
  const { credentials } = spec.registry;
  if (credentials.length === 0) return undefined;
  const secrets = credentials.map(({ secretRef: { namespace, name } }) => {
    const object: NamedObject = { kind: 'Secret', namespace, name };
    const material = materials.get(object);
    if (material.state !== 'present') throw unauthorized(shownLack(object, material));
    return { where: keyOfNamed(object), type: material.type, texts: material.texts };
  });
  try {
    return credentialsOfSecrets(secrets, host);
  } catch (error) {
    if (error instanceof Failure) throw unauthorized(error.message, error);
    throw error;
  }
}

function unusable(field: string, message: string): Failure {
  return new Failure({ kind: 'unavailable' }, `spec.registry.${field}: ${message}`);
}

/** Without its credentials the registry would be asked as anybody, and would say that there is no such image. */
function unauthorized(message: string, cause?: Failure): Failure {
  const options = cause === undefined ? {} : { cause };
  return new Failure({ kind: 'unauthorized' }, `spec.registry.credentials: ${message}`, options);
}
