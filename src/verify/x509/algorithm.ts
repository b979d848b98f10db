/**
 * Which keys and signature algorithms are strong enough to found trust on, in one place for every format.
 * Owns the lists; anything that is not on them is refused, so that a new weakness needs no new rule.
 */
import type { KeyObject } from 'node:crypto';
import { context, demandTag, type Element, readOid, readOnly, sequence, TAG } from './der.ts';

/** A hash that signatures may use. SHA-1 and MD5 are broken and are not here. */
export type StrongHash = 'sha256' | 'sha384' | 'sha512';

/** OIDs of the SHA-2 hashes. */
export const HASHES: Readonly<Record<string, StrongHash>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** What a signature AlgorithmIdentifier says. `hash: undefined`: the key's own (Ed25519), or given elsewhere in CMS. */
export type SignatureScheme =
  | { readonly type: 'rsa-pkcs1'; readonly hash: StrongHash | undefined }
  | { readonly type: 'rsa-pss'; readonly hash: StrongHash; readonly saltLength: number }
  | { readonly type: 'ecdsa'; readonly hash: StrongHash }
  | { readonly type: 'eddsa'; readonly hash: undefined };

const SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  '1.2.840.113549.1.1.11': { type: 'rsa-pkcs1', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { type: 'rsa-pkcs1', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { type: 'rsa-pkcs1', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { type: 'ecdsa', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { type: 'ecdsa', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { type: 'ecdsa', hash: 'sha512' },
  '1.3.101.112': { type: 'eddsa', hash: undefined },
};

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MIN_RSA_BITS = 2048;
/** Above this a verification takes milliseconds that a stranger chooses. */
const MAX_RSA_BITS = 8192;

/**
 * The scheme of an AlgorithmIdentifier; undefined for one that is weak or unknown.
 * `rsaEncryption` stands for a scheme in CMS only (RFC 3370, 3.2), where the hash is named beside it.
 */
export function readSignatureScheme(identifier: Element | undefined): SignatureScheme | undefined {
  const [oid, parameters] = sequence(identifier, 'signature algorithm');
  const name = readOid(oid, 'signature algorithm');
  if (name === RSA_PSS) return parameters === undefined ? undefined : readPss(parameters);
  if (name === RSA_ENCRYPTION) return { type: 'rsa-pkcs1', hash: undefined };
  return SCHEMES[name];
}

/** The hash of a DigestAlgorithmIdentifier; undefined for SHA-1, MD5 and what we do not know. */
export function readHash(identifier: Element | undefined): StrongHash | undefined {
  return HASHES[readOid(sequence(identifier, 'digest algorithm')[0], 'digest algorithm')];
}

/** RSA from 2048 to 8192 bits with a sane exponent, the NIST curves, Ed25519. */
export function isStrongKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails ?? {};
  const type: string = key.asymmetricKeyType ?? key.type;
  switch (type) {
    case 'ec':
      return CURVES.has(details.namedCurve ?? '');
    case 'rsa':
    case 'rsa-pss': {
      const bits = details.modulusLength ?? 0;
      return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && (details.publicExponent ?? 0n) >= 3n;
    }
    case 'ed25519':
      return true;
    default:
      return false;
  }
}

/** RSASSA-PSS-params (RFC 4055, 3.1). Its defaults are SHA-1 and so are refused; the hash of MGF1 must be the same. */
function readPss(parameters: Element): SignatureScheme | undefined {
  const parts = new Map(sequence(parameters, 'PSS parameters', 4).map((part) => [part.tag, part.content]));
  const hash = parts.get(context(0));
  const mask = parts.get(context(1));
  const salt = parts.get(context(2));
  if (hash === undefined || mask === undefined || salt === undefined || parts.has(context(3))) return undefined;
  const [mgf, mgfHash] = sequence(readOnly(mask, TAG.sequence, 'PSS parameters'), 'PSS parameters');
  if (readOid(mgf, 'PSS parameters') !== MGF1) return undefined;
  const strong = readHash(readOnly(hash, TAG.sequence, 'PSS parameters'));
  if (strong === undefined || readHash(mgfHash) !== strong) return undefined;
  const saltLength = demandTag(readOnly(salt, TAG.integer, 'PSS parameters'), TAG.integer, 'PSS parameters').content;
  return saltLength.length === 1 ? { type: 'rsa-pss', hash: strong, saltLength: saltLength[0] ?? 0 } : undefined;
}
