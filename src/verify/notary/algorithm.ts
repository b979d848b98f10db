/**
 * The signature algorithm of an envelope follows from the signer's key (Notary signature specification, "Algorithm
 * Selection"); the header may only repeat it. Must never let the envelope choose.
 */
import { constants, type KeyObject, verify } from 'node:crypto';
import type { Certificate } from '../x509/certificate.ts';
import type { Envelope } from './envelope.ts';
import { demandIntegrity, shown } from './integrity.ts';

const BY_CURVE: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const BY_MODULUS: Readonly<Record<number, string>> = { 2048: 'PS256', 3072: 'PS384', 4096: 'PS512' };

/** The algorithm that this key signs with; undefined for a key that the specification does not know. */
export function algorithmOf(key: KeyObject): string | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return BY_CURVE[namedCurve];
  return key.asymmetricKeyType === 'rsa' ? BY_MODULUS[modulusLength] : undefined;
}

/** Demands that the header names the algorithm of the key, and that the signature is by the key. */
export function demandSignature(envelope: Envelope, algorithm: string, leaf: Certificate): void {
  const expected = algorithmOf(leaf.publicKey);
  demandIntegrity(
    expected !== undefined,
    'the key of the signer is neither RSA 2048, 3072, 4096 nor P-256, P-384, P-521',
  );
  demandIntegrity(
    algorithm === expected,
    `algorithm is ${shown(algorithm)}, expected ${expected} for the key of the signer`,
  );
  demandIntegrity(
    isValid(envelope, expected, leaf.publicKey),
    'the signature does not verify: the content was altered',
  );
}

/** RFC 7518, 3.4 and 3.5, which RFC 9053 shares: fixed-size ECDSA; PSS with a salt as long as the hash. */
function isValid({ signedBytes, signature }: Envelope, algorithm: string, key: KeyObject): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  const options = algorithm.startsWith('ES')
    ? { key, dsaEncoding: 'ieee-p1363' as const }
    : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  try {
    return verify(hash, signedBytes, options, signature);
  } catch {
    // OpenSSL throws where a signature cannot even be read for the key.
    return false;
  }
}
