/** Every cosign fixture, straight from its blobs: outcome and reason as test/fixtures/README.md has them. */
import { describe, expect, test } from 'vitest';
import type { Claim } from '../../../src/verify/family.ts';
import type { SignerMaterial } from '../../../src/verify/signer.ts';
import { claimOn, identity, keys, openFixture, pkiFile, proveAll, trustRoot } from './layout.ts';

const K1 = keys('k1.pub');
const LOGGED: SignerMaterial = { ...K1, transparencyLog: 'Required', trustRoot: trustRoot() };
const SAN = 'https://ci.example.com/org/repo@refs/heads/main';
const ISSUER = 'https://issuer.example.com';
const SLSA: Partial<Claim> = { demands: { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v1' } };
const PROD: Partial<Claim> = { annotations: { env: 'prod', team: 'core' } };
const DEV: Partial<Claim> = { annotations: { env: 'dev' } };

function keyless(subject: string, issuer: string): SignerMaterial {
  return {
    type: 'keyless',
    identities: [identity(subject, issuer)],
    transparencyLog: 'Required',
    trustRoot: trustRoot(),
  };
}

function authority(root: string, intermediates: readonly string[] = ['inter.crt']): SignerMaterial {
  return {
    type: 'certificate',
    roots: pkiFile(root),
    intermediates: intermediates.flatMap(pkiFile),
    identities: [identity('signer@example.com')],
    transparencyLog: 'Ignored',
  };
}

describe('signatures that are valid', () => {
  test.each<[string, string, SignerMaterial, Partial<Claim>?]>([
    ['an attestation under the .att tag', 'attest2-slsa1', K1, SLSA],
    ['an attestation bundle', 'attest3-slsa1', K1, SLSA],
    ['a bundle with the demanded annotations', 'bundle3-annot', K1, PROD],
    ['a bundle with a certificate, no time proven', 'bundle3-cert', authority('root.crt')],
    ['a bundle with Ed25519ph', 'bundle3-ed25519', keys('ed25519-cosign.pub')],
    ['a bundle by a key', 'bundle3-k1', K1],
    ['a bundle by a key with its log entry ignored', 'bundle3-k1-tlog', K1],
    ['a bundle by a key with a required log entry', 'bundle3-k1-tlog', LOGGED],
    ['a bundle with P-384 and SHA-384', 'bundle3-p384', keys('p384-cosign.pub')],
    ['a bundle with RSA', 'bundle3-rsa2048', keys('rsa2048-cosign.pub')],
    ['a bundle made with a signing config', 'bundle3-signingconfig', K1],
    ['an index signed recursively', 'index-bundle-recursive-k1', K1],
    ['an index signed by itself', 'index-k1', K1],
    ['a keyless bundle', 'keyless3', keyless(SAN, ISSUER)],
    ['a keyless attestation', 'keyless3-attest', keyless(SAN, ISSUER), SLSA],
    ['a keyless signature with annotations', 'keyless3-legacy', keyless(SAN, ISSUER)],
    ['a keyless bundle with a timestamp', 'keyless3-tsa', keyless(SAN, ISSUER)],
    ['a .sig with the demanded annotations', 'legacy2-annot', K1, PROD],
    ['a .sig with pure Ed25519', 'legacy2-ed25519', keys('ed25519-cosign.pub')],
    ['a .sig by a key', 'legacy2-k1', K1],
    ['a .sig by the second of two keys', 'legacy2-k1', keys('other.pub', 'k1.pub')],
    ['a .sig with a required log entry', 'legacy2-k1-tlog', LOGGED],
    ['a .sig with P-384 and SHA-256', 'legacy2-p384', keys('p384-cosign.pub')],
    ['a .sig with RSA', 'legacy2-rsa2048', keys('rsa2048-cosign.pub')],
    ['a .sig of cosign 3 with annotations', 'legacy3-annot', K1, PROD],
    ['a .sig with a certificate and an empty chain', 'legacy3-cert', authority('root.crt')],
    ['a .sig with Ed25519ph', 'legacy3-ed25519', keys('ed25519-cosign.pub')],
    ['a .sig of cosign 3', 'legacy3-k1', K1],
    ['simple signing as an OCI 1.1 referrer', 'legacy3-oci11', K1],
    ['a .sig with P-521 and SHA-512', 'legacy3-p521', keys('p521-cosign.pub')],
    ['a .sig of cosign 3 with RSA', 'legacy3-rsa2048', keys('rsa2048-cosign.pub')],
  ])('%s verifies (%s)', (_, name, material, more = {}) => {
    const fixture = openFixture(name);
    const outcomes = proveAll(fixture, claimOn(fixture.subject, material, more));
    expect(outcomes).toContainEqual(expect.objectContaining({ ok: true }));
  });

  test.each([0, 1])('child %d of a recursively signed index verifies', (child) => {
    const fixture = openFixture('index-bundle-recursive-k1', child);
    expect(proveAll(fixture, claimOn(fixture.subject, K1))).toMatchObject([{ ok: true }]);
  });
});

describe('signatures that are no proof', () => {
  test.each<[string, string, SignerMaterial, string, Partial<Claim>?]>([
    ['an attestation bundle for a signature (trap 2)', 'attest3-slsa1', K1, 'NoSignature'],
    ['a signature bundle for an attestation', 'bundle3-k1', K1, 'AttestationMissing', SLSA],
    [
      'another predicate type',
      'attest2-slsa1',
      K1,
      'AttestationMissing',
      { demands: { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v0.2' } },
    ],
    ['another annotation in a bundle', 'bundle3-annot', K1, 'AnnotationMismatch', DEV],
    ['another annotation in .sig', 'legacy2-annot', K1, 'AnnotationMismatch', DEV],
    ['another annotation in .sig of cosign 3', 'legacy3-annot', K1, 'AnnotationMismatch', DEV],
    ['no annotations at all', 'legacy2-k1', K1, 'AnnotationMismatch', DEV],
    ['another subject, keyless', 'keyless3', keyless(`${SAN}x`, ISSUER), 'IdentityMismatch'],
    ['another issuer, keyless', 'keyless3', keyless(SAN, 'https://other.example.com'), 'IdentityMismatch'],
    ['another subject, keyless .sig', 'keyless3-legacy', keyless('ci.example.com', ISSUER), 'IdentityMismatch'],
    ['another key for .sig', 'legacy2-k1', keys('other.pub'), 'UntrustedSigner'],
    ['another key for a bundle', 'bundle3-k1', keys('other.pub'), 'UntrustedSigner'],
    ['no log entry where one is required', 'bundle3-k1', LOGGED, 'TransparencyLogMissing'],
    ['no log entry in .sig where one is required', 'legacy2-k1', LOGGED, 'TransparencyLogMissing'],
    ['an expired certificate', 'neg-expired-cert', authority('root.crt'), 'CertificateExpired'],
    ['a certificate of an unknown CA', 'neg-untrusted-ca', authority('root.crt'), 'CertificateUntrusted'],
    ['an intermediate that nobody gives', 'legacy3-cert', authority('root.crt', []), 'CertificateUntrusted'],
    ['a signature moved from another image', 'neg-moved-legacy', K1, 'DigestMismatch'],
    ['a payload that names another digest', 'neg-payload-wrong-digest', K1, 'DigestMismatch'],
    ['a bundle by another key', 'neg-otherkey-bundle', K1, 'UntrustedSigner'],
    ['a .sig by another key', 'neg-otherkey-legacy', K1, 'UntrustedSigner'],
    ['a payload that was edited', 'neg-payload-tampered', K1, 'UntrustedSigner'],
    ['a signature that was edited', 'neg-sig-tampered', K1, 'UntrustedSigner'],
    ['a bundle payload that was edited', 'neg-bundle-payload-tampered', K1, 'SignatureInvalid'],
    ['a keyless signature under a key', 'keyless3', K1, 'UntrustedSigner'],
    ['a key signature under keyless', 'bundle3-k1', keyless(SAN, ISSUER), 'UntrustedSigner'],
    ['a private CA under keyless', 'bundle3-cert', keyless(SAN, ISSUER), 'CertificateUntrusted'],
    ['keyless under a private CA', 'keyless3', authority('root.crt'), 'CertificateUntrusted'],
  ])('%s is refused (%s)', (_, name, material, reason, more = {}) => {
    const fixture = openFixture(name);
    const outcomes = proveAll(fixture, claimOn(fixture.subject, material, more));
    expect(outcomes).toMatchObject([{ ok: false, reason }]);
  });

  test.each([
    ['unsigned', undefined],
    ['index-k1', 0],
    ['index-k1', 1],
  ])('%s (child %s) has no signature at all', (name, child) => {
    expect(openFixture(name, child).signatures).toEqual([]);
  });

  test('an .att attestation is not offered for a signature', () => {
    const fixture = openFixture('attest2-slsa1');
    expect(proveAll(fixture, claimOn(fixture.subject, K1))).toEqual([]);
  });
});

describe('what a proof says', () => {
  test('keyless: who, by whose word, since when, where logged', () => {
    const fixture = openFixture('keyless3-tsa');
    const [proof] = proveAll(fixture, claimOn(fixture.subject, keyless(SAN, ISSUER)));
    expect(proof).toMatchObject({
      ok: true,
      identity: SAN,
      issuer: ISSUER,
      signedAt: new Date('2026-11-21T04:06:43Z'),
      timeSource: 'transparency-log',
      logIndex: '4375348',
      notes: [],
    });
    expect(proof).not.toHaveProperty('holdsUntil');
  });

  test('a key: its fingerprint, no time', () => {
    const fixture = openFixture('bundle3-annot');
    const [proof] = proveAll(fixture, claimOn(fixture.subject, K1));
    expect(proof).toMatchObject({
      ok: true,
      signerId: K1.keys[0]?.fingerprint,
      fingerprint: K1.keys[0]?.fingerprint,
      timeSource: 'none',
      annotations: { env: 'prod', team: 'core' },
    });
    expect(proof).not.toHaveProperty('signedAt');
  });

  test('a certificate without proven time: holds until the first certificate of its chain expires', () => {
    const fixture = openFixture('legacy3-cert');
    const [proof] = proveAll(fixture, claimOn(fixture.subject, authority('root.crt')));
    expect(proof).toMatchObject({
      ok: true,
      identity: 'signer@example.com',
      timeSource: 'none',
      holdsUntil: new Date('2046-01-01T00:00:00Z'),
    });
  });

  test('an attestation: its predicate', () => {
    const fixture = openFixture('attest3-slsa1');
    const [proof] = proveAll(fixture, claimOn(fixture.subject, K1, SLSA));
    expect(proof).toMatchObject({ ok: true, predicate: { buildDefinition: { buildType: expect.any(String) } } });
  });

  test('a keyless signature under a key: whose certificate lies beside it', () => {
    const fixture = openFixture('keyless3');
    const [refusal] = proveAll(fixture, claimOn(fixture.subject, K1));
    expect(refusal).toMatchObject({
      ok: false,
      message: expect.stringContaining(`the certificate of "${SAN}" (issuer "${ISSUER}")`),
    });
  });

  test('a bundle by another key: whose it is', () => {
    const fixture = openFixture('neg-otherkey-bundle');
    const [refusal] = proveAll(fixture, claimOn(fixture.subject, K1));
    expect(refusal).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^signed by key SHA256:[\w+/]{43}, which no TrustedKey of this entry holds/),
    });
  });
});
