/**
 * One signature under one public key: which algorithms a key may have signed with, and the check itself.
 * Owns the choice of hash and padding per key. Must never throw for hostile bytes, and must never accept an algorithm
 * that the key's own type does not lead to: nothing here is chosen by the signature or by what accompanies it.
 */
import { createHash, constants, type KeyObject, verify } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { PublicKey } from './signer.ts';

/** What a signature covers: the bytes, or their SHA-256 alone, by which signatures of elliptic curves can be checked. */
export type SignedBytes = Uint8Array | { readonly sha256: Uint8Array };

/** RSA moduli in bits: below is breakable (NIST SP 800-131A), above makes every check slow for nothing. */
const RSA_BITS = { least: 2048, most: 4096 } as const;

const SHA2 = ['sha256', 'sha384', 'sha512'] as const;

/**
 * The hashes that a curve's key may have signed with, in order of trial. cosign 2 hashed with SHA-256 whatever the
 * curve; cosign 3 takes the curve's own hash (measured, signing.md trap 4). Both are sound for that curve, so both count.
 */
const CURVES: ReadonlyMap<string, { readonly name: string; readonly hashes: readonly string[] }> = new Map([
  ['prime256v1', { name: 'ECDSA-P256', hashes: ['sha256'] }],
  ['secp384r1', { name: 'ECDSA-P384', hashes: ['sha384', 'sha256'] }],
  ['secp521r1', { name: 'ECDSA-P521', hashes: ['sha512', 'sha256'] }],
]);

/**
 * Did this key sign this message? ECDSA signatures are DER. Malformed signatures and keys of a kind that nobody signs
 * images with (DSA, secp256k1, small RSA) give false.
 */
export function verifyWithKey(key: PublicKey, message: SignedBytes, signature: Uint8Array): boolean {
  if (signature.length === 0) return false;
  try {
    if (!(message instanceof Uint8Array)) return verifyByDigest(key.key, message.sha256, signature);
    return verifyByType(key.key, message, signature);
  } catch {
    // OpenSSL throws where a signature cannot even be read for the key; that is a signature that does not verify.
    return false;
  }
}

/** A public key with its names. Takes any key; `verifyWithKey` and `keyAlgorithm` say whether it is of use. */
export function toPublicKey(key: KeyObject): PublicKey {
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  return { key, fingerprint: fingerprintOfHint(hash), algorithm: keyAlgorithm(key) ?? 'unsupported', hint: hash };
}

/** The fingerprint that a cosign 3 hint (base64 of SHA-256 over the SPKI DER) stands for, as ssh-keygen writes it. */
export function fingerprintOfHint(hint: string): string {
  return `SHA256:${hint.replace(/=+$/, '')}`;
}

/** `ECDSA-P256`, `RSA-3072`, `RSA-PSS-2048`, `Ed25519`; undefined for a key that no image signature may be checked with. */
export function keyAlgorithm(key: KeyObject): string | undefined {
  switch (typeOf(key)) {
    case 'ec':
      return CURVES.get(key.asymmetricKeyDetails?.namedCurve ?? '')?.name;
    case 'rsa':
      return rsaBits(key) === undefined ? undefined : `RSA-${rsaBits(key)}`;
    case 'rsa-pss':
      return rsaBits(key) === undefined ? undefined : `RSA-PSS-${rsaBits(key)}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return undefined;
  }
}

function verifyByType(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  if (keyAlgorithm(key) === undefined) return false;
  switch (typeOf(key)) {
    case 'ec':
      return verifyEcdsa(key, message, signature);
    case 'rsa':
      return (
        signature.length === Math.ceil((rsaBits(key) ?? 0) / 8) &&
        (verifyPkcs1(key, message, signature) || verifyPss(key, message, signature))
      );
    case 'rsa-pss':
      return verifyPss(key, message, signature);
    case 'ed25519':
      return signature.length === 64 && verifyEd25519(key, message, signature);
    default:
      return false;
  }
}

function verifyEcdsa(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const hashes = CURVES.get(key.asymmetricKeyDetails?.namedCurve ?? '')?.hashes ?? [];
  return hashes.some((hash) => verify(hash, message, { key, dsaEncoding: 'der' }, signature));
}

/** Node hashes whatever it verifies. Malleable signatures (high S) are as good here as there. */
function verifyByDigest(key: KeyObject, sha256: Uint8Array, signature: Uint8Array): boolean {
  const curve = PREHASHED.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  const { x, y } = key.export({ format: 'jwk' });
  if (curve === undefined || x === undefined || y === undefined || sha256.length !== 32) return false;
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return curve.verify(signature, sha256, point, { prehash: false, lowS: false, format: 'der' });
}

/** Curves whose keys sign SHA-256, as CURVES says. */
const PREHASHED = new Map([
  ['prime256v1', p256],
  ['secp384r1', p384],
  ['secp521r1', p521],
]);

/** RFC 8017, 8.2. SHA-256 is what cosign writes; other tools sign with the larger hashes. */
function verifyPkcs1(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return SHA2.some((hash) => verify(hash, message, { key, padding: constants.RSA_PKCS1_PADDING }, signature));
}

/** RFC 8017, 8.1, any salt length. OpenSSL itself holds RSASSA-PSS keys to the hash and salt that they name. */
function verifyPss(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return SHA2.some((hash) => tolerant(() => verify(hash, message, options, signature)));
}

/**
 * RFC 8032: Ed25519 as cosign 2 signs, then Ed25519ph (SHA-512 prehash) as cosign 3 does. The two are separated by
 * their domain prefix, so that no signature of one is valid for the other. Node has no Ed25519ph.
 */
function verifyEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  if (verify(null, message, key, signature)) return true;
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-32);
  // zip215: false holds to RFC 8032's strict decoding, as Go's crypto/ed25519 does.
  return ed25519ph.verify(signature, message, point, { zip215: false });
}

/** As plain text: the names that Node adds over time are none of ours. */
function typeOf(key: KeyObject): string {
  return key.asymmetricKeyType ?? '';
}

/** A PSS key that is bound to one hash makes OpenSSL throw for the others; the next one must still be tried. */
function tolerant(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function rsaBits(key: KeyObject): number | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits >= RSA_BITS.least && bits <= RSA_BITS.most ? bits : undefined;
}
