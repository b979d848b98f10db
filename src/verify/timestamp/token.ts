/**
 * What a time-stamp token says (RFC 3161, 2.4.2) and what binds it to its signer (RFC 5035, RFC 5816).
 * Parsing only; must never take a time from anywhere but genTime.
 */
import { readHash, type StrongHash } from '../x509/algorithm.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  malformed,
  primitiveContext,
  readBoolean,
  readIntegerBytes,
  readOid,
  readOnly,
  readSmallInteger,
  sequence,
  smallIntegerOf,
  takeOptional,
  TAG,
} from '../x509/der.ts';
import { readGeneralizedTime } from '../x509/time.ts';
import type { SignedData } from './cms.ts';

/** The statement of the authority. */
export interface TimestampInfo {
  readonly imprint: { readonly hash: StrongHash; readonly digest: Uint8Array };
  readonly time: Date;
  /** Milliseconds, rounded up. */
  readonly accuracyMs: number;
}

/** Which certificate the signer says is its own: the hash of it, and how that is stated. */
export interface SigningCertificate {
  readonly attribute: 'signing-certificate' | 'signing-certificate-v2';
  readonly hash: StrongHash | 'sha1';
  readonly digest: Uint8Array;
}

const BASELINE_POLICY = '0.4.0.2023.1.1';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

/** The ContentInfo in a token, or in a TimeStampResp whose status grants it (RFC 3161, 2.4.2). */
export function contentInfoOf(bytes: Uint8Array): Element {
  const outer = readOnly(bytes, TAG.sequence, 'time-stamp');
  const [first, second, ...rest] = sequence(outer, 'time-stamp');
  if (first?.tag === TAG.oid) return outer;
  const status = readSmallInteger(sequence(first, 'PKIStatusInfo')[0], 'PKIStatus');
  if (status > 1) malformed('TimeStampResp', 'status granted', `status ${status}`);
  if (rest.length > 0) malformed('TimeStampResp', 'a status and a token', 'more');
  return demandTag(second, TAG.sequence, 'TimeStampResp');
}

/** TSTInfo. Critical extensions are unknown to us and refused. */
export function readTimestampInfo(content: Uint8Array): TimestampInfo {
  const parts = [...sequence(readOnly(content, TAG.sequence, 'TSTInfo'), 'TSTInfo', 16)];
  const version = readSmallInteger(parts.shift(), 'TSTInfo version');
  if (version !== 1) malformed('TSTInfo', 'version 1', `${version}`);
  const policy = readOid(parts.shift(), 'policy');
  const imprint = readImprint(parts.shift());
  readIntegerBytes(parts.shift(), 'serialNumber');
  const time = readGeneralizedTime(parts.shift(), 'genTime');
  const accuracy = takeOptional(parts, TAG.sequence);
  const ordering = takeOptional(parts, TAG.boolean);
  if (ordering !== undefined) readBoolean(ordering, 'ordering');
  takeOptional(parts, TAG.integer);
  takeOptional(parts, context(0));
  demandNoCriticalExtension(takeOptional(parts, context(1)));
  if (parts.length > 0) malformed('TSTInfo', 'nothing after the extensions', 'more');
  const stated = accuracy === undefined ? 0 : readAccuracy(accuracy);
  // ETSI's baseline policy promises one second where the token is silent (RFC 3628, 5.2; Notary trust policy, steps).
  return { imprint, time, accuracyMs: stated === 0 && policy === BASELINE_POLICY ? 1000 : stated };
}

/** The ESS attribute that binds the signature to one certificate; version 2 where both are there. */
export function readSigningCertificate({ signer }: SignedData): SigningCertificate | undefined {
  const v2 = signer.attributes.get(SIGNING_CERTIFICATE_V2);
  const v1 = signer.attributes.get(SIGNING_CERTIFICATE);
  if (v2 === undefined && v1 === undefined) return undefined;
  const [list] = sequence(v2 ?? v1, 'signing-certificate');
  // RFC 5035, 3: the first certificate identified is the signer's; those after it limit the path and are not read.
  const parts = [...sequence(sequence(list, 'signing-certificate')[0], 'ESSCertID')];
  if (v2 === undefined) {
    return { attribute: 'signing-certificate', hash: 'sha1', digest: octets(parts[0]) };
  }
  const algorithm = takeOptional(parts, TAG.sequence);
  const hash = algorithm === undefined ? 'sha256' : readHash(algorithm);
  if (hash === undefined) return malformed('signing-certificate-v2', 'SHA-256, SHA-384 or SHA-512', 'another hash');
  return { attribute: 'signing-certificate-v2', hash, digest: octets(parts[0]) };
}

function octets(element: Element | undefined): Uint8Array {
  return demandTag(element, TAG.octetString, 'signing-certificate').content;
}

function readImprint(element: Element | undefined): TimestampInfo['imprint'] {
  const [algorithm, digest] = sequence(element, 'messageImprint');
  const hash = readHash(algorithm);
  if (hash === undefined) return malformed('messageImprint', 'SHA-256, SHA-384 or SHA-512', 'another hash');
  return { hash, digest: demandTag(digest, TAG.octetString, 'messageImprint').content };
}

/** `Accuracy`: seconds, milliseconds [0] and microseconds [1], the latter two from 1 to 999. */
function readAccuracy(element: Element): number {
  const parts = [...sequence(element, 'accuracy', 3)];
  const seconds = takeOptional(parts, TAG.integer);
  const [millis = 0, micros = 0] = [0, 1].map((number) => {
    const fraction = takeOptional(parts, primitiveContext(number));
    return fraction === undefined ? 0 : smallIntegerOf(fraction.content, 'accuracy');
  });
  if (parts.length > 0 || millis > 999 || micros > 999)
    malformed('accuracy', 'seconds, millis, micros', 'other values');
  return (seconds === undefined ? 0 : readSmallInteger(seconds, 'accuracy')) * 1000 + millis + Math.ceil(micros / 1000);
}

function demandNoCriticalExtension(wrapped: Element | undefined): void {
  if (wrapped === undefined) return;
  for (const extension of children(wrapped, 'extensions', 32)) {
    const parts = sequence(extension, 'extension');
    const critical = parts[1]?.tag === TAG.boolean && readBoolean(parts[1], 'extension');
    if (critical) malformed('TSTInfo', 'no critical extension', readOid(parts[0], 'extension'));
  }
}
