/**
 * Who a certificate says its holder is, and whether a trusted key accepts that.
 * Owns the reading of Fulcio's extensions (fulcio docs/oid-info.md) and the matching. Must never be asked about a
 * certificate that was not chained to a trusted root before.
 */
import { FULCIO_EXTENSIONS } from '../../api/identity.ts';
import { Refused } from '../refusal.ts';
import type { IdentityMatcher } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { readOnly, TAG } from '../x509/der.ts';
import { quoted } from './quoted.ts';

/** OIDC issuer: as DER UTF8String, else the deprecated bare text. */
const ISSUER = ['1.3.6.1.4.1.57264.1.8', '1.3.6.1.4.1.57264.1.1'] as const;

/** The extensions .1.1 to .1.6 hold the bare text; all later ones a DER UTF8String. */
const BARE_TEXT = /^1\.3\.6\.1\.4\.1\.57264\.1\.[1-6]$/;

/** A Map, so that names of every object (`constructor`) are none of ours. */
const OIDS: ReadonlyMap<string, string> = new Map(Object.entries(FULCIO_EXTENSIONS));

/** A holder's identity. */
export interface Holder {
  /** Every subject alternative name, in the order of the certificate. */
  readonly subjects: readonly string[];
  /** OIDC issuer, Fulcio's certificates only. */
  readonly issuer?: string;
  readonly certificate: Certificate;
}

/** Reads the identity of a certificate. */
export function holderOf(certificate: Certificate): Holder {
  const issuer = ISSUER.map((oid) => textOf(certificate, oid)).find((text) => text !== undefined);
  return {
    subjects: certificate.alternativeNames.map((name) => name.value),
    ...(issuer === undefined ? {} : { issuer }),
    certificate,
  };
}

/**
 * The subject under which one of the accepted identities matches. Refuses with IdentityMismatch, and where no identity
 * is given at all: to accept everybody below a root must never come of an empty list.
 */
export function demandIdentity(holder: Holder, accepted: readonly IdentityMatcher[]): string {
  for (const matcher of accepted) {
    const subject = matchedSubject(holder, matcher);
    if (subject !== undefined) return subject;
  }
  throw new Refused(
    'IdentityMismatch',
    `signed by ${describeHolder(holder)}, expected ${accepted.map(describeMatcher).join(' or ') || 'an identity, and none is accepted'}`,
  );
}

/** The value of a Fulcio extension by the API's name; undefined where it is absent, unknown or not text. */
export function extensionText(certificate: Certificate, name: string): string | undefined {
  const oid = OIDS.get(name);
  return oid === undefined ? undefined : textOf(certificate, oid);
}

function textOf(certificate: Certificate, oid: string): string | undefined {
  const value = certificate.extensions.get(oid)?.value;
  if (value === undefined) return undefined;
  return BARE_TEXT.test(oid) ? utf8(value) : utf8String(value);
}

function matchedSubject(holder: Holder, matcher: IdentityMatcher): string | undefined {
  const { issuer, subject, extensions } = matcher;
  if (issuer === undefined && subject === undefined && Object.keys(extensions).length === 0) return undefined;
  if (issuer !== undefined && (holder.issuer === undefined || !issuer.matches(holder.issuer))) return undefined;
  const allExtensions = Object.entries(extensions).every(
    ([name, value]) => extensionText(holder.certificate, name) === value,
  );
  if (!allExtensions) return undefined;
  return subject === undefined ? holder.subjects[0] : holder.subjects.find((s) => subject.matches(s));
}

/** The holder in a message: up to four names, and who vouches for them. */
export function describeHolder({ subjects, issuer, certificate }: Holder): string {
  const who =
    subjects.length === 0
      ? `a certificate without subject alternative name (${quoted(certificate.x509.subject)})`
      : subjects
          .slice(0, 4)
          .map((s) => quoted(s))
          .join(', ');
  return issuer === undefined ? who : `${who} (issuer ${quoted(issuer)})`;
}

function describeMatcher({ issuer, subject, extensions }: IdentityMatcher): string {
  const parts = [
    subject === undefined ? [] : [`subject ${subject.shown}`],
    issuer === undefined ? [] : [`issuer ${issuer.shown}`],
    Object.entries(extensions).map(([name, value]) => `${name} ${quoted(value)}`),
  ];
  return parts.flat().join(' with ') || 'an identity with a subject, an issuer or an extension';
}

function utf8String(der: Uint8Array): string | undefined {
  try {
    return utf8(readOnly(der, TAG.utf8String, 'a Fulcio extension').content);
  } catch {
    return undefined;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
