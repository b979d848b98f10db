import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { parseCertificate } from '../../../src/verify/x509/certificate.ts';
import { formatName } from '../../../src/verify/x509/name.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';
import { mutations, valueOrFailure, RUNS } from '../../support/hostile.ts';
import { CA, openPki, type Pki, SIGNER } from '../../support/pki.ts';

const folder = new URL('../../fixtures/keys/pki/', import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const one = (name: string) => {
  const [certificate] = parsePemCertificates(pem(name));
  return certificate ?? expect.unreachable();
};
let pki: Pki;
beforeAll(() => {
  pki = openPki();
});
afterAll(() => pki.dispose());

describe('parseCertificate', () => {
  test.each(readdirSync(folder))('agrees with OpenSSL on %s', (name) => {
    for (const certificate of parsePemCertificates(pem(name))) {
      const { x509 } = certificate;
      expect(certificate.notBefore).toEqual(x509.validFromDate);
      expect(certificate.notAfter).toEqual(x509.validToDate);
      expect(certificate.serialNumber.replace(/^00/u, '')).toBe(x509.serialNumber.toLowerCase().replace(/^00/u, ''));
      expect(certificate.fingerprint256).toBe(createHash('sha256').update(x509.raw).digest('hex'));
      expect(certificate.basicConstraints?.ca ?? false).toBe(x509.ca);
      expect(certificate.extendedKeyUsage?.oids).toEqual(x509.keyUsage);
      expect(certificate.subject.map(({ type, value }) => `${type}=${value}`).join('\n')).toBe(x509.subject);
    }
  });

  test('reads every part that a check needs', () => {
    const leaf = one('leaf.crt');
    expect(formatName(leaf.subject)).toBe('CN=leaf,O=Test,ST=WA,C=US');
    expect(leaf.alternativeNames).toContainEqual({ type: 'email', value: 'signer@example.com' });
    expect([...(leaf.keyUsage?.bits ?? [])]).toEqual(['digitalSignature']);
    expect(leaf.signatureScheme).toEqual({ type: 'ecdsa', hash: 'sha256' });
    expect(one('inter.crt').basicConstraints).toEqual({ critical: true, ca: true, pathLength: 0 });
  });

  test('names of several attributes per RDN, escapes, and other alphabets', () => {
    const { certificate } = pki.issue({ subject: '/C=DE/O=Tést, Inc\\+x/OU=a+CN=b', extensions: SIGNER });
    expect(certificate.subject).toContainEqual({ type: 'O', value: 'Tést, Inc+x' });
    expect(certificate.subject.map((attribute) => attribute.type).toSorted()).toEqual(['C', 'CN', 'O', 'OU']);
    expect(formatName(certificate.subject)).toContain(String.raw`O=Tést\, Inc\+x`);
  });

  test('alternative names of each kind', () => {
    const names =
      'email:a@example.com,URI:https://ci.example.com/x,DNS:ci.example.com,IP:192.0.2.1,IP:2001:db8::1,otherName:1.3.6.1.4.1.57264.1.7;UTF8:name,otherName:1.2.3;UTF8:x,RID:1.2.3';
    const { certificate } = pki.issue({ extensions: [...SIGNER, `subjectAltName=${names}`] });
    expect(certificate.alternativeNames).toEqual([
      { type: 'email', value: 'a@example.com' },
      { type: 'uri', value: 'https://ci.example.com/x' },
      { type: 'dns', value: 'ci.example.com' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:0db8:0000:0000:0000:0000:0000:0001' },
      { type: 'other', value: 'name' },
    ]);
  });

  test('version 1, GeneralizedTime, and algorithms that are weak', () => {
    const old = pki.issue({ from: '20500101000000Z', until: '20600101000000Z', sign: ['-md', 'sha1'] }).certificate;
    expect(old.version).toBe(1);
    expect(old.extensions.size).toBe(0);
    expect(old.notBefore.toISOString()).toBe('2050-01-01T00:00:00.000Z');
    expect(old.signatureScheme).toBeUndefined();
    const rsa1024 = pki.issue({ key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] }).certificate;
    expect(rsa1024.strongKey).toBe(false);
    const brainpool = pki.issue({ key: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }).certificate;
    expect(brainpool.strongKey).toBe(false);
    expect(pki.issue({ key: ['-algorithm', 'ED25519'], sign: ['-md', 'null'] }).certificate.signatureScheme).toEqual({
      type: 'eddsa',
    });
  });

  test('an extension that comes twice is refused', () => {
    const { certificate } = pki.issue({ extensions: [...CA, '1.2.3.4=ASN1:NULL', '1.2.3.5=ASN1:NULL'] });
    const hex = Buffer.from(certificate.raw).toString('hex').replace('06032a0305', '06032a0304');
    expect(() => parseCertificate(new Uint8Array(Buffer.from(hex, 'hex')))).toThrow(/1\.2\.3\.4 twice/);
  });

  test('trailing bytes, a cut, and an algorithm that differs inside and outside are refused', () => {
    const { raw } = one('leaf.crt');
    expect(() => parseCertificate(Uint8Array.of(...raw, 0))).toThrow(/trailing bytes/);
    expect(() => parseCertificate(raw.subarray(0, -1))).toThrow(Failure);
    const swapped = Uint8Array.from(raw);
    swapped[Buffer.from(raw).lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex')) + 7] = 3;
    expect(() => parseCertificate(swapped)).toThrow(/inside and outside/);
  });

  test('mutated certificates end in a certificate or a Failure, quickly', () => {
    const { raw } = one('leaf.crt');
    fc.assert(
      fc.property(mutations(raw), (mutated) => {
        expect(valueOrFailure(() => parseCertificate(mutated))?.raw ?? mutated).toBe(mutated);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('parsePemCertificates', () => {
  test('reads all blocks in order, with text between them and either line end', () => {
    const chain = parsePemCertificates(pem('leaf-chain.pem'));
    const mixed = `Bag Attributes\r\n${pem('leaf-chain.pem').replaceAll('\n', '\r\n')}\r\n# end`;
    expect(parsePemCertificates(mixed).map((certificate) => certificate.fingerprint256)).toEqual(
      chain.map((certificate) => certificate.fingerprint256),
    );
    expect(chain).toHaveLength(3);
  });

  test.each([
    ['nothing', '', /BEGIN CERTIFICATE.*found none/],
    ['a block that does not end', '-----BEGIN CERTIFICATE-----\nAAAA\n', /block 1.*END CERTIFICATE/],
    ['an end without a begin', '-----END CERTIFICATE-----\n', /block 1/],
    ['another label at the end', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END X-----\n', /block 1/],
    ['text that is no base64', '-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----\n', /block 1.*base64/],
    ['no certificate inside', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /block 1/],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /block 1.*PUBLIC KEY/],
  ])('%s is refused with the place', (_, text, message) => {
    expect(() => parsePemCertificates(text)).toThrow(message);
  });

  test('a private key is named as such, with its block number and without its content', () => {
    const { key, pem: certificate } = pki.issue({ extensions: CA });
    const secret = key.export({ type: 'pkcs8', format: 'pem' });
    const attempt = () => parsePemCertificates(certificate + secret);
    expect(attempt).toThrow(/block 2.*private key/);
    expect(attempt).not.toThrow(secret.split('\n')[1] ?? 'x');
  });
});
