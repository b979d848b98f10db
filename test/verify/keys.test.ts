import { createHash, constants, generateKeyPairSync, type KeyObject, sign, type SignKeyObjectInput } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOfHint, keyAlgorithm, toPublicKey, verifyWithKey } from '../../src/verify/keys.ts';

const MESSAGE = Buffer.from('what was signed');
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING };

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaSmall = generateKeyPairSync('rsa', { modulusLength: 1024 });
const pss = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha256',
  mgf1HashAlgorithm: 'sha256',
});
const pss384 = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha384',
  mgf1HashAlgorithm: 'sha384',
});
const ed25519 = generateKeyPairSync('ed25519');
const ed448 = generateKeyPairSync('ed448');

function signedBy(privateKey: KeyObject, hash: string | null, options: Omit<SignKeyObjectInput, 'key'> = {}): Buffer {
  return sign(hash, MESSAGE, { key: privateKey, ...options });
}

function prehashedEd25519(): Uint8Array {
  const seed = ed25519.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  return ed25519ph.sign(MESSAGE, seed);
}

describe('signatures that a key may make', () => {
  test.each<[string, { publicKey: KeyObject }, Uint8Array]>([
    ['P-256, SHA-256', p256, signedBy(p256.privateKey, 'sha256')],
    ['P-384, SHA-384 as cosign 3', p384, signedBy(p384.privateKey, 'sha384')],
    ['P-384, SHA-256 as cosign 2', p384, signedBy(p384.privateKey, 'sha256')],
    ['P-521, SHA-512 as cosign 3', p521, signedBy(p521.privateKey, 'sha512')],
    ['P-521, SHA-256 as cosign 2', p521, signedBy(p521.privateKey, 'sha256')],
    ['RSA PKCS#1 v1.5, SHA-256', rsa, signedBy(rsa.privateKey, 'sha256')],
    ['RSA PKCS#1 v1.5, SHA-512', rsa, signedBy(rsa.privateKey, 'sha512')],
    ['RSA PSS, salt as long as the hash', rsa, signedBy(rsa.privateKey, 'sha256', { ...PSS, saltLength: 32 })],
    [
      'RSA PSS, longest salt',
      rsa,
      signedBy(rsa.privateKey, 'sha384', { ...PSS, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN }),
    ],
    ['RSASSA-PSS key', pss, signedBy(pss.privateKey, 'sha256', { ...PSS, saltLength: 32 })],
    ['RSASSA-PSS key bound to SHA-384', pss384, signedBy(pss384.privateKey, 'sha384', { ...PSS, saltLength: 48 })],
    ['Ed25519 as cosign 2', ed25519, signedBy(ed25519.privateKey, null)],
    ['Ed25519ph as cosign 3', ed25519, prehashedEd25519()],
  ])('%s', (_, { publicKey }, signature) => {
    const key = toPublicKey(publicKey);
    expect(verifyWithKey(key, MESSAGE, signature)).toBe(true);
    expect(verifyWithKey(key, Buffer.from('something else'), signature)).toBe(false);
    expect(verifyWithKey(key, MESSAGE, signature.subarray(0, -1))).toBe(false);
    expect(verifyWithKey(key, MESSAGE, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
  });
});

describe('signatures of which the SHA-256 of the bytes is at hand alone', () => {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  test.each<[string, { publicKey: KeyObject }, Uint8Array, boolean]>([
    ['P-256', p256, signedBy(p256.privateKey, 'sha256'), true],
    ['P-384, SHA-256', p384, signedBy(p384.privateKey, 'sha256'), true],
    ['P-521, SHA-256', p521, signedBy(p521.privateKey, 'sha256'), true],
    ['P-384, SHA-384', p384, signedBy(p384.privateKey, 'sha384'), false],
    ['another key', p256, signedBy(p384.privateKey, 'sha256'), false],
    ['RSA', rsa, signedBy(rsa.privateKey, 'sha256'), false],
    ['Ed25519', ed25519, signedBy(ed25519.privateKey, null), false],
  ])('%s', (_, { publicKey }, signature, holds) => {
    const key = toPublicKey(publicKey);
    expect(verifyWithKey(key, { sha256: sha256(MESSAGE) }, signature)).toBe(holds);
    expect(verifyWithKey(key, { sha256: sha256(Buffer.from('something else')) }, signature)).toBe(false);
    expect(verifyWithKey(key, { sha256: sha256(MESSAGE).subarray(1) }, signature)).toBe(false);
    expect(verifyWithKey(key, { sha256: sha256(MESSAGE) }, signature.subarray(0, -1))).toBe(false);
  });

  test('every signature that Node verifies is verified by its digest, whichever half its s lies in', () => {
    const key = toPublicKey(p256.publicKey);
    for (let at = 0; at < 32; at += 1) {
      const bytes = Buffer.from(`message ${at}`);
      expect(verifyWithKey(key, { sha256: sha256(bytes) }, sign('sha256', bytes, p256.privateKey))).toBe(true);
    }
  });
});

describe('signatures that no key of ours makes', () => {
  const p1363 = { dsaEncoding: 'ieee-p1363' } as const;
  test.each<[string, { publicKey: KeyObject }, Uint8Array]>([
    ['P-256 with SHA-1', p256, signedBy(p256.privateKey, 'sha1')],
    ['P-256 with SHA-512', p256, signedBy(p256.privateKey, 'sha512')],
    ['P-256 in IEEE P1363 form', p256, signedBy(p256.privateKey, 'sha256', p1363)],
    ['RSA with SHA-1', rsa, signedBy(rsa.privateKey, 'sha1')],
    ['RSA of 1024 bits', rsaSmall, signedBy(rsaSmall.privateKey, 'sha256')],
    ['secp256k1', k256, signedBy(k256.privateKey, 'sha256')],
    ['Ed448', ed448, signedBy(ed448.privateKey, null)],
    ['nothing', p256, new Uint8Array()],
    ['another key', p256, signedBy(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'sha256')],
    ['a key of another kind', ed25519, signedBy(p256.privateKey, 'sha256')],
  ])('%s', (_, { publicKey }, signature) => {
    expect(verifyWithKey(toPublicKey(publicKey), MESSAGE, signature)).toBe(false);
  });

  test('any bytes: false, never thrown', () => {
    const all = [p256, p521, rsa, pss384, ed25519].map(({ publicKey }) => toPublicKey(publicKey));
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 64 }),
        (key, signature, message) => {
          expect(verifyWithKey(key, message, signature)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test('a public key shows its algorithm, its fingerprint and the hint of cosign 3', () => {
  const hash = createHash('sha256')
    .update(p384.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  expect(toPublicKey(p384.publicKey)).toMatchObject({
    algorithm: 'ECDSA-P384',
    hint: hash,
    fingerprint: `SHA256:${hash.replace('=', '')}`,
  });
  expect(fingerprintOfHint(hash)).toBe(`SHA256:${hash.replace('=', '')}`);
  expect([p256, rsa, pss, ed25519, k256, rsaSmall].map(({ publicKey }) => keyAlgorithm(publicKey))).toEqual([
    'ECDSA-P256',
    'RSA-2048',
    'RSA-PSS-2048',
    'Ed25519',
    undefined,
    undefined,
  ]);
});
