import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TrustedKey } from '../../../src/api/trusted-key.ts';
import { validateManifest } from '../../../src/api/validate.ts';
import type { Signer, SignerMaterial } from '../../../src/verify/signer.ts';
import { type MaterialLookup, shownRef, trustRootsOf } from '../../../src/verify/trust/material.ts';
import { resolveSigner } from '../../../src/verify/trust/signer.ts';
import { parseTrustedRoot } from '../../../src/verify/trust/trusted-root.ts';

const read = (name: string): string => readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url), 'utf8');
const k1 = read('k1.pub');
const other = read('other.pub');
const root = read('pki/root.crt');
const inter = read('pki/inter.crt');
const trustedRoot = read('trusted_root.json');
const PRIVATE = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';

const objects = new Map([
  ['Secret security/cosign, key cosign.pub', k1],
  ['Secret security/cosign, key cosign.key', PRIVATE],
  ['ConfigMap security/cosign, key ca.crt', root],
  ['ConfigMap security/sigstore, key trusted_root.json', trustedRoot],
  ['ConfigMap security/sigstore, key broken.json', '{}'],
]);

const lookup: MaterialLookup = {
  text(ref) {
    const text = objects.get(shownRef(ref));
    return text === undefined ? { ok: false, message: `${shownRef(ref)} does not exist` } : { ok: true, text };
  },
};

function keyOf(spec: unknown): TrustedKey {
  const object = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'TrustedKey', metadata: { name: 'release' }, spec };
  const result = validateManifest('TrustedKey', object);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

const resolve = (spec: unknown, publicRoot?: string): Signer =>
  resolveSigner(
    keyOf(spec),
    lookup,
    trustRootsOf(lookup, publicRoot === undefined ? {} : { given: parseTrustedRoot(publicRoot) }),
  );

function materialOf<T extends SignerMaterial['type']>(
  type: T,
  spec: unknown,
  publicRoot?: string,
): Extract<SignerMaterial, { type: T }> {
  const signer = resolve(spec, publicRoot);
  if (signer.state !== 'usable') throw new Error(`${signer.reason}: ${signer.message}`);
  if (signer.material.type !== type) throw new Error(signer.material.type);
  return signer.material as Extract<SignerMaterial, { type: T }>;
}

const ref = (key: string, name = 'cosign'): object => ({ namespace: 'security', name, key });
const ignored = { transparencyLog: 'Ignored' };
const exact = { issuer: 'https://issuer.example.com', subject: 'ci@example.com' };

describe('public keys', () => {
  test('from PEM, a Secret and a ConfigMap', () => {
    for (const source of [{ pem: k1 }, { secretRef: ref('cosign.pub') }]) {
      const material = materialOf('publicKey', { publicKey: source, ...ignored });
      expect(material.keys.map((key) => key.algorithm)).toEqual(['ECDSA-P256']);
      expect(material).not.toHaveProperty('trustRoot');
    }
  });

  test('several blocks are versions of one key', () => {
    expect(materialOf('publicKey', { publicKey: { pem: k1 + other }, ...ignored }).keys).toHaveLength(2);
  });

  test('with the log required need a trust root', () => {
    expect(materialOf('publicKey', { publicKey: { pem: k1 } }, trustedRoot).trustRoot?.root.tlogs).toHaveLength(1);
    const source = { publicKey: { pem: k1 }, trustRoot: { configMapRef: ref('trusted_root.json', 'sigstore') } };
    expect(materialOf('publicKey', source).trustRoot?.id).toBe(parseTrustedRoot(trustedRoot).id);
  });

  test('with the log ignored take a trust root where there is one, for timestamps', () => {
    expect(materialOf('publicKey', { publicKey: { pem: k1 }, ...ignored }, trustedRoot).trustRoot).toBeDefined();
  });
});

describe('certificates', () => {
  const certificate = {
    roots: { configMapRef: ref('ca.crt') },
    intermediates: { pem: inter },
    identities: [{ subject: 'ci@example.com' }],
  };

  test('roots, intermediates and identities', () => {
    const material = materialOf('certificate', { certificate, ...ignored });
    expect(material.roots).toHaveLength(1);
    expect(material.intermediates).toHaveLength(1);
    expect(material.identities[0]?.subject?.matches('ci@example.com')).toBe(true);
    expect(material.identities[0]?.issuer).toBeUndefined();
  });

  test('a pattern matches whole subjects only', () => {
    const identities = [{ subjectRegExp: 'ci@example\\.com|release@example\\.com' }];
    const [identity] = materialOf('certificate', {
      certificate: { ...certificate, identities },
      ...ignored,
    }).identities;
    expect(identity?.subject?.matches('release@example.com')).toBe(true);
    expect(identity?.subject?.matches('release@example.com.evil.io')).toBe(false);
    expect(identity?.subject?.matches('ci@example.com.evil.io')).toBe(false);
  });
});

