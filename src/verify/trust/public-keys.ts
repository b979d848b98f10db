/**
 * Public keys in PEM text: what cosign, openssl and KMS exports write. Owns which keys are good enough;
 * must never repeat the content of a block in a message: it may be a private key.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../core/base64.ts';
import { Failure, invalid } from '../../core/failure.ts';
import type { PublicKey } from '../signer.ts';
import { type PemBlock, splitPemBlocks } from '../x509/pem.ts';

const MAX_KEYS = 64;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;
/** node:crypto's names of the curves that we take. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P256', secp384r1: 'P384', secp521r1: 'P521' };
const TAKEN = 'ECDSA P-256, P-384 or P-521, RSA of 2048 to 4096 bits, or Ed25519';

/**
 * All public keys of a PEM text, in order; the same key twice counts once. `PUBLIC KEY` (SPKI) and `RSA PUBLIC KEY`
 * (PKCS#1). Throws a Failure of kind `invalid` that names the number of the block, counted from 1.
 */
export function parsePublicKeys(text: string): readonly PublicKey[] {
  const blocks = splitPemBlocks(text);
  if (blocks.length === 0) throw invalid('PEM', 'a block -----BEGIN PUBLIC KEY-----', foundInstead(text));
  if (blocks.length > MAX_KEYS) throw invalid('PEM', `at most ${MAX_KEYS} keys`, `${blocks.length}`);
  const keys = blocks.map((block, index) => readKey(block, `PEM block ${index + 1}`));
  return [...new Map(keys.map((key) => [key.fingerprint, key])).values()];
}

/** A key with its fingerprint. Throws a Failure of kind `invalid` for keys that are too weak or of another algorithm. */
export function publicKeyOf(key: KeyObject, where: string): PublicKey {
  const algorithm = algorithmOf(key, where);
  const hint = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  return { key, algorithm, hint, fingerprint: `SHA256:${hint.replace(/=+$/, '')}` };
}

function readKey({ label, body }: PemBlock, where: string): PublicKey {
  const type = keyType(label, where);
  const der = decodeBase64(body);
  if (der === undefined) throw invalid(where, 'base64', 'characters or padding that are not');
  return publicKeyOf(decode(Buffer.from(der), type, where), where);
}

function keyType(label: string, where: string): 'spki' | 'pkcs1' {
  if (label === 'PUBLIC KEY') return 'spki';
  if (label === 'RSA PUBLIC KEY') return 'pkcs1';
  const expected = 'PUBLIC KEY';
  if (label.endsWith('PRIVATE KEY'))
    throw invalid(where, expected, `${label}: this is a private key; give the public half (cosign public-key --key …)`);
  if (label.endsWith('CERTIFICATE'))
    throw invalid(
      where,
      expected,
      `${label}: this is a certificate; give it as certificate.roots, or give its public key`,
    );
  throw invalid(where, expected, label);
}

/** OpenSSL reads past the end of a structure and takes forms that are not DER; what is written back tells. */
function decode(der: Buffer, type: 'spki' | 'pkcs1', where: string): KeyObject {
  const expected = 'the DER encoding of a public key, and nothing behind it';
  try {
    const key = createPublicKey({ key: der, format: 'der', type });
    if (der.equals(key.export({ format: 'der', type }))) return key;
  } catch (error) {
    throw new Failure(
      { kind: 'invalid', where, expected, found: 'other bytes' },
      `${where}: expected ${expected}, found other bytes`,
      { cause: error },
    );
  }
  throw invalid(where, expected, 'a key in another encoding, or with something behind it');
}

function algorithmOf(key: KeyObject, where: string): string {
  const details = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'ec') return `ECDSA-${curveOf(details.namedCurve, where)}`;
  if (type === 'rsa') return `RSA-${bitsOf(details.modulusLength, where)}`;
  if (type === 'rsa-pss') return `RSA-PSS-${bitsOf(details.modulusLength, where)}`;
  if (type === 'ed25519') return 'Ed25519';
  throw invalid(where, TAKEN, `a key of type ${type ?? 'unknown'}`);
}

function curveOf(curve: string | undefined, where: string): string {
  const name = Object.hasOwn(CURVES, curve ?? '') ? CURVES[curve ?? ''] : undefined;
  if (name === undefined) throw invalid(where, TAKEN, `an elliptic-curve key on ${curve ?? 'an unnamed curve'}`);
  return name;
}

function bitsOf(bits: number | undefined, where: string): number {
  if (bits === undefined || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
    throw invalid(where, TAKEN, `an RSA key of ${bits ?? 'unknown'} bits`);
  return bits;
}

function foundInstead(text: string): string {
  // The base64 of "-----BEGIN": the data of a Secret that was encoded once more.
  if (text.trimStart().startsWith('LS0tLS1CRUdJTi')) return 'PEM that is base64-encoded once too often: decode it once';
  return text.trim() === '' ? 'nothing' : 'text without any PEM block';
}
