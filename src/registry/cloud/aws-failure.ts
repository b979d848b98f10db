/** What an error of AWS's SDK amounts to. Owns the one mapping of its names; must never repeat its message, which may hold ids of requests and sessions. */
import { Failure } from '../../core/failure.ts';

/** An answer that says for good that there is no such key, or that it may not be used any more. */
const GONE: ReadonlySet<string> = new Set(['NotFoundException', 'DisabledException', 'KMSInvalidStateException']);
const REFUSED =
  /^(?:AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientTokenId|MissingAuthenticationToken|NotAuthorized|OptInRequired|CredentialsProviderError|TokenProviderError|InvalidIdentityToken|IDPRejectedClaim)/;
const SLOW_DOWN = /^(?:Throttling|TooManyRequests|RequestLimitExceeded|LimitExceeded|PriorRequestNotComplete)/;
const WRONG = /^(?:UnsupportedOperation|ValidationException|InvalidArn|InvalidKeyUsage|InvalidParameter)/;

/** The Failure, with `where` before it and what to do behind it. `right`: the permission that it takes. */
export function failureOfAws(error: unknown, where: string, right: string): Failure {
  if (error instanceof Failure) return error;
  const name = error instanceof Error ? error.name : '';
  const told = /^[A-Za-z]{1,64}$/.test(name) ? ` (${name})` : '';
  const cause = { cause: error };
  if (GONE.has(name)) return new Failure({ kind: 'not-found' }, `${where}: AWS has no such key in use${told}`, cause);
  if (REFUSED.test(name))
    return new Failure({ kind: 'unauthorized' }, `${where}: AWS refuses us${told}; it takes ${right}`, cause);
  if (SLOW_DOWN.test(name))
    return new Failure({ kind: 'rate-limited' }, `${where}: AWS asked to slow down${told}`, cause);
  if (WRONG.test(name)) {
    const detail = { kind: 'invalid', where, expected: 'a key for signing', found: `another thing${told}` } as const;
    return new Failure(detail, `${where}: expected a key for signing, found another thing${told}`, cause);
  }
  return new Failure({ kind: 'unavailable' }, `${where}: AWS could not be asked${told}`, cause);
}