test('keyless: identities with issuer, subject and extensions', () => {
  const identities = [
    { ...exact, extensions: { githubWorkflowRepository: 'acme/app' } },
    { issuerRegExp: 'https://.*', subjectRegExp: '.*' },
  ];
  const material = materialOf('keyless', { keyless: { identities } }, trustedRoot);
  expect(material.identities[0]?.extensions).toEqual({ githubWorkflowRepository: 'acme/app' });
  expect(material.identities[0]?.issuer?.matches('https://issuer.example.com/')).toBe(false);
  expect(material.identities[1]?.issuer?.matches('http://issuer.example.com')).toBe(false);
});

test('notation: stores by type, identities, level and overrides', () => {
  const notation = {
    trustStores: { ca: [{ pem: root }, { configMapRef: ref('ca.crt') }], tsa: [{ pem: root }] },
    trustedIdentities: ['x509.subject: C=US, ST=WA, O=Test'],
    level: 'permissive',
    levelOverrides: { expiry: 'enforce' },
    verifyTimestamp: 'afterCertExpiry',
  };
  const material = materialOf('notation', { notation });
  expect([material.ca.length, material.signingAuthority.length, material.tsa.length]).toEqual([1, 0, 1]);
  expect(material.level).toMatchObject({ authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'enforce' });
  expect(material.verifyTimestamp).toBe('afterCertExpiry');
});

describe('a lifecycle', () => {
  const life = (lifecycle: unknown): Signer => resolve({ publicKey: { pem: k1 }, ...ignored, lifecycle });

  test('is read as dates', () => {
    expect(life({ validFrom: '2026-01-01T00:00:00+01:00', validUntil: '2027-01-01T00:00:00Z' })).toMatchObject({
      lifecycle: {
        state: 'Active',
        validFrom: new Date('2025-12-31T23:00:00Z'),
        validUntil: new Date('2027-01-01T00:00:00Z'),
      },
    });
  });

  test('that is revoked keeps the material, so that its signatures can be named', () => {
    expect(life({ state: 'Revoked' })).toMatchObject({
      state: 'usable',
      lifecycle: { state: 'Revoked' },
      material: { type: 'publicKey' },
    });
  });
});

