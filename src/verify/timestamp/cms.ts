/**
 * CMS SignedData (RFC 5652) as far as time-stamp tokens use it: one signer, with signed attributes, over content that
 * is inside. Parsing, and the check of that one signature; who the signer is lies with the caller.
 * Must never treat anything outside the signed attributes as said by the signer.
 */
import { createHash } from 'node:crypto';
import { readSignatureScheme, readHash, type SignatureScheme, type StrongHash } from '../x509/algorithm.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  malformed,
  primitiveContext,
  readIntegerBytes,
  readOid,
  readOnly,
  sequence,
  TAG,
  takeOptional,
} from '../x509/der.ts';
import { isSignature } from '../x509/signature.ts';

/** Signer of a SignedData: by issuer and serial number, or by subject key identifier. */
export type SignerIdentifier =
  | { readonly type: 'issuer'; readonly issuerDer: Uint8Array; readonly serialNumber: string }
  | { readonly type: 'key'; readonly identifier: Uint8Array };

/** A SignedData with one signer; nothing of it is verified yet. */
export interface SignedData {
  readonly contentType: string;
  readonly content: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: {
    readonly identifier: SignerIdentifier;
    readonly digest: StrongHash;
    readonly scheme: SignatureScheme;
    readonly signature: Uint8Array;
    /** The octets that are signed: the attributes as the SET OF that they are. */
    readonly signedBytes: Uint8Array;
    /** Signed attributes by type; each of exactly one value. */
    readonly attributes: ReadonlyMap<string, Element>;
  };
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const MAX_CERTIFICATES = 16;

/** Parses a ContentInfo that holds a SignedData. Throws a Failure of kind `invalid` for anything else. */
export function parseSignedData(contentInfo: Element): SignedData {
  const [type, wrapped, ...rest] = sequence(contentInfo, 'ContentInfo');
  if (readOid(type, 'ContentInfo') !== SIGNED_DATA || rest.length > 0)
    malformed('ContentInfo', 'a SignedData', 'other');
  const body = readOnly(demandTag(wrapped, context(0), 'ContentInfo').content, TAG.sequence, 'SignedData');
  const parts = [...sequence(body, 'SignedData', 8)];
  readIntegerBytes(parts.shift(), 'SignedData version');
  demandTag(parts.shift(), TAG.set, 'digestAlgorithms');
  const [contentType, content, ...more] = sequence(parts.shift(), 'encapContentInfo');
  if (more.length > 0) malformed('encapContentInfo', 'two values', 'more');
  const certificates = takeOptional(parts, context(0));
  takeOptional(parts, context(1));
  const [signer, ...others] = children(demandTag(parts.shift(), TAG.set, 'signerInfos'), 'signerInfos', 8);
  if (signer === undefined || others.length > 0 || parts.length > 0)
    malformed('signerInfos', 'exactly one signer', 'not one');
  return {
    contentType: readOid(contentType, 'eContentType'),
    content: readOnly(demandTag(content, context(0), 'eContent').content, TAG.octetString, 'eContent').content,
    certificates: certificates === undefined ? [] : readCertificates(certificates),
    signer: readSigner(signer),
  };
}

/**
 * Does the signature of this key cover the content (RFC 5652, 5.4 and 5.6)? The attributes must name the content's
 * type and digest, and the signature must be over the attributes.
 */
export function verifySignedData({ contentType, content, signer }: SignedData, certificate: Certificate): boolean {
  if (!certificate.strongKey) return false;
  const namedType = signer.attributes.get(CONTENT_TYPE);
  const namedDigest = signer.attributes.get(MESSAGE_DIGEST);
  if (namedDigest?.tag !== TAG.octetString || readOid(namedType, 'content-type') !== contentType) return false;
  const digest = createHash(signer.digest).update(content).digest();
  return Buffer.compare(digest, namedDigest.content) === 0 && isSignature(signer, certificate.publicKey);
}

/** Only X.509 certificates; other choices of CertificateSet (attribute certificates) are context tags and left out. */
function readCertificates(set: Element): readonly Certificate[] {
  return children(set, 'certificates', MAX_CERTIFICATES)
    .filter(({ tag }) => tag === TAG.sequence)
    .map(({ der }) => parseCertificate(der));
}

function readSigner(signer: Element): SignedData['signer'] {
  const parts = [...sequence(signer, 'SignerInfo', 8)];
  readIntegerBytes(parts.shift(), 'SignerInfo version');
  const identifier = readIdentifier(parts.shift());
  const digest = readHash(parts.shift());
  const attributes = demandTag(parts.shift(), context(0), 'signed attributes');
  const scheme = readSignatureScheme(parts.shift());
  const signature = demandTag(parts.shift(), TAG.octetString, 'signature').content;
  if (digest === undefined) return malformed('SignerInfo', 'SHA-256, SHA-384 or SHA-512', 'another digest algorithm');
  if (scheme === undefined)
    return malformed('SignerInfo', 'a strong signature algorithm', 'one that is weak or unknown');
  // RFC 5652, 5.4: what is signed is the attributes under the tag of SET OF, not under the [0] that they travel with.
  const signedBytes = Uint8Array.from(attributes.der);
  signedBytes[0] = TAG.set;
  return { identifier, digest, scheme, signature, signedBytes, attributes: readAttributes(attributes) };
}

function readIdentifier(element: Element | undefined): SignerIdentifier {
  if (element?.tag === primitiveContext(0)) return { type: 'key', identifier: element.content };
  const [issuer, serial] = sequence(element, 'sid');
  const issuerDer = demandTag(issuer, TAG.sequence, 'sid').der;
  return { type: 'issuer', issuerDer, serialNumber: Buffer.from(readIntegerBytes(serial, 'sid')).toString('hex') };
}

/** RFC 5652, 11: the attributes that we read come once and have one value; so do all others, here. */
function readAttributes(set: Element): ReadonlyMap<string, Element> {
  const attributes = new Map<string, Element>();
  for (const attribute of children(set, 'signed attributes', 32)) {
    const [type, values] = sequence(attribute, 'attribute');
    const oid = readOid(type, 'attribute');
    const [value, ...more] = children(demandTag(values, TAG.set, 'attribute'), 'attribute', 32);
    if (value === undefined || more.length > 0 || attributes.has(oid)) return malformed('attribute', 'one value', oid);
    attributes.set(oid, value);
  }
  return attributes;
}
