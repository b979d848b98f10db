/** Keyless bundles made here: proof of time by log and timestamp authority, identities, Fulcio's chain. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Claim, Outcome } from '../../../src/verify/family.ts';
import type { IdentityMatcher, SignerMaterial } from '../../../src/verify/signer.ts';
import { sigstoreBundle } from '../../../src/verify/sigstore-bundle/index.ts';
import {
  BODY,
  base64,
  bundle,
  type Company,
  ecKeys,
  type KeyPair,
  openSigstore,
  pae,
  pemOf,
  type Sigstore,
  signed,
  statement,
} from './instance.ts';
import { claimOn, identity } from './layout.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const SUBJECT = { digest: DIGEST, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 500 };
const SAN = 'https://github.com/acme/app/.github/workflows/release.yaml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
const CLOCK = new Date(Date.now() + 60_000);
const EXTENSIONS = [
  { oid: '1.3.6.1.4.1.57264.1.8', value: ISSUER },
  { oid: '1.3.6.1.4.1.57264.1.5', value: 'acme/app', legacy: true },
  { oid: '1.3.6.1.4.1.57264.1.12', value: 'https://github.com/acme/app' },
];

let sigstore: Sigstore;
let keys: KeyPair;
let certificate: Buffer;
const payload = statement(DIGEST);
const message = pae(payload);
let signature: Buffer;

beforeAll(async () => {
  // The mock's roots are valid from the moment of their making for a year, whatever the clock says: so is the clock here.
  sigstore = await openSigstore({ clock: CLOCK });
  keys = ecKeys();
  certificate = await sigstore.certificate(keys.publicKey, SAN, EXTENSIONS);
  signature = signed(message, keys);
});

function keyless(change: Partial<Extract<SignerMaterial, { type: 'keyless' }>> = {}): SignerMaterial {
  return {
    type: 'keyless',
    identities: [identity(SAN, ISSUER)],
    transparencyLog: 'Ignored',
    trustRoot: sigstore.trustRoot(),
    ...change,
  };
}

function prove(company: Company, material: SignerMaterial = keyless(), more: Partial<Claim> = {}): Outcome {
  return sigstoreBundle.prove(
    bundle(payload, signature, { certificate, ...company }),
    claimOn(SUBJECT, material, more),
  );
}

const REQUIRED = { transparencyLog: 'Required' } as const;

describe('what proves the time and the log', () => {
  test('a Rekor v1 entry proves both', async () => {
    const { inBundle } = await sigstore.logged(BODY.dsse(payload, signature, pemOf(certificate)));
    expect(prove({ log: [inBundle] }, keyless(REQUIRED))).toMatchObject({
      ok: true,
      timeSource: 'transparency-log',
      logIndex: inBundle.logIndex,
      identity: SAN,
      issuer: ISSUER,
    });
  });

  test('a Rekor v2 entry proves the log, a timestamp the time', async () => {
    const verifier = { x509Certificate: { rawBytes: base64(certificate) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
    for (const body of [BODY.hashedrekordV2(message, signature, verifier), BODY.dsseV2(payload, signature, verifier)]) {
      const log = [await sigstore.loggedV2(body)];
      expect(prove({ log, stamps: [await sigstore.stamp(signature)] }, keyless(REQUIRED))).toMatchObject({
        ok: true,
        timeSource: 'timestamp-authority',
        logIndex: '0',
      });
      expect(prove({ log }, keyless(REQUIRED))).toMatchObject({ ok: false, reason: 'TimestampMissing' });
    }
  });

  test('a timestamp alone is enough where the log is ignored, and not where it is required', async () => {
    const stamps = [await sigstore.stamp(signature)];
    expect(prove({ stamps })).toMatchObject({ ok: true, timeSource: 'timestamp-authority', notes: [] });
    expect(prove({ stamps }, keyless(REQUIRED))).toMatchObject({ ok: false, reason: 'TransparencyLogMissing' });
  });

  test('neither log nor timestamp is no proof, even while the certificate is valid', () => {
    const now = new Date(Date.now() + 120_000);
    expect(prove({}, keyless(), { now })).toMatchObject({ ok: false, reason: 'TimestampMissing' });
    expect(prove({}, keyless(REQUIRED), { now })).toMatchObject({ ok: false, reason: 'TransparencyLogMissing' });
  });

  test('a certificate that expired long ago was valid when it signed', async () => {
    const { inBundle } = await sigstore.logged(BODY.dsse(payload, signature, pemOf(certificate)));
    expect(prove({ log: [inBundle] }, keyless(REQUIRED), { now: new Date('2060-01-01T00:00:00Z') })).toMatchObject({
      ok: true,
    });
  });

  test('a certificate that was not valid at the proven time', async () => {
    const later = await openSigstore({ clock: new Date(Date.now() + 3_600_000) });
    const trustRoot = sigstore.trustRoot({ tlogs: later.trustedRoot.tlogs });
    const { inBundle } = await later.logged(BODY.dsse(payload, signature, pemOf(certificate)));
    expect(prove({ log: [inBundle] }, keyless({ ...REQUIRED, trustRoot }))).toMatchObject({
      ok: false,
      reason: 'CertificateExpired',
      // Fulcio's certificates have no subject: they are named by what they have.
      message: expect.stringContaining(SAN),
    });
  });

  test('a broken entry beside a timestamp is left aside and said so', async () => {
    const { inBundle } = await sigstore.logged(BODY.dsse(payload, signed(message, keys), pemOf(certificate)));
    const outcome = prove({ log: [inBundle], stamps: [await sigstore.stamp(signature)] });
    expect(outcome).toMatchObject({
      ok: true,
      timeSource: 'timestamp-authority',
      notes: [expect.stringContaining('transparency-log entry does not verify')],
    });
    expect(outcome).not.toHaveProperty('logIndex');
  });

  test('a timestamp of other bytes, or by a stranger, proves nothing', async () => {
    const stranger = await openSigstore();
    for (const stamp of [
      await sigstore.stamp(message),
      await stranger.stamp(signature, true),
      Buffer.from('3003020100', 'hex'),
    ]) {
      expect(prove({ stamps: [stamp] })).toMatchObject({ ok: false, reason: 'TimestampMissing' });
    }
  });
});

describe('log entries that do not record this signature', () => {
  test.each<[string, () => Promise<unknown>]>([
    [
      'an entry of another signature',
      async () => (await sigstore.logged(BODY.dsse(payload, signed(message, ecKeys()), pemOf(certificate)))).inBundle,
    ],
    [
      'an entry of another payload',
      async () =>
        (await sigstore.logged(BODY.dsse(statement(`sha256:${'b'.repeat(64)}`), signature, pemOf(certificate))))
          .inBundle,
    ],
    [
      'an entry that records another certificate of the same key',
      async () =>
        (
          await sigstore.logged(
            BODY.dsse(
              payload,
              signature,
              pemOf(await sigstore.certificate(keys.publicKey, 'https://other.example.com')),
            ),
          )
        ).inBundle,
    ],
    [
      'an entry of a log that nobody trusts',
      async () => (await (await openSigstore()).logged(BODY.dsse(payload, signature, pemOf(certificate)))).inBundle,
    ],
    ['an entry with another time', async () => ({ ...(await entry()), integratedTime: '1' })],
    ['an entry with another index', async () => ({ ...(await entry()), logIndex: '1' })],
    [
      'an entry whose promise is of another entry',
      async () => ({ ...(await entry()), inclusionPromise: (await entry()).inclusionPromise }),
    ],
    [
      'an entry whose checkpoint is of another entry',
      async () => ({
        ...(await entry()),
        inclusionProof: {
          ...(await entry()).inclusionProof,
          checkpoint: (await entry(signed(message, keys))).inclusionProof.checkpoint,
        },
      }),
    ],
    [
      'an entry of an unknown kind',
      async () => (await sigstore.logged({ kind: 'rekord', apiVersion: '0.0.1', spec: {} })).inBundle,
    ],
    [
      'an entry with a huge number',
      async () => ({
        ...(await entry()),
        inclusionProof: { ...(await entry()).inclusionProof, logIndex: '9'.repeat(100_000) },
      }),
    ],
  ])('%s', async (_, make) => {
    const outcome = prove({ log: [await make()], stamps: [await sigstore.stamp(signature)] }, keyless(REQUIRED));
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'TransparencyLogMissing',
      message: expect.stringContaining('its transparency-log entry does not verify'),
    });
  });

  test('more entries than any honest signature brings', async () => {
    expect(prove({ log: Array.from({ length: 9 }, () => undefined).map(() => PLACEHOLDER) })).toMatchObject({
      ok: false,
      reason: 'SignatureInvalid',
    });
  });

  async function entry(of = signature) {
    return (await sigstore.logged(BODY.dsse(payload, of, pemOf(certificate)))).inBundle;
  }
  const PLACEHOLDER = {
    logIndex: '1',
    logId: { keyId: 'AAAA' },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: '1',
    inclusionProof: { logIndex: '0', treeSize: '1', rootHash: 'AAAA', hashes: [], checkpoint: { envelope: 'x' } },
    canonicalizedBody: 'AAAA',
  };
});

describe('identities', () => {
  const matching = (source: string) => ({
    shown: `/${source}/`,
    matches: (text: string) => new RegExp(`^(?:${source})$`).test(text),
  });

  test.each<[string, readonly IdentityMatcher[], boolean]>([
    ['subject and issuer, exactly', [identity(SAN, ISSUER)], true],
    ['the second of two', [identity('nobody', ISSUER), identity(SAN, ISSUER)], true],
    ['a part of the subject', [identity('https://github.com/acme/app', ISSUER)], false],
    ['a part of the issuer', [identity(SAN, 'https://token.actions')], false],
    [
      'a regular expression for the whole subject',
      [{ subject: matching('https://github\\.com/acme/.*'), issuer: matching('https://token\\..*'), extensions: {} }],
      true,
    ],
    ['a regular expression for a part', [{ subject: matching('acme'), extensions: {} }], false],
    ['an extension in bare text', [identity(SAN, ISSUER, { githubWorkflowRepository: 'acme/app' })], true],
    ['an extension in DER', [identity(SAN, ISSUER, { sourceRepositoryURI: 'https://github.com/acme/app' })], true],
    ['an extension with another value', [identity(SAN, ISSUER, { githubWorkflowRepository: 'acme/app2' })], false],
    ['an extension that is not there', [identity(SAN, ISSUER, { githubWorkflowRef: '' })], false],
    ['an extension that nobody knows', [identity(SAN, ISSUER, { constructor: 'x' })], false],
    ['subject of one identity and issuer of another', [identity(SAN, 'x'), identity('x', ISSUER)], false],
    ['no identity at all', [], false],
    ['an identity that demands nothing', [identity()], false],
  ])('%s', async (_, identities, accepted) => {
    const outcome = prove({ stamps: [await sigstore.stamp(signature)] }, keyless({ identities }));
    expect(outcome.ok ? 'Verified' : outcome.reason).toBe(accepted ? 'Verified' : 'IdentityMismatch');
  });

  test('the issuer of an old certificate, in bare text', async () => {
    const old = await sigstore.certificate(keys.publicKey, SAN, [
      { oid: '1.3.6.1.4.1.57264.1.1', value: ISSUER, legacy: true },
    ]);
    expect(prove({ certificate: old, stamps: [await sigstore.stamp(signature)] })).toMatchObject({
      ok: true,
      issuer: ISSUER,
    });
  });

  test('an issuer in bare text under the OID that wants DER is none', async () => {
    const odd = await sigstore.certificate(keys.publicKey, SAN, [
      { oid: '1.3.6.1.4.1.57264.1.8', value: ISSUER, legacy: true },
    ]);
    expect(prove({ certificate: odd, stamps: [await sigstore.stamp(signature)] })).toMatchObject({
      ok: false,
      reason: 'IdentityMismatch',
    });
  });

  test('control characters of a subject do not reach the message', async () => {
    const odd = await sigstore.certificate(keys.publicKey, 'https://x\u001b[2J', EXTENSIONS);
    const outcome = prove({ certificate: odd, stamps: [await sigstore.stamp(signature)] });
    expect(outcome).toMatchObject({ ok: false });
    expect(JSON.stringify(outcome)).not.toContain('\u001b');
  });
});

describe("Fulcio's chain", () => {
  test('a certificate of another Fulcio', async () => {
    const stranger = await openSigstore();
    const foreign = await stranger.certificate(keys.publicKey, SAN, EXTENSIONS);
    expect(prove({ certificate: foreign, stamps: [await sigstore.stamp(signature)] })).toMatchObject({
      ok: false,
      reason: 'CertificateUntrusted',
    });
    // Also where nothing proves a time: whose it is tells more than what it lacks.
    expect(prove({ certificate: foreign })).toMatchObject({ ok: false, reason: 'CertificateUntrusted' });
  });

  test('an authority that was not trusted yet when it signed', async () => {
    const [authority] = sigstore.trustedRoot.certificateAuthorities;
    const trustRoot = sigstore.trustRoot({
      certificateAuthorities: [{ ...authority, validFor: { start: '2100-01-01T00:00:00Z' } }],
    });
    expect(prove({ stamps: [await sigstore.stamp(signature)] }, keyless({ trustRoot }))).toMatchObject({
      ok: false,
      reason: 'CertificateUntrusted',
    });
  });

  test('a certificate that no CT log saw', async () => {
    const dark = await openSigstore({ scts: false, clock: CLOCK });
    const unseen = await dark.certificate(keys.publicKey, SAN, EXTENSIONS);
    const trustRoot = sigstore.trustRoot({ certificateAuthorities: dark.trustedRoot.certificateAuthorities });
    expect(
      prove({ certificate: unseen, stamps: [await sigstore.stamp(signature)] }, keyless({ trustRoot })),
    ).toMatchObject({
      ok: false,
      reason: 'CertificateUntrusted',
      message: expect.stringContaining('no signed certificate timestamp'),
    });
  });

  test('a certificate that only an unknown CT log saw', async () => {
    const trustRoot = sigstore.trustRoot({ ctlogs: [] });
    expect(prove({ stamps: [await sigstore.stamp(signature)] }, keyless({ trustRoot }))).toMatchObject({
      ok: false,
      reason: 'CertificateUntrusted',
    });
  });

  test('a certificate of another key than the one that signed', async () => {
    const other = await sigstore.certificate(ecKeys().publicKey, SAN, EXTENSIONS);
    expect(prove({ certificate: other, stamps: [await sigstore.stamp(signature)] })).toMatchObject({
      ok: false,
      reason: 'SignatureInvalid',
    });
  });

  test('a validity without a start is no validity without bounds', async () => {
    const [log] = sigstore.trustedRoot.tlogs;
    const trustRoot = sigstore.trustRoot({ tlogs: [{ ...log, publicKey: { ...log?.publicKey, validFor: {} } }] });
    const outcome = prove({ stamps: [await sigstore.stamp(signature)] }, keyless({ trustRoot }));
    expect(outcome).toMatchObject({ ok: false, reason: 'TrustRootUnavailable' });
  });

  test('a trusted root that cannot be used is no rejection', async () => {
    const trustRoot = sigstore.trustRoot({
      certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: 'AAAA' }] } }],
    });
    expect(prove({ stamps: [await sigstore.stamp(signature)] }, keyless({ trustRoot }))).toMatchObject({
      ok: false,
      reason: 'TrustRootUnavailable',
    });
  });
});

test('two certificates of one holder are one signer, of two holders two', async () => {
  const again = await sigstore.certificate(ecKeys().publicKey, SAN, EXTENSIONS);
  expect(again).not.toEqual(certificate);
  const other = await sigstore.certificate(keys.publicKey, `${SAN}2`, EXTENSIONS);
  const renewed = await sigstore.certificate(keys.publicKey, SAN, EXTENSIONS);
  const stamps = [await sigstore.stamp(signature)];
  const idOf = (outcome: Outcome) => (outcome.ok ? outcome.signerId : outcome.message);
  const any = keyless({ identities: [{ subject: { shown: '/.*/', matches: () => true }, extensions: {} }] });
  expect(idOf(prove({ certificate: renewed, stamps }, any))).toBe(idOf(prove({ stamps }, any)));
  expect(idOf(prove({ certificate: other, stamps }, any))).not.toBe(idOf(prove({ stamps }, any)));
});
