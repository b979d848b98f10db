import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { parsePublicKeys } from '../../../src/verify/trust/public-keys.ts';

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url), 'utf8');
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' });
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey;
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const small = rsa(1024);
const rsa2048 = rsa(2048);

describe('keys that are taken', () => {
  test.each([
    ['k1.pub', 'ECDSA-P256'],
    ['p384-cosign.pub', 'ECDSA-P384'],
    ['p521-cosign.pub', 'ECDSA-P521'],
    ['rsa2048-cosign.pub', 'RSA-2048'],
    ['rsa4096-cosign.pub', 'RSA-4096'],
    ['ed25519-cosign.pub', 'Ed25519'],
  ])('%s', (file, algorithm) => {
    const [key] = parsePublicKeys(fixture(file));
    const der = createPublicKey(fixture(file)).export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(der).digest('base64');
    expect(key?.algorithm).toBe(algorithm);
    expect(key?.hint).toBe(hash);
    expect(key?.fingerprint).toBe(`SHA256:${hash.replace(/=+$/, '')}`);
  });

  test('RSA as PKCS#1, which is the same key as its SPKI form', () => {
    const pkcs1 = rsa2048.export({ type: 'pkcs1', format: 'pem' });
    expect(pkcs1).toContain('RSA PUBLIC KEY');
    expect(parsePublicKeys(pkcs1)[0]?.fingerprint).toBe(parsePublicKeys(spki(rsa2048))[0]?.fingerprint);
    expect(parsePublicKeys(pkcs1 + spki(rsa2048))).toHaveLength(1);
  });

  test('RSA-PSS keys', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    expect(parsePublicKeys(spki(publicKey))[0]?.algorithm).toBe('RSA-PSS-2048');
  });

  test('several blocks, in order, with text between them and any line ends', () => {
    const text = `first:\n${fixture('k1.pub')}\r\nsecond\r\n${fixture('other.pub').replaceAll('\n', '\r\n')}`;
    expect(parsePublicKeys(text).map((key) => key.fingerprint)).toEqual([
      ...parsePublicKeys(fixture('k1.pub')).map((key) => key.fingerprint),
      ...parsePublicKeys(fixture('other.pub')).map((key) => key.fingerprint),
    ]);
  });

  test('the same key twice counts once', () => {
    expect(parsePublicKeys(fixture('k1.pub') + fixture('other.pub') + fixture('k1.pub'))).toHaveLength(2);
  });
});

describe('keys that are refused, by name and place', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const trailing = (): string => {
    const der = Buffer.concat([ec('P-256').export({ type: 'spki', format: 'der' }), Buffer.from([0, 0])]);
    return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
  };

  test.each([
    [
      'RSA of 1024 bits',
      spki(small),
      'PEM block 1: expected ECDSA P-256, P-384 or P-521, RSA of 2048 to 4096 bits, or Ed25519, found an RSA key of 1024 bits',
    ],
    ['secp256k1', spki(ec('secp256k1')), 'found an elliptic-curve key on secp256k1'],
    ['P-224', spki(ec('secp224r1')), 'found an elliptic-curve key on secp224r1'],
    [
      'DSA',
      spki(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey),
      'found a key of type dsa',
    ],
    ['Ed448', spki(generateKeyPairSync('ed448').publicKey), 'found a key of type ed448'],
    ['X25519', spki(generateKeyPairSync('x25519').publicKey), 'found a key of type x25519'],
    [
      'a private key',
      pkcs8,
      'PEM block 1: expected PUBLIC KEY, found PRIVATE KEY: this is a private key; give the public half',
    ],
    [
      'a private key behind a public one',
      fixture('k1.pub') + pkcs8,
      'PEM block 2: expected PUBLIC KEY, found PRIVATE KEY',
    ],
    [
      'a certificate',
      fixture('pki/root.crt'),
      'PEM block 1: expected PUBLIC KEY, found CERTIFICATE: this is a certificate',
    ],
    [
      'another block',
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----',
      'found PGP PUBLIC KEY BLOCK',
    ],
    ['something behind the key', trailing(), 'with something behind it'],
    ['no DER', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'found other bytes'],
    ['no base64', '-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----', 'PEM block 1: expected base64'],
    ['no end', '-----BEGIN PUBLIC KEY-----\nAAAA', 'expected -----END PUBLIC KEY-----'],
    ['nothing', '', 'found nothing'],
    ['text', 'hello', 'found text without any PEM block'],
    ['PEM encoded once more', Buffer.from(fixture('k1.pub')).toString('base64'), 'base64-encoded once too often'],
    ['too many', fixture('k1.pub').repeat(65), 'at most 64 keys'],
  ])('%s', (_, text, message) => {
    expect(() => parsePublicKeys(text)).toThrow(Failure);
    expect(() => parsePublicKeys(text)).toThrow(message);
  });

  test('no content of a private key is repeated', () => {
    const content = pkcs8.split('\n')[1] ?? '';
    expect(() => parsePublicKeys(pkcs8)).not.toThrow(content);
    expect(content.length).toBeGreaterThan(20);
  });

  test('whatever is done to a key, it is read whole or refused with a Failure', () => {
    const text = fixture('k1.pub');
    const [original] = parsePublicKeys(text);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, more) => {
        try {
          const keys = parsePublicKeys(text.slice(0, at) + more + text.slice(at + 1));
          return keys.every((key) => key.algorithm === original?.algorithm);
        } catch (error) {
          return error instanceof Failure;
        }
      }),
    );
  });
});
