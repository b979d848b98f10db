/**
 * Credentials of registries: the shapes, and who may see them. Must never be logged, thrown or put in a message.
 */

/** What proves who we are to one registry. */
export type Credential =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token that is exchanged for access tokens (docker's `identitytoken`). */
  | { readonly type: 'identity-token'; readonly token: string }
  /** An access token that is sent as it is (docker's `registrytoken`). */
  | { readonly type: 'access-token'; readonly token: string };

/**
 * Finds the credential for a repository. `host` is that of the reference (`docker.io`, `localhost:5000`), `path` the
 * repository's. Undefined: anonymous. Throws Failure unauthorized where a credential is configured and cannot be had.
 */
export type CredentialProvider = (host: string, path: string, signal: AbortSignal) => Promise<Credential | undefined>;

/** The provider that never has any. */
export const anonymous: CredentialProvider = () => Promise.resolve(undefined);

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
