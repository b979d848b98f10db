/**
 * Finds out whether certificates were revoked: OCSP first, lists where that gives no answer (Notary trust policy,
 * "Certificate Revocation Evaluation"). Owns whom to ask in which order, and how long an answer serves. Must never take
 * silence for a good answer.
 */
import { createHash } from 'node:crypto';
import { Failure, invalid } from '../../core/failure.ts';
import { createLru } from '../../core/lru.ts';
import { orAbort } from '../../registry/abort.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { EXTENSION } from '../x509/extensions.ts';
import { type Ask, createLists } from './lists.ts';
import { ocspRequest, readOcspResponse } from './ocsp.ts';
import { createSharing } from './sharing.ts';
import {
  answered,
  type CertificateStatus,
  FRESH_MS,
  listsIn,
  respondersOf,
  type RevocationSource,
  type RevocationSourceOptions,
} from './status.ts';

/** Responses are some 2 KB; notation gives a responder two seconds. */
const OCSP_LIMITS = { maxBytes: 64 * 1024, timeoutMs: 2_000 };
/** A place that gave no answer is left alone for so long. Milliseconds. */
const SILENT_MS = 30_000;
const MAX_STATUSES = 4_096;

interface Remembered {
  readonly status: CertificateStatus;
  readonly askedAt: number;
}

/** A source with a bounded memory. */
export function createRevocationSource(options: RevocationSourceOptions): RevocationSource {
  const statuses = createLru<Remembered>(MAX_STATUSES);
  const sharing = createSharing<CertificateStatus>();
  const asker = createAsker(options);
  const ask = async (key: string, certificate: Uint8Array, issuer: Uint8Array): Promise<CertificateStatus> => {
    const before = statuses.get(key)?.status;
    const found = await asker(parseCertificate(certificate), parseCertificate(issuer));
    const status = found.state === 'unknown' && serves(before, options.now()) ? before : found;
    statuses.set(key, { status, askedAt: options.now() });
    return status;
  };
  return {
    statusOf({ certificate, issuer }, signal): Promise<CertificateStatus> {
      const key = createHash('sha256').update(certificate).update(issuer).digest('base64');
      const remembered = statuses.get(key);
      if (remembered !== undefined && isFresh(remembered, options.now())) return Promise.resolve(remembered.status);
      const answer = sharing(key, () => ask(key, certificate, issuer));
      return orAbort(answer, signal, () => (signal.reason instanceof Error ? signal.reason : new Error('aborted')));
    },
  };
}

function isFresh({ status, askedAt }: Remembered, now: number): boolean {
  const age = now - askedAt;
  if (age < 0) return false;
  if (status.state === 'unknown') return age < SILENT_MS;
  return age < FRESH_MS && (status.state === 'none' || status.until.getTime() > now);
}

function serves(status: CertificateStatus | undefined, now: number): status is CertificateStatus {
  return (status?.state === 'good' || status?.state === 'revoked') && status.until.getTime() > now;
}

/** Asks everybody whom the certificate names, until one answers. */
function createAsker({ fetch, now }: RevocationSourceOptions): Ask {
  const lists = createLists({ fetch, now });
  return async (certificate, issuer) => {
    const problems: string[] = [];
    const places = placesOf(certificate);
    if ('message' in places) return { state: 'unknown', message: places.message };
    if (places.responders.length + places.lists.length === 0) return { state: 'none' };
    for (const url of places.responders) {
      const status = await answered(async () => {
        const response = await fetch(requestUrl(url, ocspRequest(certificate, issuer)), OCSP_LIMITS);
        return readOcspResponse(response, certificate, issuer, new Date(now()));
      });
      if (status.state !== 'unknown') return status;
      problems.push(`OCSP ${url}: ${status.message}`);
    }
    if (places.lists.length > 0) {
      const status = await answered(() => lists(certificate, issuer));
      if (status.state !== 'unknown') return status;
      problems.push(status.message);
    }
    return { state: 'unknown', message: problems.join('; ').slice(0, 600) };
  };
}

interface Places {
  readonly responders: readonly string[];
  readonly lists: readonly (string | undefined)[];
}

function placesOf(certificate: Certificate): Places | { readonly message: string } {
  try {
    const lists = listsIn(certificate.extensions.get(EXTENSION.crlDistributionPoints)?.value);
    return { responders: respondersOf(certificate), lists };
  } catch (error) {
    if (error instanceof Failure) return { message: error.message };
    throw error;
  }
}

/** RFC 6960, A.1: a request of less than 255 bytes travels in the address, so that answers can be cached on the way. */
function requestUrl(url: string, request: Uint8Array): string {
  if (!/^http:/i.test(url)) throw invalid('OCSP responder', 'an address by HTTP', url.slice(0, 200));
  return `${url.replace(/\/$/, '')}/${encodeURIComponent(Buffer.from(request).toString('base64'))}`;
}
