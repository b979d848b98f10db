import { describe, expect, test } from 'vitest';
import { notary } from '../../../src/verify/notary/index.ts';
import {
  AUDIT,
  claimOn,
  type NotationMaterial,
  NOW,
  openFixture,
  PERMISSIVE,
  pkiFile,
  TEST_IDENTITY,
} from './scene.ts';

const root = pkiFile('root.crt');
const OTHER = {
  shown: 'x509.subject: C=US, ST=WA, O=Other',
  attributes: new Map([
    ['C', 'US'],
    ['ST', 'WA'],
    ['O', 'Other'],
  ]),
};

/** Outcome of the only signature of a fixture: `ok` or the reason. */
function judge(
  name: string,
  more: Partial<NotationMaterial> = {},
  rest: { now?: Date; annotations?: Record<string, string> } = {},
) {
  const { subject, signatures } = openFixture(name);
  expect(signatures).toHaveLength(1);
  return notary.prove(signatures[0]!, claimOn(subject, more, rest));
}

describe('the fixtures of the real notation', () => {
  test.each<[string, string, Partial<NotationMaterial>, Parameters<typeof judge>[2], string]>([
    ['JWS with ES256', 'notation-jws', {}, {}, 'ok'],
    ['JWS with the metadata that is asked for', 'notation-jws', {}, { annotations: { env: 'prod' } }, 'ok'],
    ['JWS with other metadata', 'notation-jws', {}, { annotations: { env: 'dev' } }, 'AnnotationMismatch'],
    ['JWS without this metadata', 'notation-jws', {}, { annotations: { team: 'core' } }, 'AnnotationMismatch'],
    ['JWS by another identity', 'notation-jws', { trustedIdentities: [OTHER] }, {}, 'IdentityMismatch'],
    ['JWS by one of two identities', 'notation-jws', { trustedIdentities: [OTHER, TEST_IDENTITY] }, {}, 'ok'],
    ['JWS by anyone below the root', 'notation-jws', { trustedIdentities: '*' }, {}, 'ok'],
    ['JWS by nobody who is trusted', 'notation-jws', { trustedIdentities: [] }, {}, 'IdentityMismatch'],
    [
      'JWS with the root in another kind of store',
      'notation-jws',
      { ca: [], signingAuthority: root },
      {},
      'CertificateUntrusted',
    ],
    ['JWS with the leaf itself in the store', 'notation-jws', { ca: pkiFile('leaf.crt') }, {}, 'ok'],
    ['JWS with PS256', 'notation-jws-rsa', {}, {}, 'ok'],
    ['COSE with ES256', 'notation-cose', {}, { annotations: { env: 'prod' } }, 'ok'],
    ['COSE with other metadata', 'notation-cose', {}, { annotations: { env: 'dev' } }, 'AnnotationMismatch'],
    ['COSE with an expiry, before it', 'notation-cose-expiry', {}, {}, 'ok'],
    [
      'COSE with an expiry, after it',
      'notation-cose-expiry',
      {},
      { now: new Date('2026-11-25T00:00:00Z') },
      'SignatureExpired',
    ],
    [
      'COSE with an expiry, after it, at level permissive',
      'notation-cose-expiry',
      { level: PERMISSIVE },
      { now: new Date('2026-11-25T00:00:00Z') },
      'ok',
    ],
    ['JWS with a timestamp, and its store', 'notation-jws-tsa', { tsa: root }, {}, 'ok'],
    [
      'JWS with a timestamp of an authority that is not trusted',
      'notation-jws-tsa',
      { tsa: pkiFile('root2.crt') },
      {},
      'TimestampMissing',
    ],
    ['JWS without a timestamp, with a store that demands one', 'notation-jws', { tsa: root }, {}, 'TimestampMissing'],
    [
      'the same, where one is needed after expiry only',
      'notation-jws',
      { tsa: root, verifyTimestamp: 'afterCertExpiry' },
      {},
      'ok',
    ],
    ['expired leaf with a timestamp, and its store', 'notation-jws-tsa-expiredcert', { tsa: root }, {}, 'ok'],
    [
      'the same, looked at after expiry only',
      'notation-jws-tsa-expiredcert',
      { tsa: root, verifyTimestamp: 'afterCertExpiry' },
      {},
      'ok',
    ],
    ['expired leaf with a timestamp, without a store', 'notation-jws-tsa-expiredcert', {}, {}, 'CertificateExpired'],
    ['expired leaf without a timestamp', 'neg-notation-expired-cert', {}, {}, 'CertificateExpired'],
    ['the same, with a store', 'neg-notation-expired-cert', { tsa: root }, {}, 'TimestampMissing'],
    ['the same, at level permissive', 'neg-notation-expired-cert', { level: PERMISSIVE }, {}, 'ok'],
    ['tampered JWS', 'neg-notation-tampered', {}, {}, 'SignatureInvalid'],
    ['tampered JWS, at level audit', 'neg-notation-tampered', { level: AUDIT }, {}, 'SignatureInvalid'],
    ['an unknown authority', 'neg-notation-untrusted-ca', {}, {}, 'CertificateUntrusted'],
    ['the same, at level permissive', 'neg-notation-untrusted-ca', { level: PERMISSIVE }, {}, 'CertificateUntrusted'],
    ['the same, at level audit', 'neg-notation-untrusted-ca', { level: AUDIT }, {}, 'ok'],
  ])('%s: %s', (_, name, more, rest, expected) => {
    const outcome = judge(name, more, rest);
    expect(outcome.ok ? 'ok' : outcome.reason).toBe(expected);
  });

  test('a signature that was moved to another image', () => {
    const [signature] = openFixture('notation-jws').signatures;
    const { subject } = openFixture('notation-cose');
    const moved = notary.prove(signature!, claimOn({ ...subject, digest: `sha256:${'0'.repeat(64)}` }));
    expect(moved).toMatchObject({ ok: false, reason: 'DigestMismatch' });
    expect(notary.prove(signature!, claimOn({ ...openFixture('notation-jws').subject, size: 1 }))).toMatchObject({
      reason: 'DigestMismatch',
    });
    expect(
      notary.prove(signature!, claimOn({ ...openFixture('notation-jws').subject, mediaType: 'application/json' })),
    ).toMatchObject({ reason: 'DigestMismatch' });
  });
});

