/**
 * The certificate extensions that checks read (RFC 5280, 4.2.1): values by their own grammar, strictly.
 * Must never decide what follows from them.
 */
import type { AlternativeName, Certificate, KeyUsageBit } from './certificate.ts';
import {
  children,
  context,
  demandTag,
  type Element,
  malformed,
  primitiveContext,
  readBoolean,
  readNamedBits,
  readOid,
  readOnly,
  readSmallInteger,
  sequence,
  TAG,
} from './der.ts';
import { asciiOf, readText } from './name.ts';

/** OIDs of the extensions that are read here or named by checks. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Extension values by OID. */
export type Extensions = Certificate['extensions'];

const KEY_USAGE_BITS: readonly KeyUsageBit[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

/** The Extensions of a certificate; one that comes twice is an error (RFC 5280, 4.2). */
export function readExtensions(list: Element | undefined): Extensions {
  const found = new Map<string, { readonly critical: boolean; readonly value: Uint8Array }>();
  if (list === undefined) return found;
  for (const entry of sequence(list, 'extensions', 64)) {
    const parts = sequence(entry, 'extension');
    const oid = readOid(parts[0], 'extension');
    const hasFlag = parts.length === 3;
    if (parts.length < 2 || parts.length > 3) malformed('extension', 'an identifier and a value', 'another number');
    if (found.has(oid)) malformed('extensions', 'each extension once', `${oid} twice`);
    const critical = hasFlag && readBoolean(parts[1], 'extension');
    found.set(oid, { critical, value: demandTag(parts.at(-1), TAG.octetString, 'extension').content });
  }
  return found;
}

/** basicConstraints: `cA` and the path length, which only a CA may have. */
export function readBasicConstraints(extensions: Extensions): Certificate['basicConstraints'] {
  const extension = extensions.get(EXTENSION.basicConstraints);
  if (extension === undefined) return undefined;
  const parts = [...children(readOnly(extension.value, TAG.sequence, 'basicConstraints'), 'basicConstraints')];
  const ca = parts[0]?.tag === TAG.boolean && readBoolean(parts.shift(), 'basicConstraints');
  const length = parts.shift();
  if (parts.length > 0) malformed('basicConstraints', 'two values at most', 'more');
  if (length === undefined) return { critical: extension.critical, ca };
  return { critical: extension.critical, ca, pathLength: readSmallInteger(length, 'pathLenConstraint') };
}

/** keyUsage. */
export function readKeyUsage(extensions: Extensions): Certificate['keyUsage'] {
  const extension = extensions.get(EXTENSION.keyUsage);
  if (extension === undefined) return undefined;
  const bits = readNamedBits(readOnly(extension.value, TAG.bitString, 'keyUsage'), 'keyUsage');
  const named = KEY_USAGE_BITS.filter((_, index) => bits.has(index));
  return { critical: extension.critical, bits: new Set(named) };
}

/** extendedKeyUsage: at least one purpose. */
export function readExtendedKeyUsage(extensions: Extensions): Certificate['extendedKeyUsage'] {
  const extension = extensions.get(EXTENSION.extendedKeyUsage);
  if (extension === undefined) return undefined;
  const purposes = children(readOnly(extension.value, TAG.sequence, 'extendedKeyUsage'), 'extendedKeyUsage', 64);
  if (purposes.length === 0) malformed('extendedKeyUsage', 'a purpose', 'none');
  return { critical: extension.critical, oids: purposes.map((purpose) => readOid(purpose, 'extendedKeyUsage')) };
}

/** subjectAltName: the kinds that name signers; directory names and the like are left out. */
export function readAlternativeNames(extensions: Extensions): readonly AlternativeName[] {
  const extension = extensions.get(EXTENSION.subjectAltName);
  if (extension === undefined) return [];
  const names = children(readOnly(extension.value, TAG.sequence, 'subjectAltName'), 'subjectAltName', 256);
  return names.map(readAlternativeName).filter((name) => name !== undefined);
}

function readAlternativeName(name: Element): AlternativeName | undefined {
  switch (name.tag) {
    case context(0):
      return readOtherName(name);
    case primitiveContext(1):
      return { type: 'email', value: asciiOf(name.content, 'subjectAltName') };
    case primitiveContext(2):
      return { type: 'dns', value: asciiOf(name.content, 'subjectAltName') };
    case primitiveContext(6):
      return { type: 'uri', value: asciiOf(name.content, 'subjectAltName') };
    case primitiveContext(7):
      return { type: 'ip', value: ipOf(name.content) };
    default:
      return undefined;
  }
}

/** Fulcio's username form (1.3.6.1.4.1.57264.1.7): a UTF8String. Other kinds of otherName name nobody here. */
function readOtherName(name: Element): AlternativeName | undefined {
  const [type, wrapped] = children(name, 'otherName');
  if (readOid(type, 'otherName') !== '1.3.6.1.4.1.57264.1.7') return undefined;
  const value = readOnly(demandTag(wrapped, context(0), 'otherName').content, TAG.utf8String, 'otherName');
  return { type: 'other', value: readText(value, 'otherName') };
}

function ipOf(content: Uint8Array): string {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) return malformed('subjectAltName', 'an IP address of 4 or 16 octets', `${content.length}`);
  const hex = Buffer.from(content).toString('hex');
  return hex.replaceAll(/(.{4})(?=.)/gu, '$1:');
}
