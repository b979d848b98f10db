/**
 * Credentials out of Kubernetes Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`.
 * Must never run a credential helper: whoever may write a Secret would choose what this program executes.
 */
import { invalid } from '../core/failure.ts';
import type { Credential, CredentialProvider } from './credential.ts';
import { credentialsOf, parseAuths } from './docker-config.ts';
import { parseJsonObject } from './json.ts';

/** A Secret by what is read of it. `data` is decoded already. */
export interface PullSecret {
  /** For messages: `Secret security/pull`. */
  readonly where: string;
  readonly data: Readonly<Record<string, Uint8Array>>;
}

const CONFIG_JSON = '.dockerconfigjson';
const CONFIG_LEGACY = '.dockercfg';

/**
 * A provider over all of these Secrets, as kubelet reads them: the most specific entry of all counts, among equals
 * that of the first Secret. Throws invalid with the Secret and the place in it, and never with a value.
 */
export function credentialsOfSecrets(secrets: readonly PullSecret[]): CredentialProvider {
  const auths = new Map<string, Credential>();
  for (const secret of secrets) {
    for (const [key, credential] of authsOf(secret)) {
      if (!auths.has(key)) auths.set(key, credential);
    }
  }
  return credentialsOf({ auths, helpers: new Map(), store: undefined }, () => Promise.resolve(undefined));
}

/** Asks one provider after the other: the first that has a credential counts. */
export function firstCredential(providers: readonly CredentialProvider[]): CredentialProvider {
  return async (host, path, signal) => {
    for (const provider of providers) {
      const credential = await provider(host, path, signal);
      if (credential !== undefined) return credential;
    }
    return undefined;
  };
}

function authsOf({ where, data }: PullSecret): ReadonlyMap<string, Credential> {
  const config = data[CONFIG_JSON];
  if (config !== undefined) {
    const place = `${where}: ${CONFIG_JSON}`;
    return parseAuths(parseJsonObject(config, place).auths, `${place}: auths`);
  }
  const legacy = data[CONFIG_LEGACY];
  if (legacy === undefined) throw invalid(where, `${CONFIG_JSON} or ${CONFIG_LEGACY} in its data`, 'neither');
  return parseAuths(parseJsonObject(legacy, `${where}: ${CONFIG_LEGACY}`), `${where}: ${CONFIG_LEGACY}`);
}
