/**
 * The certificate of a signer, chained to a root at every proven time, and fit for signing code.
 */
import { Refused } from '../refusal.ts';
import type { Certificate } from '../x509/certificate.ts';
import { buildChain } from '../x509/chain.ts';
import { demandCodeSigning } from '../x509/usage.ts';

/** A valid path: the root that it ends in, and the end of the first certificate on it to expire. */
export interface Path {
  readonly root: Certificate;
  /** The certificate that signed the leaf. */
  readonly issuer: Certificate;
  readonly notAfter: Date;
}

/** Roots, and what may lie between them and the leaf. */
export interface Pool {
  readonly roots: readonly Certificate[];
  /** Untrusted: each has to be signed by a root or by another of these that is. */
  readonly intermediates: readonly Certificate[];
}

/**
 * A path under the pool that was trusted at each of these times (at least one), for signing code.
 * Refuses with CertificateUntrusted or CertificateExpired.
 */
export function demandPath(leaf: Certificate, times: readonly Date[], poolAt: (time: Date) => Pool): Path {
  const paths = times.map((at) => pathAt(leaf, poolAt(at), at));
  const [first] = paths;
  if (first === undefined)
    throw new Refused('TimestampMissing', 'there is no time at which the certificate could be judged');
  return first;
}

function pathAt(leaf: Certificate, { roots, intermediates }: Pool, at: Date): Path {
  const answer = buildChain({ leaf, intermediates, roots, at });
  if (!answer.ok) throw new Refused(answer.reason, answer.message, answer.holdsUntil);
  const issuers = answer.chain.slice(1);
  demandCodeSigning(leaf, issuers);
  const root = answer.chain.at(-1) ?? leaf;
  return { root, issuer: issuers[0] ?? root, notAfter: answer.notAfter };
}