describe('the proof says', () => {
  test('who signed, and until when it holds where no time is proven', () => {
    const proof = judge('notation-jws');
    const leaf = pkiFile('leaf.crt')[0]!;
    expect(proof).toMatchObject({
      ok: true,
      signerId: `x509:${root[0]!.fingerprint256}:CN=leaf,O=Test,ST=WA,C=US`,
      fingerprint: expect.stringMatching(/^SHA256:[\w+/]{43}$/),
      identity: 'CN=leaf,O=Test,ST=WA,C=US',
      timeSource: 'none',
      annotations: { env: 'prod' },
      holdsUntil: new Date(Math.min(leaf.notAfter.getTime(), root[0]!.notAfter.getTime())),
    });
    expect(proof).not.toHaveProperty('signedAt');
  });

  test('the proven time, which makes it hold for good', () => {
    const proof = judge('notation-jws-tsa', { tsa: root });
    expect(proof).toMatchObject({ timeSource: 'timestamp-authority', signedAt: new Date('2026-11-21T04:25:49Z') });
    expect(proof).not.toHaveProperty('holdsUntil');
  });

  test('the expiry, where that comes first', () => {
    const { holdsUntil } = judge('notation-cose-expiry');
    expect(holdsUntil!.toISOString()).toMatch(/^2026-11-22T04:08/);
  });

  test('that revocation was not checked, unless the level skips it', () => {
    expect(judge('notation-jws')).toMatchObject({ notes: ['revocation: not checked'] });
    const level = { ...PERMISSIVE, revocation: 'skip' as const };
    expect(judge('notation-jws', { level })).toMatchObject({ notes: [] });
  });

  test('what was logged and not enforced', () => {
    const proof = judge('neg-notation-untrusted-ca', { level: AUDIT });
    expect(proof).toMatchObject({
      notes: [expect.stringMatching(/^authenticity: logged, not enforced: .*CN=/), 'revocation: not checked'],
    });
    const late = judge('neg-notation-expired-cert', { level: PERMISSIVE });
    expect(late).toMatchObject({
      timeSource: 'none',
      notes: [expect.stringMatching(/^authenticTimestamp: logged, not enforced: .*expired/), 'revocation: not checked'],
    });
  });

  test('the same in every pass', () => {
    expect(judge('notation-jws-tsa', { tsa: root })).toEqual(judge('notation-jws-tsa', { tsa: root }));
    const messages = [NOW, new Date('2026-12-21T00:00:00Z')].map((now) =>
      judge('neg-notation-expired-cert', {}, { now }),
    );
    expect(messages[0]).toEqual(messages[1]);
  });
});

describe('layers', () => {
  const [signature] = openFixture('notation-jws').signatures;
  const manifest = signature!.manifest;
  const { config, ...bare } = manifest;
  test.each([
    ['by the type of the config', manifest, 1],
    ['by artifactType', { ...bare, artifactType: 'application/vnd.cncf.notary.signature' }, 1],
    [
      'not of another artifactType, whatever the config says',
      { ...manifest, artifactType: 'application/vnd.other' },
      0,
    ],
    ['not without either', bare, 0],
    ['not of two layers', { ...manifest, layers: [...manifest.layers, ...manifest.layers] }, 0],
    [
      'not of another media type',
      { ...manifest, layers: [{ ...manifest.layers[0]!, mediaType: 'application/json' }] },
      0,
    ],
  ])('%s', (_, found, count) => {
    expect(config?.mediaType).toBe('application/vnd.cncf.notary.signature');
    expect(notary.layers(found)).toHaveLength(count);
  });
});
