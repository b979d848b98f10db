/**
 * Credentials out of Kubernetes Secrets of the types `kubernetes.io/dockerconfigjson`, `kubernetes.io/dockercfg` and
 * `kubernetes.io/basic-auth`. Owns which host a Secret may serve: the ones that it names itself. Must never run a
 * credential helper: whoever may write a Secret would choose what this program executes.
 */
import { Failure, invalid } from '../core/failure.ts';
import type { Credential, CredentialProvider } from './credential.ts';
import { credentialHost, fittingKeys } from './credential-key.ts';
import { parseAuths } from './docker-config.ts';
import { parseJsonObject } from './json.ts';

/** A Secret by what is read of it. */
export interface PullSecret {
  /** For messages: `Secret security/pull`. */
  readonly where: string;
  readonly type: string;
  readonly texts: ReadonlyMap<string, string>;
}

const CONFIG_JSON = '.dockerconfigjson';
const CONFIG_LEGACY = '.dockercfg';
/** Credentials of one repository that are tried. */
const MAX_TRIED = 16;
const BASIC_AUTH = 'kubernetes.io/basic-auth';

/**
 * A provider over all of these Secrets, as kubelet reads them: the most specific entry of all first, among equals that
 * of the first Secret; the others where a registry refuses it. `ownHost` is the one registry that a Secret without a host (basic-auth) may serve; absent
 * where there are several. Throws unauthorized with the Secret and the place in it, and never with a value: without the
 * Secret the registry would be asked as anybody.
 */
export function credentialsOfSecrets(secrets: readonly PullSecret[], ownHost?: string): CredentialProvider {
  const auths = authsIn(secrets, ownHost);
  return (host, path) => Promise.resolve(fittingIn(auths, host, path));
}

/** The credentials in these Secrets that serve a repository; as `credentialsOfSecrets`, for one question. */
export function credentialsInSecrets(
  secrets: readonly PullSecret[],
  host: string,
  path: string,
): readonly Credential[] {
  return fittingIn(authsIn(secrets, undefined), host, path);
}

type Auths = ReadonlyMap<string, readonly Credential[]>;

function authsIn(secrets: readonly PullSecret[], ownHost: string | undefined): Auths {
  const auths = new Map<string, Credential[]>();
  for (const secret of secrets) {
    for (const [key, credential] of entriesOf(secret, ownHost)) auths.set(key, [...(auths.get(key) ?? []), credential]);
  }
  return auths;
}

function fittingIn(auths: Auths, host: string, path: string): readonly Credential[] {
  return distinct(fittingKeys(auths.keys(), host, path).flatMap((key) => auths.get(key) ?? []));
}

/** Is it one that the kubelet would pull with? */
export function isPullSecret({ texts }: PullSecret): boolean {
  return texts.has(CONFIG_JSON) || texts.has(CONFIG_LEGACY);
}

/** Each once, in order; no more than a registry should be bothered with. */
export function distinct(credentials: readonly Credential[]): readonly Credential[] {
  return [...new Map(credentials.map((one) => [JSON.stringify(one), one])).values()].slice(0, MAX_TRIED);
}

function entriesOf(secret: PullSecret, ownHost: string | undefined): ReadonlyMap<string, Credential> {
  try {
    return authsOf(secret) ?? basicOf(secret, ownHost);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure({ kind: 'unauthorized' }, error.message, { cause: error });
  }
}

function authsOf({ where, texts }: PullSecret): ReadonlyMap<string, Credential> | undefined {
  const config = texts.get(CONFIG_JSON);
  if (config !== undefined) {
    const place = `${where}: ${CONFIG_JSON}`;
    return parseAuths(parseJsonObject(Buffer.from(config), place).auths, `${place}: auths`);
  }
  const legacy = texts.get(CONFIG_LEGACY);
  if (legacy === undefined) return undefined;
  return parseAuths(parseJsonObject(Buffer.from(legacy), `${where}: ${CONFIG_LEGACY}`), `${where}: ${CONFIG_LEGACY}`);
}

function basicOf({ where, type, texts }: PullSecret, ownHost: string | undefined): ReadonlyMap<string, Credential> {
  const username = texts.get('username');
  const password = texts.get('password');
  if (type !== BASIC_AUTH || username === undefined || password === undefined)
    throw invalid(
      where,
      'a Secret of type kubernetes.io/dockerconfigjson, dockercfg or basic-auth with its keys',
      type === '' ? 'a Secret without a type' : `type ${type}`,
    );
  if (ownHost === undefined)
    throw invalid(
      where,
      'a Secret of type kubernetes.io/dockerconfigjson',
      'one of type basic-auth, which names no registry, where spec.images names not exactly one',
    );
  return new Map([[credentialHost(ownHost), { type: 'basic', username, password }]]);
}
