/**
 * Certificate revocation lists, base and delta (RFC 5280, 5): what a list says of one serial number. Bytes in, value out;
 * must never take a list that the issuer did not sign, or one that does not cover the certificate.
 */
import { invalid } from '../../core/failure.ts';
import { readSignatureScheme } from '../x509/algorithm.ts';
import type { Certificate } from '../x509/certificate.ts';
import { sameBytes } from '../x509/chain.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  malformed,
  primitiveContext,
  readBitStringOctets,
  readIntegerBytes,
  readOnly,
  sequence,
  takeOptional,
  TAG,
} from '../x509/der.ts';
import { readExtensions } from '../x509/extensions.ts';
import { isSignature } from '../x509/signature.ts';
import { readCertificateTime } from '../x509/time.ts';
import { invalidSince } from './ocsp.ts';
import { listsIn, namesIn, REVOCATION } from './status.ts';

/** A list whose signature and validity were checked, and what it says of the certificate that it was read for. */
export interface RevocationList {
  /** When the next one comes: this one holds until then. */
  readonly until: Date;
  readonly number: bigint | undefined;
  /** Of a delta: the list that it adds to. */
  readonly baseNumber: bigint | undefined;
  /** Where deltas of this list lie. */
  readonly deltas: readonly (string | undefined)[];
  readonly entry: ListEntry | undefined;
}

/** An entry of the certificate. */
export interface ListEntry {
  readonly since: Date;
  readonly invalidSince?: Date;
  /** A delta takes an entry back (removeFromCRL). */
  readonly removed: boolean;
}

/** What a list is read for. */
export interface ListQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly now: Date;
  /** Where it was found, and where the base of a delta was. */
  readonly urls: readonly string[];
}

const OID = {
  number: '2.5.29.20',
  reason: '2.5.29.21',
  deltaIndicator: '2.5.29.27',
  distributionPoint: '2.5.29.28',
} as const;
const KNOWN: readonly string[] = Object.values(OID);
const REMOVE_FROM_CRL = 8;
const MAX_ENTRIES = 1_000_000;
const SKEW_MS = 300_000;

/** Reads a list. Throws Failure invalid for one that cannot be believed, or says nothing of this certificate. */
export function readRevocationList(bytes: Uint8Array, question: ListQuestion): RevocationList {
  const parts = [...sequence(demandSigned(bytes, question.issuer), 'tbsCertList', 7)];
  takeOptional(parts, TAG.integer);
  const [, , from, next, ...rest] = parts;
  const until = demandTimely(from, next, question.now);
  const wrapped = rest.find(({ tag }) => tag === context(0));
  const list = wrapped === undefined ? undefined : readOnly(wrapped.content, TAG.sequence, 'crlExtensions');
  const extensions = readExtensions(list);
  demandKnown(extensions);
  demandScope(extensions.get(OID.distributionPoint)?.value, question);
  const entries = rest.find(({ tag }) => tag === TAG.sequence);
  return {
    until,
    number: integerIn(extensions.get(OID.number)?.value),
    baseNumber: integerIn(extensions.get(OID.deltaIndicator)?.value),
    deltas: listsIn(extensions.get(REVOCATION.freshestCrl)?.value),
    entry: entryOf(entries, question.certificate.serialNumber),
  };
}

/** The signed part of a list that the issuer itself signed: lists of others for it are not taken. */
function demandSigned(bytes: Uint8Array, issuer: Certificate): Element {
  const [tbs, algorithm, signature] = sequence(readOnly(bytes, TAG.sequence, 'CRL'), 'CRL', 3);
  const body = demandTag(tbs, TAG.sequence, 'tbsCertList');
  const scheme = readSignatureScheme(algorithm);
  if (scheme === undefined) throw invalid('CRL', 'a strong signature', 'one that is weak or unknown');
  const parts = [...sequence(body, 'tbsCertList', 7)];
  takeOptional(parts, TAG.integer);
  const [inner, name] = parts;
  if (!isSame(inner, algorithm?.der)) malformed('CRL', 'one signature algorithm, inside and outside', 'two');
  if (issuer.keyUsage?.bits.has('cRLSign') === false)
    throw invalid('CRL', 'an issuer that may sign lists (keyUsage cRLSign)', 'one that may not');
  const signed = { scheme, signedBytes: body.der, signature: readBitStringOctets(signature, 'signature') };
  if (!isSame(name, issuer.subjectDer) || !issuer.strongKey || !isSignature(signed, issuer.publicKey))
    throw invalid('CRL', 'a signature by the issuer of the certificate', 'another');
  return body;
}