describe('a signer that cannot be used says what, where and what to do', () => {
  const certificate = { roots: { pem: root }, identities: [{ subject: 'a' }] };
  const identity = 'x509.subject: C=US, ST=WA, O=Test';

  test.each([
    [
      'a missing Secret',
      { publicKey: { secretRef: ref('gone') } },
      'TrustedKeyNotReady',
      'publicKey: Secret security/cosign, key gone does not exist',
    ],
    [
      'a private key in a Secret',
      { publicKey: { secretRef: ref('cosign.key') } },
      'TrustedKeyNotReady',
      'Secret security/cosign, key cosign.key: PEM block 1: expected PUBLIC KEY, found PRIVATE KEY: this is a private key',
    ],
    [
      'a certificate where a key belongs',
      { publicKey: { pem: root } },
      'TrustedKeyNotReady',
      'publicKey.pem: PEM block 1: expected PUBLIC KEY, found CERTIFICATE',
    ],
    [
      'a key where a certificate belongs',
      { certificate: { ...certificate, roots: { pem: k1 } } },
      'TrustedKeyNotReady',
      'certificate.roots.pem: PEM block 1: expected CERTIFICATE, found PUBLIC KEY',
    ],
    [
      'a missing intermediate',
      { certificate: { ...certificate, intermediates: { secretRef: ref('gone') } } },
      'TrustedKeyNotReady',
      'certificate.intermediates: Secret',
    ],
    [
      'a pattern that is none',
      { certificate: { ...certificate, identities: [{ subjectRegExp: 'a)(' }] } },
      'TrustedKeyNotReady',
      'certificate.identities[0].subjectRegExp: regular expression /a)(/: expected RE2 syntax',
    ],
    ['a KMS', { publicKey: { kms: { uri: 'awskms:///a' } } }, 'KmsUnavailable', 'nobody asks key services here'],
    [
      'a trust root for a key that is not there',
      { publicKey: { pem: k1 }, trustRoot: { configMapRef: { namespace: 'a', name: 'b', key: 'c' } } },
      'TrustRootUnavailable',
      'ConfigMap a/b',
    ],
    [
      'no trust root for keyless',
      { keyless: { identities: [exact] }, ...ignored },
      'TrustRootUnavailable',
      '--trusted-root FILE or trustRoot.configMapRef',
    ],
    [
      'a TUF repository',
      {
        publicKey: { pem: k1 },
        trustRoot: { tuf: { mirror: 'https://tuf.example.com', rootRef: { configMapRef: ref('root') } } },
      },
      'TrustRootUnavailable',
      'trustRoot.tuf.rootRef: ConfigMap security/cosign, key root does not exist',
    ],
    [
      'a missing trust root',
      { publicKey: { pem: k1 }, ...ignored, trustRoot: { configMapRef: ref('gone') } },
      'TrustRootUnavailable',
      'ConfigMap security/cosign, key gone does not exist',
    ],
    [
      'a broken trust root',
      { publicKey: { pem: k1 }, trustRoot: { configMapRef: ref('broken.json', 'sigstore') } },
      'TrustRootUnavailable',
      'ConfigMap security/sigstore, key broken.json: mediaType: expected',
    ],
    [
      'a broken store',
      { notation: { trustStores: { ca: [{ pem: root }, { pem: k1 }] }, trustedIdentities: ['*'] } },
      'TrustedKeyNotReady',
      'notation.trustStores.ca[1].pem: PEM block 1',
    ],
    [
      'an identity without organization',
      { notation: { trustStores: { ca: [{ pem: root }] }, trustedIdentities: ['x509.subject: C=US, ST=WA'] } },
      'TrustedKeyNotReady',
      'no O',
    ],
    [
      'identities that overlap',
      { notation: { trustStores: { ca: [{ pem: root }] }, trustedIdentities: [identity, `${identity}, OU=x`] } },
      'TrustedKeyNotReady',
      'do not overlap',
    ],
  ])('%s', (_, spec, reason, message) => {
    const signer = resolve(spec);
    expect(signer).toMatchObject({ state: 'unusable', name: 'release', reason });
    expect(signer.state === 'unusable' ? signer.message : '').toContain(message);
    expect(JSON.stringify(signer)).not.toContain('c2VjcmV0');
  });

  test('a spec of several kinds that went past every check is not ready', () => {
    const key = keyOf({ publicKey: { pem: k1 }, ...ignored });
    const both = { ...key, spec: { ...key.spec, keyless: { identities: [] } } };
    expect(resolveSigner(both, lookup, trustRootsOf(lookup))).toMatchObject({
      state: 'unusable',
      reason: 'TrustedKeyNotReady',
    });
  });
});

describe('the identity of a signer', () => {
  const idOf = (spec: unknown): string => {
    const signer = resolve(spec, trustedRoot);
    return signer.state === 'usable' ? signer.id : `unusable: ${signer.message}`;
  };
  const base = { publicKey: { pem: k1 } };
  const keyless = { keyless: { identities: [exact] } };
  const notation = { trustStores: { ca: [{ pem: root }] }, trustedIdentities: ['*'] };

  test.each([
    ['another key', base, { publicKey: { pem: other } }],
    ['one key more', base, { publicKey: { pem: k1 + other } }],
    ['the log', base, { ...base, ...ignored }],
    ['an identity', keyless, { keyless: { identities: [{ ...exact, subject: 'x' }] } }],
    [
      'a literal made a pattern',
      keyless,
      { keyless: { identities: [{ issuer: exact.issuer, subjectRegExp: exact.subject }] } },
    ],
    ['an extension', keyless, { keyless: { identities: [{ ...exact, extensions: { buildTrigger: 'push' } }] } }],
    ['a level', { notation }, { notation: { ...notation, level: 'audit' } }],
    ['an override', { notation }, { notation: { ...notation, levelOverrides: { revocation: 'skip' } } }],
    [
      'a store',
      { notation },
      { notation: { ...notation, trustStores: { ca: [{ pem: root }], tsa: [{ pem: root }] } } },
    ],
    [
      'trusted identities',
      { notation },
      { notation: { ...notation, trustedIdentities: ['x509.subject: C=US, ST=WA, O=a'] } },
    ],
  ])('changes with %s', (_, one, two) => {
    expect(idOf(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(idOf(two)).toMatch(/^[0-9a-f]{64}$/);
    expect(idOf(one)).not.toBe(idOf(two));
  });

  test.each([
    ['where the key lies', base, { publicKey: { secretRef: ref('cosign.pub') } }],
    ['the order of keys', { publicKey: { pem: k1 + other } }, { publicKey: { pem: other + k1 } }],
    ['the lifecycle, which is judged after proving', base, { ...base, lifecycle: { state: 'Revoked' } }],
  ])('does not change with %s', (_, one, two) => expect(idOf(one)).toBe(idOf(two)));
});
