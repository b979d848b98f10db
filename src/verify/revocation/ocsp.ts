/**
 * The Online Certificate Status Protocol (RFC 6960, in the profile of RFC 5019): the request for one certificate, and what
 * a response says of it. Bytes in, bytes out; must never take a response that the issuer, or whom it named, did not sign.
 */
import { createHash } from 'node:crypto';
import { Failure, invalid } from '../../core/failure.ts';
import { readSignatureScheme } from '../x509/algorithm.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { isSignedBy, sameBytes, untimelinessOf } from '../x509/chain.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  malformed,
  primitiveContext,
  readBitStringOctets,
  readOid,
  readOnly,
  sequence,
  takeOptional,
  TAG,
} from '../x509/der.ts';
import { readExtensions } from '../x509/extensions.ts';
import { isSignature } from '../x509/signature.ts';
import { readGeneralizedTime } from '../x509/time.ts';
import { PURPOSE } from '../x509/usage.ts';
import { type CertificateStatus, REVOCATION } from './status.ts';

const ENUMERATED = 0x0a;
const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
/** AlgorithmIdentifier of SHA-1 with NULL: it only names the issuer here, and many responders know no other. */
const SHA1 = Buffer.from('300906052b0e03021a0500', 'hex');
const NONCE = '1.3.6.1.5.5.7.48.1.2';
/** How far the clock of a responder may be ahead, in milliseconds. */
const SKEW_MS = 300_000;
const STATUS_NAMES = ['successful', 'malformedRequest', 'internalError', 'tryLater', '', 'sigRequired', 'unauthorized'];

/** The OCSPRequest for a certificate, as DER. */
export function ocspRequest(certificate: Certificate, issuer: Certificate): Uint8Array {
  return wrap(TAG.sequence, wrap(TAG.sequence, wrap(TAG.sequence, wrap(TAG.sequence, certId(certificate, issuer)))));
}

/** What a response says. Throws Failure invalid for one that says nothing that can be believed now. */
export function readOcspResponse(
  bytes: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  now: Date,
): CertificateStatus {
  const [status, wrapped] = sequence(readOnly(bytes, TAG.sequence, 'OCSPResponse'), 'OCSPResponse', 2);
  const code = demandTag(status, ENUMERATED, 'responseStatus').content[0] ?? 255;
  if (code !== 0) throw invalid('OCSP response', 'status successful', STATUS_NAMES[code] ?? `status ${code}`);
  const inner = readOnly(demandTag(wrapped, context(0), 'responseBytes').content, TAG.sequence, 'responseBytes');
  const [type, value] = sequence(inner, 'responseBytes', 2);
  if (readOid(type, 'responseType') !== BASIC_RESPONSE) malformed('responseType', 'id-pkix-ocsp-basic', 'another');
  const basic = readOnly(demandTag(value, TAG.octetString, 'response').content, TAG.sequence, 'BasicOCSPResponse');
  const [data, algorithm, signature, certificates] = sequence(basic, 'BasicOCSPResponse', 4);
  const tbs = demandTag(data, TAG.sequence, 'ResponseData');
  demandSigned({ tbs, algorithm, signature, certificates }, issuer, now);
  const wanted = certId(certificate, issuer);
  const single = responsesIn(tbs).find((response) => {
    const [id] = sequence(response, 'SingleResponse', 5);
    return id !== undefined && sameBytes(id.der, wanted);
  });
  if (single === undefined) throw invalid('OCSP response', 'a status of the certificate that was asked for', 'none');
  return statusIn(single, now);
}

function responsesIn(tbs: Element): readonly Element[] {
  const parts = [...sequence(tbs, 'ResponseData', 5)];
  takeOptional(parts, context(0));
  const [, produced, responses, extensions] = parts;
  readGeneralizedTime(produced, 'producedAt');
  refuseCritical(extensions, [NONCE]);
  return sequence(responses, 'responses', 64);
}

