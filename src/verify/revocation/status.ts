/**
 * What is known of the revocation of one certificate, and who has to be asked. Owns the vocabulary and the reading of the
 * addresses in a certificate (RFC 5280, 4.2.1.13 and 4.2.2.1). Must never ask anybody.
 */
import { Failure } from '../../core/failure.ts';
import type { Certificate } from '../x509/certificate.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  primitiveContext,
  readOid,
  readOnly,
  sequence,
  TAG,
} from '../x509/der.ts';
import { EXTENSION } from '../x509/extensions.ts';
import { asciiOf } from '../x509/name.ts';

/** A certificate that names somebody to ask, and who issued it; both as DER. */
export interface Link {
  readonly certificate: Uint8Array;
  readonly issuer: Uint8Array;
}

/** What those who were asked say. */
export type CertificateStatus =
  /** It names nobody: its issuer does not mean to revoke it (Notary, "nothing advertised"). */
  | { readonly state: 'none' }
  | { readonly state: 'good'; readonly until: Date }
  | {
      readonly state: 'revoked';
      readonly since: Date;
      /** From when on the key is suspect, where the issuer says so (invalidityDate): older signatures stand. */
      readonly invalidSince?: Date;
      readonly until: Date;
    }
  | { readonly state: 'unknown'; readonly message: string };

/** Looks revocation up. Never throws but the reason of the signal. */
export interface RevocationSource {
  statusOf(link: Link, signal: AbortSignal): Promise<CertificateStatus>;
}

/** OIDs of what is read here. */
export const REVOCATION = {
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocsp: '1.3.6.1.5.5.7.48.1',
  freshestCrl: '2.5.29.46',
  invalidityDate: '2.5.29.24',
} as const;

/** Does the certificate name a place at all? Whether it can be read shows when it is asked. */
export function namesPlaces({ extensions }: Certificate): boolean {
  return extensions.has(REVOCATION.authorityInfoAccess) || extensions.has(EXTENSION.crlDistributionPoints);
}

/** More addresses than these are not asked. */
const MAX_ADDRESSES = 4;

/** The OCSP responders of a certificate, in its order. Throws Failure invalid. */
export function respondersOf({ extensions }: Certificate): readonly string[] {
  const value = extensions.get(REVOCATION.authorityInfoAccess)?.value;
  if (value === undefined) return [];
  const accesses = sequence(readOnly(value, TAG.sequence, 'authorityInfoAccess'), 'authorityInfoAccess', 16);
  const urls = accesses.flatMap((access) => {
    const [method, location] = sequence(access, 'accessDescription');
    return readOid(method, 'accessMethod') === REVOCATION.ocsp ? urlsIn(location === undefined ? [] : [location]) : [];
  });
  return urls.slice(0, MAX_ADDRESSES);
}

/** Where lists lie: of each distribution point its first address by HTTP. Throws Failure invalid. */
export function listsIn(value: Uint8Array | undefined): readonly (string | undefined)[] {
  if (value === undefined) return [];
  const points = sequence(
    readOnly(value, TAG.sequence, 'cRLDistributionPoints'),
    'cRLDistributionPoints',
    MAX_ADDRESSES,
  );
  return points.map((point) => {
    const parts = sequence(point, 'DistributionPoint', 3);
    // Lists that are signed by others, or hold some reasons only, do not answer for a certificate alone.
    if (parts.some(({ tag }) => tag === context(2) || tag === primitiveContext(1))) return undefined;
    const name = parts.find(({ tag }) => tag === context(0));
    return name === undefined ? undefined : namesIn(name).find((url) => /^http:/i.test(url));
  });
}

/** Addresses of a DistributionPointName: `[0]` around `[0] fullName`. */
export function namesIn(name: Element): readonly string[] {
  const [full] = children(name, 'DistributionPointName', 1);
  return full?.tag === context(0) ? urlsIn(children(demandTag(full, context(0), 'fullName'), 'fullName', 16)) : [];
}

function urlsIn(names: readonly Element[]): readonly string[] {
  return names.filter(({ tag }) => tag === primitiveContext(6)).map(({ content }) => asciiOf(content, 'address'));
}

/** Gets what lies at an address, within these limits. Throws Failure. */
export type RevocationFetch = (
  url: string,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
) => Promise<Uint8Array>;

/** What a source is made of. */
export interface RevocationSourceOptions {
  readonly fetch: RevocationFetch;
  /** The time by which answers are valid, in milliseconds: never that of a question "as of". */
  readonly now: () => number;
}

/** After this an answer is asked for again; where none comes, it serves until its own end. Milliseconds. */
export const FRESH_MS = 3_600_000;

/** What cannot be had or believed is no answer. */
export async function answered(ask: () => Promise<CertificateStatus>): Promise<CertificateStatus> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Failure) return { state: 'unknown', message: error.message };
    throw error;
  }
}
