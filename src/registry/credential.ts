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
 * Finds the credentials for a repository, the most fitting first; the next is tried where a registry refuses one. `host`
 * is that of the reference (`docker.io`, `localhost:5000`), `path` the repository's. None: anonymous. Throws Failure
 * unauthorized where a credential is configured and cannot be had.
 */
export type CredentialProvider = (host: string, path: string, signal: AbortSignal) => Promise<readonly Credential[]>;

/** The provider that never has any. */
export const anonymous: CredentialProvider = () => Promise.resolve([]);

/** Asks one provider after the other: those of the first that has any count. */
export function firstCredential(providers: readonly CredentialProvider[]): CredentialProvider {
  return async (host, path, signal) => {
    for (const provider of providers) {
      const credentials = await provider(host, path, signal);
      if (credentials.length > 0) return credentials;
    }
    return [];
  };
}
