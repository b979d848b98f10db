/**
 * X.509 certificates as the engine reads them (RFC 5280). Parsing only; who is trusted is decided in chain.ts.
 * OpenSSL (node:crypto) and our strict DER reader must both accept the bytes: signatures are checked by the one and
 * fields read by the other, so that neither is led to a reading that the other does not share.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { invalid } from '../../core/failure.ts';
import { isStrongKey, readSignatureScheme, type SignatureScheme } from './algorithm.ts';
import {
  context,
  demandTag,
  type Element,
  malformed,
  readBitStringOctets,
  readIntegerBytes,
  readOid,
  readOnly,
  readSmallInteger,
  sequence,
  TAG,
} from './der.ts';
import {
  readAlternativeNames,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
} from './extensions.ts';
import { readName } from './name.ts';
import { readCertificateTime } from './time.ts';

/** One attribute of a distinguished name, in the order of the encoding. `type` is a short name (CN, O, C, ST…) or an OID. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** A subject alternative name. Fulcio writes URIs and e-mail addresses; `other` is 1.3.6.1.4.1.57264.1.7. */
export interface AlternativeName {
  readonly type: 'email' | 'dns' | 'uri' | 'ip' | 'other';
  readonly value: string;
}

/** A parsed certificate. Everything that a check reads is here, so that no check parses. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly raw: Uint8Array;
  /** 1, 2 or 3. Only version 3 has extensions. */
  readonly version: number;
  /** Octets of the serial number, lower-case hex, as encoded. */
  readonly serialNumber: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint256: string;
  readonly publicKey: KeyObject;
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  /** The encodings of the two names: chains are joined by these, octet by octet. */
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly basicConstraints?: { readonly critical: boolean; readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: { readonly critical: boolean; readonly bits: ReadonlySet<KeyUsageBit> };
  /** OIDs of the extended key usage. */
  readonly extendedKeyUsage?: { readonly critical: boolean; readonly oids: readonly string[] };
  readonly alternativeNames: readonly AlternativeName[];
  /** Extension values by OID: the raw bytes inside the OCTET STRING. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly value: Uint8Array }>;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** What that OID and its parameters stand for; absent where the algorithm is weak (SHA-1) or unknown. */
  readonly signatureScheme?: SignatureScheme;
  /** Is its own key one that trust can rest on (RSA ≥ 2048, NIST curves, Ed25519)? */
  readonly strongKey: boolean;
}

/** Key usage bits by the names of RFC 5280, 4.2.1.3. */
export type KeyUsageBit =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

/** No certificate that we are meant to read is larger; what OpenSSL does with one grows with its size. */
const MAX_BYTES = 64 * 1024;

/** Parses one DER certificate. Throws a Failure of kind `invalid` for anything else, and nothing but that. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_BYTES) throw invalid('certificate', `at most ${MAX_BYTES} bytes`, `${der.length}`);
  const fields = readFields(der);
  const x509 = openssl(der);
  const publicKey = publicKeyOf(x509);
  return {
    x509,
    raw: der,
    fingerprint256: createHash('sha256').update(der).digest('hex'),
    publicKey,
    strongKey: isStrongKey(publicKey),
    ...fields,
  };
}

type Fields = Omit<Certificate, 'x509' | 'raw' | 'fingerprint256' | 'publicKey' | 'strongKey'>;

function readFields(der: Uint8Array): Fields {
  const [body, algorithm, signature, ...rest] = sequence(readOnly(der, TAG.sequence, 'certificate'), 'certificate', 4);
  if (rest.length > 0) malformed('certificate', 'three values', 'more');
  readBitStringOctets(signature, 'signature');
  const parts = [...sequence(body, 'tbsCertificate', 16)];
  const version = readVersion(parts);
  const serialNumber = Buffer.from(readIntegerBytes(parts.shift(), 'serialNumber')).toString('hex');
  demandSameAlgorithm(parts.shift(), algorithm);
  const issuer = demandTag(parts.shift(), TAG.sequence, 'issuer');
  const [notBefore, notAfter, ...more] = sequence(parts.shift(), 'validity', 3);
  if (more.length > 0) malformed('validity', 'two times', 'more');
  const subject = demandTag(parts.shift(), TAG.sequence, 'subject');
  demandTag(parts.shift(), TAG.sequence, 'subjectPublicKeyInfo');
  return {
    version,
    serialNumber,
    issuer: readName(issuer, 'issuer'),
    subject: readName(subject, 'subject'),
    issuerDer: issuer.der,
    subjectDer: subject.der,
    notBefore: readCertificateTime(notBefore, 'notBefore'),
    notAfter: readCertificateTime(notAfter, 'notAfter'),
    signatureAlgorithm: readOid(sequence(algorithm, 'signature algorithm')[0], 'signature algorithm'),
    ...signatureSchemeOf(algorithm),
    ...readExtensionFields(parts, version),
  };
}

/** A scheme without a hash of its own (`rsaEncryption`) is no way to sign a certificate. */
function signatureSchemeOf(algorithm: Element | undefined): Pick<Fields, 'signatureScheme'> {
  const scheme = readSignatureScheme(algorithm);
  if (scheme === undefined || (scheme.type === 'rsa-pkcs1' && scheme.hash === undefined)) return {};
  return { signatureScheme: scheme };
}

