/**
 * Credentials of registries out of Secrets, in the three types that hold them. Owns which host a Secret may serve: the
 * ones that it names itself. Must never run a program because a Secret says so, nor put a value into a message.
 */
import { Failure } from '../core/failure.ts';
import type { Credential, CredentialProvider } from '../registry/credential.ts';
import { credentialsOf, parseDockerConfig } from '../registry/docker-config.ts';
import { keyOfNamed, type NamedObject } from './references.ts';
import type { Materials } from './materials.ts';

/** A Secret by name, as a policy refers to it. */
export type SecretName = Pick<NamedObject, 'namespace' | 'name'>;

/**
 * A provider over Secrets: of all entries the longest one that the repository lies under. `ownHost` is the one registry
 * that a Secret without a host (basic-auth) may serve; absent where the policy names several.
 * Throws Failure unauthorized where a Secret cannot be used: without it the registry would be asked as anybody.
 */
export function credentialsFrom(
  secrets: readonly SecretName[],
  materials: Materials,
  ownHost: string | undefined,
): CredentialProvider {
  const auths = new Map<string, Credential>();
  for (const secret of secrets) {
    // The first Secret of the list that has an entry for a place is the one that counts.
    for (const [place, credential] of entriesOf({ kind: 'Secret', ...secret }, materials, ownHost))
      if (!auths.has(place)) auths.set(place, credential);
  }
  return credentialsOf({ auths, helpers: new Map(), store: undefined }, () => Promise.resolve(undefined));
}

function entriesOf(
  secret: NamedObject,
  materials: Materials,
  ownHost: string | undefined,
): ReadonlyMap<string, Credential> {
  const material = materials.get(secret);
  const where = keyOfNamed(secret);
  if (material.state !== 'present') throw refuse(`${where} ${told(material)}`);
  const { texts, type } = material;
  const config = texts.get('.dockerconfigjson');
  if (config !== undefined) return authsIn(config, where);
  const legacy = texts.get('.dockercfg');
  if (legacy !== undefined) return authsIn(`{"auths":${legacy}}`, where);
  const username = texts.get('username');
  const password = texts.get('password');
  if (type !== 'kubernetes.io/basic-auth' || username === undefined || password === undefined)
    throw refuse(`${where} is of none of the types kubernetes.io/dockerconfigjson, dockercfg and basic-auth`);
  if (ownHost === undefined)
    throw refuse(
      `${where} is of type basic-auth and names no registry, and spec.images names not exactly one: give a Secret of type kubernetes.io/dockerconfigjson`,
    );
  return new Map([[ownHost, { type: 'basic', username, password }]]);
}

function authsIn(text: string, where: string): ReadonlyMap<string, Credential> {
  try {
    return parseDockerConfig(Buffer.from(text), where).auths;
  } catch (error) {
    if (error instanceof Failure) throw refuse(error.message, error);
    throw error;
  }
}

function told(material: ReturnType<Materials['get']>): string {
  switch (material.state) {
    case 'absent':
      return 'is not there';
    case 'unreadable':
      return `cannot be read: ${material.message}`;
    case 'loading':
      return 'has not been read yet';
    case 'present':
      return 'is there';
  }
}

function refuse(message: string, cause?: unknown): Failure {
  const options = cause === undefined ? {} : { cause };
  return new Failure({ kind: 'unauthorized' }, `spec.registry.credentials: ${message}`, options);
}
