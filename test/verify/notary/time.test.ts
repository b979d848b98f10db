import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notary } from '../../../src/verify/notary/index.ts';
import { CA, type Issued, TSA } from '../../support/pki.ts';
import { stamp, type Stamp } from '../../support/tsa.ts';
import { CODE, type NotationMaterial, openWorkshop, PERMISSIVE, rawOf } from './scene.ts';

const HOUR = 3_600_000;
let shop: ReturnType<typeof openWorkshop>;
let authorityRoot: Issued;
let authority: Issued;
beforeAll(() => {
  shop = openWorkshop();
  authorityRoot = shop.pki.issue({ subject: '/CN=TSA root', extensions: CA });
  authority = shop.pki.issue({ subject: '/CN=TSA', extensions: TSA, issuer: authorityRoot });
});
afterAll(() => shop.dispose());

/** UTC as openssl takes it. */
const at = (offset: number) => new Date(Date.now() + offset).toISOString().replaceAll(/[-:T]|\.\d+/gu, '');

/** An envelope by `signer`, stamped now over `message`, or over its own signature. */
function stamped(signer: Issued, order: Partial<Stamp> = {}): Uint8Array {
  const plain = JSON.parse(Buffer.from(shop.jws({ signer })).toString()) as { signature: string; header: object };
  const token = stamp(shop.pki, { by: authority, message: Buffer.from(plain.signature, 'base64url'), ...order });
  const header = { ...plain.header, 'io.cncf.notary.timestampSignature': Buffer.from(token).toString('base64') };
  return Buffer.from(JSON.stringify({ ...plain, header }));
}

function judge(envelope: Uint8Array, more: Partial<NotationMaterial> = {}, now = new Date()): string {
  const outcome = notary.prove(rawOf(envelope), shop.trust({ tsa: [authorityRoot.certificate], ...more }, { now }));
  return outcome.ok ? `ok ${outcome.timeSource}` : `${outcome.reason}: ${outcome.message}`;
}

describe('a timestamp', () => {
  test('proves the time for good: years later the certificates may have expired', () => {
    expect(judge(stamped(shop.signer))).toBe('ok timestamp-authority');
    expect(judge(stamped(shop.signer), {}, new Date('2099-01-01T00:00:00Z'))).toBe('ok timestamp-authority');
    expect(judge(stamped(shop.signer), { verifyTimestamp: 'afterCertExpiry' }, new Date('2099-01-01T00:00:00Z'))).toBe(
      'ok timestamp-authority',
    );
  });

  test('is not looked at before expiry where the policy says so', () => {
    expect(judge(stamped(shop.signer), { verifyTimestamp: 'afterCertExpiry' })).toBe('ok none');
    const forged = stamped(shop.signer, { message: Buffer.from('other') });
    expect(judge(forged, { verifyTimestamp: 'afterCertExpiry' })).toBe('ok none');
    expect(judge(forged)).toMatch(/^TimestampMissing: timestamp: it stamps other bytes/);
  });

  test.each<[string, () => string, RegExp]>([
    [
      'when the certificate had expired',
      () =>
        judge(
          stamped(
            shop.pki.issue({ subject: '/C=US/ST=WA/O=Test', extensions: CODE, issuer: shop.root, until: at(-HOUR) }),
          ),
        ),
      /^CertificateExpired: .*outside of that/,
    ],
    [
      'when the certificate was not yet valid',
      () =>
        judge(
          stamped(
            shop.pki.issue({ subject: '/C=US/ST=WA/O=Test', extensions: CODE, issuer: shop.root, from: at(HOUR) }),
          ),
        ),
      /^CertificateExpired: .*not valid before/,
    ],
    [
      'so vaguely that it may be after the expiry',
      () =>
        judge(
          stamped(
            shop.pki.issue({ subject: '/C=US/ST=WA/O=Test', extensions: CODE, issuer: shop.root, until: at(HOUR) }),
            { options: { accuracy: 'secs:7200' } },
          ),
        ),
      /^CertificateExpired/,
    ],
    [
      'bound by signing-certificate only',
      () => judge(stamped(shop.signer, { options: { ess_cert_id_alg: 'sha1' } })),
      /^TimestampMissing: .*signing-certificate-v2/,
    ],
    [
      'by an authority that is trusted for signing only',
      () => judge(stamped(shop.signer), { tsa: [shop.root.certificate] }),
      /^TimestampMissing: .*not trusted/,
    ],
    [
      'by a certificate without keyUsage',
      () => judge(stamped(shop.signer, { by: shop.pki.issue({ extensions: [TSA[1]], issuer: authorityRoot }) })),
      /^TimestampMissing: timestamp: .*keyUsage lacks digitalSignature/,
    ],
  ])('is of no use %s', (_, ask, expected) => {
    expect(ask()).toMatch(expected);
  });

  test('of no use is logged at level permissive, and the proof has no time then', () => {
    const forged = stamped(shop.signer, { message: Buffer.from('other') });
    const outcome = notary.prove(rawOf(forged), shop.trust({ tsa: [authorityRoot.certificate], level: PERMISSIVE }));
    expect(outcome).toMatchObject({
      ok: true,
      timeSource: 'none',
      notes: [expect.stringMatching(/^authenticTimestamp: logged, not enforced: timestamp/), 'revocation: not checked'],
    });
    expect(outcome).not.toHaveProperty('signedAt');
  });

  test('is not looked at where the level skips the step', () => {
    const level = { ...PERMISSIVE, authenticTimestamp: 'skip' as const };
    expect(judge(stamped(shop.signer, { message: Buffer.from('other') }), { level })).toBe('ok none');
  });
});

describe('without a timestamp', () => {
  test('a certificate that is not yet valid refuses until it is', () => {
    const signer = shop.pki.issue({
      subject: '/C=US/ST=WA/O=Test',
      extensions: CODE,
      issuer: shop.root,
      from: '20350101000000Z',
    });
    expect(notary.prove(rawOf(shop.jws({ signer })), shop.trust())).toMatchObject({
      ok: false,
      reason: 'CertificateExpired',
      holdsUntil: new Date('2035-01-01T00:00:00Z'),
    });
  });

  test('an expired root counts as an expired leaf does', () => {
    const root = shop.pki.issue({ subject: '/CN=Old', extensions: CA, until: '20250101000000Z' });
    const signer = shop.pki.issue({ subject: '/C=US/ST=WA/O=Test', extensions: CODE, issuer: root });
    const outcome = notary.prove(
      rawOf(shop.jws({ signer, chain: [signer, root] })),
      shop.trust({ ca: [root.certificate] }),
    );
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'CertificateExpired',
      message: expect.stringContaining('"CN=Old" expired at 2025-01-01'),
    });
  });
});
