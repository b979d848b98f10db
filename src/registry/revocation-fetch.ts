/**
 * Gets OCSP responses and revocation lists. The addresses come out of certificates, which anybody can make: they are
 * errands, that lead to public addresses only, or where the user allows it. Owns that; must never look into an answer.
 */
import { Failure, invalid } from '../core/failure.ts';
import { failureOfError } from './answer.ts';
import type { Transport } from './transport.ts';

/** Who sends us: nobody whose own address would make private ones fair. */
const CERTIFICATE = 'certificate.invalid';

/** Gets what lies at this address. Throws Failure: no redirect is followed, and nothing is tried twice. */
export function createRevocationFetch(
  transport: Transport,
): (url: string, limits: { readonly maxBytes: number; readonly timeoutMs: number }) => Promise<Uint8Array> {
  return async (address, { maxBytes, timeoutMs }) => {
    const url = URL.parse(address);
    if (url === null || url.protocol !== 'http:' || url.username !== '')
      throw invalid('address', 'one by HTTP', address.slice(0, 200));
    const where = url.host;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const headers = { accept: '*/*' };
      const answer = await transport.exchange({
        url,
        method: 'GET',
        headers,
        sentBy: CERTIFICATE,
        maxBytes,
        signal,
        where,
      });
      if (answer.status === 200) return answer.body;
      throw invalid(where, 'an answer with status 200', `status ${answer.status}`);
    } catch (error) {
      if (signal.aborted) throw new Failure({ kind: 'timeout' }, `${where}: no answer within ${timeoutMs / 1000} s`);
      throw failureOfError(error, where);
    }
  };
}
