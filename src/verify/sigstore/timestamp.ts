/**
 * RFC 3161 timestamps beside a signature, by the timestamp authorities of a trusted root. Owns which authority may speak
 * when; whether a token is what it claims lies in verify/timestamp.
 */
import { verifyTimestamp } from '../timestamp/index.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Authority } from './trust.ts';

/** The time that one of the authorities signed for these bytes, or a stable sentence on why there is none. Never throws. */
export function proveTimestamp(
  token: Uint8Array,
  stamped: Uint8Array,
  authorities: readonly Authority[],
): Date | string {
  let why = 'the trusted root names no timestamp authority';
  for (const authority of authorities) {
    const outcome = timeBy(authority, token, stamped);
    if (typeof outcome !== 'string') return outcome;
    why = outcome;
  }
  return why;
}

function timeBy(authority: Authority, token: Uint8Array, stamped: Uint8Array): Date | string {
  const { root, intermediates, start, end } = authority;
  const proven = verifyTimestamp({ token, message: stamped, roots: [root], intermediates });
  if (!proven.ok) return proven.message.replace(/^timestamp: /, '');
  const pinned = pinnedSigner(authority);
  if (pinned !== undefined && proven.chain[0]?.fingerprint256 !== pinned.fingerprint256) {
    return 'the timestamp is by another signer than the one that the trusted root names';
  }
  if (proven.time < start || proven.time > end) return 'the authority was not trusted at the time that it states';
  return proven.time;
}

/** A trusted root that lists the authority's own certificate means that one, not everything below its CA. */
function pinnedSigner({ root, intermediates }: Authority): Certificate | undefined {
  const first = intermediates[0] ?? root;
  return first.basicConstraints?.ca === true ? undefined : first;
}
