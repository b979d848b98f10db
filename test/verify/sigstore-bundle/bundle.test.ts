/** Bundles made here: versions, fields, keys and private authorities. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Claim, Outcome } from '../../../src/verify/family.ts';
import { toPublicKey } from '../../../src/verify/keys.ts';
import type { IdentityMatcher, SignerMaterial } from '../../../src/verify/signer.ts';
import { sigstoreBundle } from '../../../src/verify/sigstore-bundle/index.ts';
import { CA, type Issued, openPki, type Pki, SIGNER } from '../../support/pki.ts';
import {
  BODY,
  base64,
  bundle,
  type Company,
  ecKeys,
  openSigstore,
  pae,
  pemOf,
  pemOfKey,
  type Sigstore,
  signed,
  statement,
} from '../sigstore/instance.ts';
import { claimOn, identity, rawOf } from '../sigstore/layout.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const SUBJECT = { digest: DIGEST, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 500 };
const PAYLOAD = statement(DIGEST);
const MESSAGE = pae(PAYLOAD);
const key = ecKeys();
const KEY = toPublicKey(key.publicKey);
const SIGNATURE = signed(MESSAGE, key);
const MATERIAL = { type: 'publicKey', keys: [KEY], transparencyLog: 'Ignored' } as const satisfies SignerMaterial;

let sigstore: Sigstore;
let pki: Pki;
beforeAll(async () => {
  sigstore = await openSigstore();
  pki = openPki();
});
afterAll(() => pki.dispose());

function prove(
  company: Company,
  change: Readonly<Record<string, unknown>> = {},
  material: SignerMaterial = MATERIAL,
  claim: Partial<Claim> = {},
): Outcome {
  return sigstoreBundle.prove(bundle(PAYLOAD, SIGNATURE, company, change), claimOn(SUBJECT, material, claim));
}

function reasonOf(outcome: Outcome): string {
  return outcome.ok ? 'Verified' : outcome.reason;
}

describe('versions and fields', () => {
  const version = (v: string) => ({ mediaType: `application/vnd.dev.sigstore.bundle+json;version=${v}` });

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['v0.3', {}, 'Verified'],
    ['v0.3 in the older spelling', version('0.3'), 'Verified'],
    ['v0.2', version('0.2'), 'Verified'],
    ['v0.1', version('0.1'), 'Verified'],
    ['a version of the future', version('0.9'), 'SignatureInvalid'],
    ['another media type', { mediaType: 'application/json' }, 'SignatureInvalid'],
    ['no media type', { mediaType: undefined }, 'SignatureInvalid'],
    ['no material', { verificationMaterial: undefined }, 'SignatureInvalid'],
    ['no content', { dsseEnvelope: undefined }, 'SignatureInvalid'],
    [
      'two signatures',
      {
        dsseEnvelope: {
          payload: base64(PAYLOAD),
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: base64(SIGNATURE) }, { sig: base64(SIGNATURE) }],
        },
      },
      'SignatureInvalid',
    ],
    [
      'another payload type',
      {
        dsseEnvelope: { payload: base64(PAYLOAD), payloadType: 'text/plain', signatures: [{ sig: base64(SIGNATURE) }] },
      },
      'SignatureInvalid',
    ],
    [
      'a signature over bare bytes',
      {
        dsseEnvelope: undefined,
        messageSignature: {
          messageDigest: { algorithm: 'SHA2_256', digest: base64(Buffer.from('a'.repeat(64), 'hex')) },
          signature: base64(SIGNATURE),
        },
      },
      'SignatureInvalid',
    ],
  ])('%s', (_, change, expected) => {
    expect(reasonOf(prove({}, change))).toBe(expected);
  });

  test('media types of layers, whatever the version', () => {
    const manifestWith = (mediaType: string) => rawOf('sigstore-bundle', mediaType, new Uint8Array()).manifest;
    const recognised = (mediaType: string) => sigstoreBundle.layers(manifestWith(mediaType)).length === 1;
    for (const v of ['0.1', '0.2', '0.3'])
      expect(recognised(`application/vnd.dev.sigstore.bundle+json;version=${v}`)).toBe(true);
    for (const v of ['v0.3', 'v0.4', 'v1.0'])
      expect(recognised(`application/vnd.dev.sigstore.bundle.${v}+json`)).toBe(true);
    expect(recognised('application/vnd.dev.sigstore.bundlex+json')).toBe(false);
    expect(recognised('application/json')).toBe(false);
  });

  test('log entries: v0.3 needs the proof, v0.1 the promise', async () => {
    const { inBundle } = await sigstore.logged(BODY.dsse(PAYLOAD, SIGNATURE, pemOfKey(key.publicKey)));
    const { inclusionProof: _, ...promised } = inBundle;
    const { inclusionPromise: __, ...proven } = inBundle;
    const material: SignerMaterial = { ...MATERIAL, transparencyLog: 'Required', trustRoot: sigstore.trustRoot() };
    const with01 = (log: unknown) =>
      reasonOf(
        prove(
          {},
          { ...version('0.1'), verificationMaterial: { publicKey: { hint: '' }, tlogEntries: [log] } },
          material,
        ),
      );
    expect(with01(promised)).toBe('Verified');
    expect(with01(proven)).toBe('SignatureInvalid');
    expect(reasonOf(prove({ log: [promised] }, {}, material))).toBe('SignatureInvalid');
    // The proof's own index is what it proves; the time beside it is nobody's word.
    expect(prove({ log: [proven] }, {}, material)).toMatchObject({ ok: true, timeSource: 'none', logIndex: '0' });
  });

  test('a trusted root that cannot be used matters only where something rests on it', async () => {
    const trustRoot = sigstore.trustRoot({
      tlogs: [{ publicKey: { rawBytes: 'AAAA', keyDetails: 'PKIX_ED25519' }, logId: { keyId: 'AAAA' } }],
    });
    const { inBundle } = await sigstore.logged(BODY.dsse(PAYLOAD, SIGNATURE, pemOfKey(key.publicKey)));
    expect(reasonOf(prove({}, {}, { ...MATERIAL, trustRoot }))).toBe('Verified');
    expect(reasonOf(prove({ log: [inBundle] }, {}, { ...MATERIAL, trustRoot, transparencyLog: 'Required' }))).toBe(
      'TrustRootUnavailable',
    );
  });

  test('a bundle moved from another image', () => {
    const there = { ...SUBJECT, digest: `sha256:${'b'.repeat(64)}` } as const;
    const outcome = sigstoreBundle.prove(bundle(PAYLOAD, SIGNATURE, {}), claimOn(there, MATERIAL));
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'DigestMismatch',
      message: expect.stringContaining('a'.repeat(64)),
    });
  });

  test.each<[string, () => { publicKey: KeyObject; signature: Buffer }]>([
    ['P-384', () => byCurve('P-384', 'sha384')],
    ['P-521', () => byCurve('P-521', 'sha512')],
    ['Ed25519ph', byEd25519ph],
  ])('a required log entry of a %s signature of cosign 3 (trap 4)', async (_, make) => {
    const { publicKey, signature } = make();
    const { inBundle } = await sigstore.logged(BODY.dsse(PAYLOAD, signature, pemOfKey(publicKey)));
    const material: SignerMaterial = {
      type: 'publicKey',
      keys: [toPublicKey(publicKey)],
      transparencyLog: 'Required',
      trustRoot: sigstore.trustRoot(),
    };
    expect(
      reasonOf(sigstoreBundle.prove(bundle(PAYLOAD, signature, { log: [inBundle] }), claimOn(SUBJECT, material))),
    ).toBe('Verified');
  });

  function byCurve(curve: string, hash: string) {
    const pair = ecKeys(curve);
    return { publicKey: pair.publicKey, signature: signed(MESSAGE, pair, hash) };
  }

  function byEd25519ph() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
    return { publicKey, signature: Buffer.from(ed25519ph.sign(MESSAGE, seed)) };
  }
});

describe('sizes', () => {
  const SBOM = 'https://cyclonedx.org/bom';
  const attested = { demands: { type: 'attestation', predicateType: SBOM } } as const;
  const large = (change: Readonly<Record<string, unknown>> = {}) =>
    statement(DIGEST, { predicateType: SBOM, predicate: { components: 'x'.repeat(1_500_000) }, ...change });

  function proveLarge(payload: Buffer, by = key, claim: Partial<Claim> = attested): Outcome {
    return sigstoreBundle.prove(
      bundle(payload, signed(pae(payload), by), { hint: '' }),
      claimOn(SUBJECT, MATERIAL, claim),
    );
  }

  test('a large attestation is read once it is known whose it is', () => {
    expect(reasonOf(proveLarge(large()))).toBe('Verified');
    expect(reasonOf(proveLarge(large({ predicateType: 'https://spdx.dev/Document' })))).toBe('AttestationMissing');
    expect(reasonOf(proveLarge(Buffer.alloc(1_500_000, '[')))).toBe('SignatureInvalid');
    // By a stranger, what it says is not even read.
    expect(reasonOf(proveLarge(Buffer.alloc(1_500_000, '['), ecKeys()))).toBe('UntrustedSigner');
  });

  test('a large attestation is no signature, also where its type says so', () => {
    expect(reasonOf(proveLarge(large(), key, {}))).toBe('NoSignature');
    expect(reasonOf(proveLarge(large({ predicateType: 'https://sigstore.dev/cosign/sign/v1' }), key, {}))).toBe(
      'NoSignature',
    );
  });
});

describe('hints', () => {
  const foreign = toPublicKey(ecKeys().publicKey);
  test('a wrong hint excludes no key that verifies', () => {
    for (const hint of ['', 'nonsense', foreign.hint]) expect(reasonOf(prove({ hint }))).toBe('Verified');
  });

  test('of a key that is not ours: who signed', () => {
    const material: SignerMaterial = { ...MATERIAL, keys: [toPublicKey(ecKeys().publicKey)] };
    const outcome = prove({ hint: KEY.hint }, {}, material);
    expect(outcome).toMatchObject({
      reason: 'UntrustedSigner',
      message: expect.stringContaining(`signed by key ${KEY.fingerprint}, which no TrustedKey`),
    });
    expect(prove({ hint: '<script>' }, {}, material)).toMatchObject({
      reason: 'UntrustedSigner',
      message: expect.not.stringContaining('script'),
    });
  });

  test('of our key over another payload: altered', () => {
    const outcome = sigstoreBundle.prove(
      bundle(statement(`sha256:${'c'.repeat(64)}`), SIGNATURE, { hint: KEY.hint }),
      claimOn(SUBJECT, MATERIAL),
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'SignatureInvalid' });
  });
});

describe('certificates of a private authority', () => {
  const SAN = [...SIGNER, 'subjectAltName=email:ci@example.com,URI:https://ci.example.com/x'];
  let root: Issued;
  let leaf: Issued;
  beforeAll(() => {
    root = pki.issue({ extensions: [...CA] });
    leaf = pki.issue({ issuer: root, extensions: SAN });
  });

  function proveBy(
    signer: Issued,
    identities: readonly IdentityMatcher[] = [identity('ci@example.com')],
    company: Company = {},
    change: Partial<Extract<SignerMaterial, { type: 'certificate' }>> = {},
  ): Outcome {
    const material: SignerMaterial = {
      type: 'certificate',
      roots: [root.certificate],
      intermediates: [],
      identities,
      transparencyLog: 'Ignored',
      ...change,
    };
    const signature = signed(MESSAGE, { privateKey: signer.key });
    return sigstoreBundle.prove(
      bundle(PAYLOAD, signature, { certificate: signer.certificate.raw, ...company }),
      claimOn(SUBJECT, material),
    );
  }

  test('by any of its names', () => {
    expect(proveBy(leaf)).toMatchObject({
      ok: true,
      identity: 'ci@example.com',
      timeSource: 'none',
      holdsUntil: leaf.certificate.notAfter,
    });
    const [a, b] = [proveBy(leaf), proveBy(leaf, [identity('https://ci.example.com/x')])];
    expect(b).toMatchObject({ ok: true, identity: 'https://ci.example.com/x', signerId: a.ok ? a.signerId : '' });
  });

  test.each<[string, readonly IdentityMatcher[]]>([
    ['another name', [identity('cd@example.com')]],
    ['a part of a name', [identity('ci@example.co')]],
    ['an issuer, which only Fulcio writes', [identity('ci@example.com', 'https://issuer.example.com')]],
    ['nobody', []],
  ])('not by %s', (_, identities) => {
    expect(reasonOf(proveBy(leaf, identities))).toBe('IdentityMismatch');
  });

  test.each<[string, readonly string[]]>([
    [
      'that may not sign code',
      ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth', 'subjectAltName=email:ci@example.com'],
    ],
    ['that names no purpose', ['keyUsage=critical,digitalSignature', 'subjectAltName=email:ci@example.com']],
    ['with a critical extension that nobody knows', [...SAN, '1.2.3.4=critical,ASN1:NULL']],
  ])('no certificate %s', (_, extensions) => {
    expect(reasonOf(proveBy(pki.issue({ issuer: root, extensions })))).toBe('CertificateUntrusted');
  });

  test('an expired certificate counts with a timestamp from within its life, and not without', async () => {
    const expired = pki.issue({ issuer: root, extensions: SAN, from: '20200101000000Z', until: '20210101000000Z' });
    expect(reasonOf(proveBy(expired))).toBe('CertificateExpired');
    const current = pki.issue({ issuer: root, extensions: SAN, until: shortly() });
    const signature = signed(MESSAGE, { privateKey: current.key });
    const stamps = [await sigstore.stamp(signature)];
    const material: SignerMaterial = {
      type: 'certificate',
      roots: [root.certificate],
      intermediates: [],
      identities: [identity('ci@example.com')],
      transparencyLog: 'Ignored',
      trustRoot: sigstore.trustRoot(),
    };
    const later = { now: new Date('2035-01-01T00:00:00Z') };
    const stamped = sigstoreBundle.prove(
      bundle(PAYLOAD, signature, { certificate: current.certificate.raw, stamps }),
      claimOn(SUBJECT, material, later),
    );
    expect(stamped).toMatchObject({ ok: true, timeSource: 'timestamp-authority' });
    expect(stamped).not.toHaveProperty('holdsUntil');
    const bare = sigstoreBundle.prove(
      bundle(PAYLOAD, signature, { certificate: current.certificate.raw }),
      claimOn(SUBJECT, material, later),
    );
    expect(reasonOf(bare)).toBe('CertificateExpired');
  });

  test('with a required log entry', async () => {
    const signature = signed(MESSAGE, { privateKey: leaf.key });
    const { inBundle } = await sigstore.logged(BODY.dsse(PAYLOAD, signature, pemOf(leaf.certificate.raw)));
    const material: SignerMaterial = {
      type: 'certificate',
      roots: [root.certificate],
      intermediates: [],
      identities: [identity('ci@example.com')],
      transparencyLog: 'Required',
      trustRoot: sigstore.trustRoot(),
    };
    const outcomeWith = (log: readonly unknown[]) =>
      sigstoreBundle.prove(
        bundle(PAYLOAD, signature, { certificate: leaf.certificate.raw, log }),
        claimOn(SUBJECT, material),
      );
    expect(outcomeWith([inBundle])).toMatchObject({
      ok: true,
      timeSource: 'transparency-log',
      logIndex: inBundle.logIndex,
    });
    expect(outcomeWith([])).toMatchObject({ ok: false, reason: 'TransparencyLogMissing' });
  });

  const versions = ['bundle+json;version=0.2', 'bundle+json;version=0.3', 'bundle.v0.3+json'];
  test.each(versions)('intermediates that a %s brings may lie between', (version) => {
    const between = pki.issue({ issuer: root, extensions: [...CA] });
    const below = pki.issue({ issuer: between, extensions: SAN });
    expect(reasonOf(proveBy(below))).toBe('CertificateUntrusted');
    expect(reasonOf(proveBy(below, undefined, {}, { intermediates: [between.certificate] }))).toBe('Verified');
    const signature = signed(MESSAGE, { privateKey: below.key });
    const material: SignerMaterial = {
      type: 'certificate',
      roots: [root.certificate],
      intermediates: [],
      identities: [identity('ci@example.com')],
      transparencyLog: 'Ignored',
    };
    const reasonWith = (chain: readonly Issued[], more: object = {}) => {
      const certificates = chain.map(({ certificate }) => ({ rawBytes: base64(certificate.raw) }));
      const change = {
        mediaType: `application/vnd.dev.sigstore.${version}`,
        verificationMaterial: { x509CertificateChain: { certificates }, tlogEntries: [], ...more },
      };
      return reasonOf(sigstoreBundle.prove(bundle(PAYLOAD, signature, {}, change), claimOn(SUBJECT, material)));
    };
    expect(reasonWith([below, between])).toBe('Verified');
    expect(reasonWith([below, between, root])).toBe('Verified');
    // A root that the bundle brings is trusted no more than anything else in it.
    const foreign = pki.issue({ extensions: [...CA] });
    const stranger = pki.issue({ issuer: foreign, extensions: SAN, reuse: below });
    expect(reasonWith([stranger, foreign])).toBe('CertificateUntrusted');
    expect(reasonWith([between, below])).not.toBe('Verified');
    expect(reasonWith([])).toBe('SignatureInvalid');
    expect(reasonWith([below, between], { publicKey: { hint: '' } })).toBe('UntrustedSigner');
  });

  /** openssl's form of a time an hour from now: long enough to be stamped in, over by `later`. */
  function shortly(): string {
    return `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  }
});
