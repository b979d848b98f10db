/**
 * Revocation lists as they are fetched and kept: base and delta of each distribution point of a certificate. Owns the
 * bounded memory of lists; must never answer from a list that has expired.
 */
import { Failure, invalid } from '../../core/failure.ts';
import { createByteCache } from '../../registry/lru.ts';
import type { Certificate } from '../x509/certificate.ts';
import { EXTENSION } from '../x509/extensions.ts';
import { type ListEntry, readRevocationList, type RevocationList } from './crl.ts';
import { createSharing } from './sharing.ts';
import {
  answered,
  type CertificateStatus,
  FRESH_MS,
  listsIn,
  REVOCATION,
  type RevocationSourceOptions,
} from './status.ts';

/** Asks whom a certificate names. Throws Failure where nothing comes of it. */
export type Ask = (certificate: Certificate, issuer: Certificate) => Promise<CertificateStatus>;

/** The largest that notation takes, within its time. */
const LIST_LIMITS = { maxBytes: 32 * 1024 * 1024, timeoutMs: 5_000 };
const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Every list is looked at, for each may hold a part; one that cannot be had leaves the answer open. */
export function createLists(options: RevocationSourceOptions): Ask {
  const read = createReader(options);
  return async (certificate, issuer) => {
    let until = Number.POSITIVE_INFINITY;
    for (const url of listsIn(certificate.extensions.get(EXTENSION.crlDistributionPoints)?.value)) {
      if (url === undefined) return { state: 'unknown', message: `CRL: ${NO_ADDRESS}` };
      const status = await answered(() => statusBy(url, { certificate, issuer }, read));
      if (status.state === 'unknown') return { state: 'unknown', message: `CRL ${url}: ${status.message}` };
      if (status.state === 'revoked') return status;
      if (status.state === 'good') until = Math.min(until, status.until.getTime());
    }
    return { state: 'good', until: new Date(until) };
  };
}

const NO_ADDRESS = 'a distribution point that is no address by HTTP, or of another issuer';

interface Chained {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
}

/** Reads the list at the first address; the others are what it may call itself. */
type Read = (urls: readonly [string, ...string[]], of: Chained) => Promise<RevocationList>;

function createReader({ fetch, now }: RevocationSourceOptions): Read {
  const kept = createByteCache<{ readonly bytes: Uint8Array; readonly askedAt: number }>(MAX_LIST_BYTES);
  const sharing = createSharing<Uint8Array>();
  return async (urls, of) => {
    const [url] = urls;
    const question = { ...of, urls, now: new Date(now()) };
    const list = kept.get(url);
    if (list !== undefined && now() - list.askedAt < FRESH_MS) {
      try {
        return readRevocationList(list.bytes, question);
      } catch (error) {
        // It has expired, or is that of another issuer at the same address: asked for again.
        if (!(error instanceof Failure)) throw error;
      }
    }
    const bytes = await sharing(url, () => fetch(url, LIST_LIMITS));
    const fresh = readRevocationList(bytes, question);
    kept.set(url, { bytes, askedAt: now() }, bytes.length);
    return fresh;
  };
}

async function statusBy(url: string, of: Chained, read: Read): Promise<CertificateStatus> {
  const base = await read([url], of);
  if (base.baseNumber !== undefined) throw invalid('CRL', 'a base list', 'a delta');
  const own = listsIn(of.certificate.extensions.get(REVOCATION.freshestCrl)?.value);
  const [place] = [...own, ...base.deltas].filter((delta) => delta !== undefined);
  if (place === undefined) return statusIn(base.entry, base.until);
  const delta = await read([place, url], of);
  demandFits(base, delta);
  const until = new Date(Math.min(base.until.getTime(), delta.until.getTime()));
  return statusIn(delta.entry ?? base.entry, until);
}

/** RFC 5280, 5.2.4: a delta goes with a base at least as new as the one that it was made from, and no newer than itself. */
function demandFits({ number }: RevocationList, delta: RevocationList): void {
  if (delta.baseNumber === undefined) throw invalid('delta CRL', 'a delta', 'a base list');
  if (number === undefined || delta.number === undefined || delta.baseNumber > number || delta.number < number)
    throw invalid('delta CRL', 'one that goes with the base list', 'one that does not');
}

function statusIn(entry: ListEntry | undefined, until: Date): CertificateStatus {
  if (entry === undefined || entry.removed) return { state: 'good', until };
  const { since, invalidSince } = entry;
  return { state: 'revoked', since, until, ...(invalidSince === undefined ? {} : { invalidSince }) };
}