function statusIn(single: Element, now: Date): CertificateStatus {
  const [, status, from, ...rest] = sequence(single, 'SingleResponse', 5);
  const thisUpdate = readGeneralizedTime(from, 'thisUpdate');
  const next = rest.find(({ tag }) => tag === context(0));
  if (next === undefined) throw invalid('OCSP response', 'a nextUpdate', 'none');
  const until = readGeneralizedTime(readOnly(next.content, TAG.generalizedTime, 'nextUpdate'), 'nextUpdate');
  if (until < now) throw invalid('OCSP response', 'one that has not expired', `nextUpdate ${until.toISOString()}`);
  if (thisUpdate.getTime() > now.getTime() + SKEW_MS)
    throw invalid('OCSP response', 'one that holds by now', `thisUpdate ${thisUpdate.toISOString()}`);
  const extensions = refuseCritical(
    rest.find(({ tag }) => tag === context(1)),
    [REVOCATION.invalidityDate],
  );
  if (status?.tag === primitiveContext(0)) return { state: 'good', until };
  if (status?.tag !== context(1)) return { state: 'unknown', message: 'the OCSP responder does not know it' };
  const since = readGeneralizedTime(children(status, 'RevokedInfo', 2)[0], 'revocationTime');
  const invalidity = extensions.get(REVOCATION.invalidityDate)?.value;
  return { state: 'revoked', since, until, ...invalidSince(invalidity) };
}

/** invalidityDate (RFC 5280, 5.3.2), in entries of lists and in responses alike. */
export function invalidSince(value: Uint8Array | undefined): { readonly invalidSince?: Date } {
  if (value === undefined) return {};
  const element = readOnly(value, TAG.generalizedTime, 'invalidityDate');
  return { invalidSince: readGeneralizedTime(element, 'invalidityDate') };
}

function refuseCritical(wrapped: Element | undefined, known: readonly string[]): ReturnType<typeof readExtensions> {
  if (wrapped === undefined) return new Map();
  const list = readOnly(demandTag(wrapped, context(1), 'extensions').content, TAG.sequence, 'extensions');
  const extensions = readExtensions(list);
  for (const [oid, { critical }] of extensions)
    if (critical && !known.includes(oid)) throw invalid('OCSP response', 'no unknown critical extension', oid);
  return extensions;
}

interface Signed {
  readonly tbs: Element;
  readonly algorithm: Element | undefined;
  readonly signature: Element | undefined;
  readonly certificates: Element | undefined;
}

/** RFC 6960, 4.2.2.2: by the issuer itself, or by a certificate that it issued for this purpose. */
function demandSigned({ tbs, algorithm, signature, certificates }: Signed, issuer: Certificate, now: Date): void {
  const scheme = readSignatureScheme(algorithm);
  if (scheme === undefined) throw invalid('OCSP response', 'a strong signature', 'one that is weak or unknown');
  const signed = { scheme, signedBytes: tbs.der, signature: readBitStringOctets(signature, 'signature') };
  if (issuer.strongKey && isSignature(signed, issuer.publicKey)) return;
  const delegates = delegatesIn(certificates).filter(
    (delegate) =>
      sameBytes(delegate.issuerDer, issuer.subjectDer) &&
      delegate.extendedKeyUsage?.oids.includes(PURPOSE.ocspSigning) === true &&
      untimelinessOf(delegate, now) === undefined &&
      delegate.strongKey &&
      isSignedBy(delegate, issuer),
  );
  if (!delegates.some((delegate) => isSignature(signed, delegate.publicKey)))
    throw invalid('OCSP response', 'a signature by the issuer of the certificate or its delegate', 'another');
}

function delegatesIn(wrapped: Element | undefined): readonly Certificate[] {
  if (wrapped === undefined) return [];
  const list = readOnly(demandTag(wrapped, context(0), 'certs').content, TAG.sequence, 'certs');
  return sequence(list, 'certs', 8).flatMap(({ der }) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      // A certificate that we cannot read signs nothing; another of the list may.
      if (error instanceof Failure) return [];
      throw error;
    }
  });
}

/** CertID (RFC 6960, 4.1.1). */
function certId(certificate: Certificate, issuer: Certificate): Uint8Array {
  const spki = readOnly(issuer.publicKey.export({ type: 'spki', format: 'der' }), TAG.sequence, 'SubjectPublicKeyInfo');
  const [, key] = sequence(spki, 'SubjectPublicKeyInfo', 2);
  const hashed = (bytes: Uint8Array): Uint8Array => wrap(TAG.octetString, createHash('sha1').update(bytes).digest());
  const serial = wrap(TAG.integer, Buffer.from(certificate.serialNumber, 'hex'));
  const parts = [SHA1, hashed(certificate.issuerDer), hashed(readBitStringOctets(key, 'subjectPublicKey')), serial];
  return wrap(TAG.sequence, Buffer.concat(parts));
}

/** Requests are some 80 bytes: serial numbers have 20 octets at most (RFC 5280, 4.1.2.2), and longer ones still fit. */
function wrap(tag: number, content: Uint8Array): Uint8Array {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  if (content.length > 0xff) throw invalid('OCSP request', 'a serial number of 20 octets at most', 'a longer one');
  return Buffer.concat([Buffer.from([tag, 0x81, content.length]), content]);
}