/** `[0] EXPLICIT Version DEFAULT v1`. Takes it from the front if it is there. */
function readVersion(parts: Element[]): number {
  if (parts[0]?.tag !== context(0)) return 1;
  const number = readSmallInteger(
    readOnly(parts.shift()?.content ?? new Uint8Array(), TAG.integer, 'version'),
    'version',
  );
  return number === 1 || number === 2 ? number + 1 : malformed('version', 'v2 or v3', `${number}`);
}

/** RFC 5280, 4.1.1.2: the algorithm inside the signed part is the one outside; else it could be swapped. */
function demandSameAlgorithm(inner: Element | undefined, outer: Element | undefined): void {
  if (inner === undefined || outer === undefined || Buffer.compare(inner.der, outer.der) !== 0) {
    malformed('certificate', 'the same signature algorithm inside and outside', 'two different ones');
  }
}

type ExtensionFields = Pick<Fields, 'extensions' | 'alternativeNames'> &
  Partial<Pick<Certificate, 'basicConstraints' | 'keyUsage' | 'extendedKeyUsage'>>;

/** What follows the key: the two obsolete unique identifiers, and `[3] EXPLICIT Extensions`, of version 3 only. */
function readExtensionFields(rest: readonly Element[], version: number): ExtensionFields {
  const parts = rest.filter((part) => part.tag !== 0x81 && part.tag !== 0x82);
  const [wrapped, ...more] = parts;
  if (more.length > 0) malformed('tbsCertificate', 'nothing after the extensions', 'more');
  if (wrapped !== undefined && version !== 3)
    malformed('certificate', 'version 3, since it has extensions', `${version}`);
  const list =
    wrapped === undefined
      ? undefined
      : readOnly(demandTag(wrapped, context(3), 'extensions').content, TAG.sequence, 'extensions');
  const extensions = readExtensions(list);
  const basicConstraints = readBasicConstraints(extensions);
  const keyUsage = readKeyUsage(extensions);
  const extendedKeyUsage = readExtendedKeyUsage(extensions);
  return {
    extensions,
    alternativeNames: readAlternativeNames(extensions),
    ...(basicConstraints === undefined ? {} : { basicConstraints }),
    ...(keyUsage === undefined ? {} : { keyUsage }),
    ...(extendedKeyUsage === undefined ? {} : { extendedKeyUsage }),
  };
}

function openssl(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw invalid('certificate', 'an X.509 certificate', cause instanceof Error ? cause.message : 'other bytes');
  }
}

function publicKeyOf(x509: X509Certificate): KeyObject {
  try {
    return x509.publicKey;
  } catch {
    throw invalid('certificate', 'a public key of a known algorithm', 'one that OpenSSL cannot read');
  }
}
