/**
 * Signatures by AlgorithmIdentifier, over bytes as they are: certificates' neighbours (CMS, OCSP, CRLs) share them. Owns
 * the match of scheme and kind of key; must never accept a hash that algorithm.ts does not list.
 */
import { constants, type KeyObject, type SigningOptions, verify } from 'node:crypto';
import type { SignatureScheme, StrongHash } from './algorithm.ts';

/** A signature and what it covers. `digest`: the hash where the scheme names none (RFC 3370, 3.2). */
export interface SignedBytes {
  readonly scheme: SignatureScheme;
  readonly digest?: StrongHash;
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Did this key make it? False also where it cannot be read for the key. */
export function isSignature({ scheme, digest, signedBytes, signature }: SignedBytes, key: KeyObject): boolean {
  const hash = scheme.hash ?? digest;
  const type: string = key.asymmetricKeyType ?? '';
  if (type !== TYPES[scheme.type] && !(scheme.type === 'rsa-pss' && type === 'rsa-pss')) return false;
  if (hash === undefined && scheme.type !== 'eddsa') return false;
  try {
    return verify(hash, signedBytes, { key, ...optionsOf(scheme) }, signature);
  } catch {
    // OpenSSL throws where a signature cannot even be read for the key.
    return false;
  }
}

const TYPES = { 'rsa-pkcs1': 'rsa', 'rsa-pss': 'rsa', ecdsa: 'ec', eddsa: 'ed25519' } as const;

function optionsOf(scheme: SignatureScheme): SigningOptions {
  switch (scheme.type) {
    case 'rsa-pkcs1':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'rsa-pss':
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength };
    case 'ecdsa':
      return { dsaEncoding: 'der' };
    case 'eddsa':
      return {};
  }
}
