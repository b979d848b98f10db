/**
 * Public keys in PEM text: what cosign, openssl and KMS exports write. Owns which keys are good enough;
 * must never repeat the content of a block in a message: it may be a private key.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../../core/base64.ts';
import { Failure, invalid } from '../../core/failure.ts';
import { type PemBlock, splitPemBlocks } from '../../core/pem-blocks.ts';
import { keyAlgorithm, toPublicKey } from '../keys.ts';
import type { PublicKey } from '../signer.ts';

const MAX_KEYS = 64;
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

/** A key with its names. Throws a Failure of kind `invalid` for keys that are too weak or of another algorithm. */
export function publicKeyOf(key: KeyObject, where: string): PublicKey {
  if (keyAlgorithm(key) === undefined) throw invalid(where, TAKEN, describe(key));
  return toPublicKey(key);
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

/** What kind of key it is, in words, for those that we do not take. */
function describe({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): string {
  if (type === 'ec') return `an elliptic-curve key on ${details.namedCurve ?? 'an unnamed curve'}`;
  if (type === 'rsa' || type === 'rsa-pss') return `an RSA key of ${details.modulusLength ?? 'unknown'} bits`;
  return `a key of type ${type ?? 'unknown'}`;
}

function foundInstead(text: string): string {
  // The base64 of "-----BEGIN": the data of a Secret that was encoded once more.
  if (text.trimStart().startsWith('LS0tLS1CRUdJTi')) return 'PEM that is base64-encoded once too often: decode it once';
  return text.trim() === '' ? 'nothing' : 'text without any PEM block';
}