function isSame(element: Element | undefined, der: Uint8Array | undefined): boolean {
  return element !== undefined && der !== undefined && sameBytes(element.der, der);
}

function demandTimely(from: Element | undefined, until: Element | undefined, now: Date): Date {
  const thisUpdate = readCertificateTime(from, 'thisUpdate');
  const nextUpdate = readCertificateTime(until, 'nextUpdate');
  if (nextUpdate < now) throw invalid('CRL', 'one that has not expired', `nextUpdate ${nextUpdate.toISOString()}`);
  if (thisUpdate.getTime() > now.getTime() + SKEW_MS)
    throw invalid('CRL', 'one that holds by now', `thisUpdate ${thisUpdate.toISOString()}`);
  return nextUpdate;
}

type Extensions = ReturnType<typeof readExtensions>;

function demandKnown(extensions: Extensions): void {
  for (const [oid, { critical }] of extensions)
    if (critical && !KNOWN.includes(oid)) throw invalid('CRL', 'no unknown critical extension', oid);
}

/** RFC 5280, 5.2.5: a list may hold a part only. Which part is in a critical extension, and has to be ours. */
function demandScope(value: Uint8Array | undefined, { certificate, urls }: ListQuestion): void {
  if (value === undefined) return;
  const parts = sequence(readOnly(value, TAG.sequence, 'issuingDistributionPoint'), 'issuingDistributionPoint', 6);
  const authority = certificate.basicConstraints?.ca === true;
  // onlyContainsUserCerts or onlyContainsCACerts; onlySomeReasons, indirectCRL, onlyContainsAttributeCerts.
  const foreign = [authority ? 1 : 2, 3, 4, 5].map(primitiveContext);
  if (parts.some(({ tag }) => foreign.includes(tag)))
    throw invalid('CRL', 'a list that covers the certificate', 'one for others');
  const name = parts.find(({ tag }) => tag === context(0));
  if (name !== undefined && !namesIn(name).some((url) => urls.includes(url)))
    throw invalid('CRL', 'the list of this distribution point', 'that of another');
}

function entryOf(list: Element | undefined, serialNumber: string): ListEntry | undefined {
  if (list === undefined) return undefined;
  const wanted = Buffer.from(serialNumber, 'hex');
  for (const entry of children(list, 'revokedCertificates', MAX_ENTRIES)) {
    const [serial, date, extra] = sequence(entry, 'revokedCertificate', 3);
    if (sameBytes(readIntegerBytes(serial, 'userCertificate'), wanted)) return readEntry(date, readExtensions(extra));
  }
  return undefined;
}

function readEntry(date: Element | undefined, extensions: Extensions): ListEntry {
  for (const [oid, { critical }] of extensions)
    if (critical && oid !== OID.reason && oid !== REVOCATION.invalidityDate)
      throw invalid('CRL entry', 'no unknown critical extension', oid);
  return {
    since: readCertificateTime(date, 'revocationDate'),
    removed: extensions.get(OID.reason)?.value.at(-1) === REMOVE_FROM_CRL,
    ...invalidSince(extensions.get(REVOCATION.invalidityDate)?.value),
  };
}

function integerIn(value: Uint8Array | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  const bytes = readIntegerBytes(readOnly(value, TAG.integer, 'number'), 'number');
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
