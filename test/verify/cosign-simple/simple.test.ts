/** Simple signing, payloads and companies made here: what the fixtures of the real cosign do not hold. */
import { beforeAll, describe, expect, test } from 'vitest';
import { cosignSimple } from '../../../src/verify/cosign-simple/index.ts';
import type { Claim, Outcome } from '../../../src/verify/family.ts';
import { toPublicKey } from '../../../src/verify/keys.ts';
import type { SignerMaterial } from '../../../src/verify/signer.ts';
import { BODY, base64, ecKeys, openSigstore, pemOf, pemOfKey, type Sigstore, signed } from '../sigstore/instance.ts';
import { claimOn, identity, rawOf } from '../sigstore/layout.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const SUBJECT = { digest: DIGEST, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 500 };
const LAYER = 'application/vnd.dev.cosign.simplesigning.v1+json';
const key = ecKeys();
const MATERIAL = {
  type: 'publicKey',
  keys: [toPublicKey(key.publicKey)],
  transparencyLog: 'Ignored',
} as const satisfies SignerMaterial;
const TYPE = 'cosign container image signature';
const GOOD = `{"critical":{"identity":{"docker-reference":"registry.example.com/app"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"${TYPE}"},"optional":{"env":"prod","creator":"me","build":7}}`;

let sigstore: Sigstore;
beforeAll(async () => {
  sigstore = await openSigstore();
});

function prove(
  payload: string,
  annotations: Readonly<Record<string, string>> = {},
  claim: Partial<Claim> = {},
  material: SignerMaterial = MATERIAL,
): Outcome {
  const bytes = Buffer.from(payload);
  const raw = rawOf('cosign-simple', LAYER, bytes, {
    'dev.cosignproject.cosign/signature': base64(signed(bytes, key)),
    ...annotations,
  });
  return cosignSimple.prove(raw, claimOn(SUBJECT, material, claim));
}

describe('payloads under a valid signature', () => {
  test.each<[string, string, string]>([
    ['as cosign writes it', GOOD, 'Verified'],
    ['without optional', GOOD.replace(/,"optional".*$/, '}'), 'Verified'],
    ['optional null', GOOD.replace(/"optional".*$/, '"optional":null}'), 'Verified'],
    ['white space and unknown keys', GOOD.replace('"optional"', ' "later": [1], "optional"'), 'Verified'],
    [
      'another repository: copies keep their signatures',
      GOOD.replace('registry.example.com/app', 'mirror.example.com/x'),
      'Verified',
    ],
    ['another digest', GOOD.replaceAll('a'.repeat(64), 'b'.repeat(64)), 'DigestMismatch'],
    ['a digest in upper case', GOOD.replaceAll('a'.repeat(64), 'A'.repeat(64)), 'DigestMismatch'],
    ['a digest that is a list', GOOD.replace(`"${DIGEST}"`, `["${DIGEST}"]`), 'DigestMismatch'],
    ['no digest', GOOD.replace('docker-manifest-digest', 'digest'), 'DigestMismatch'],
    ['another type (trap 5)', GOOD.replace(TYPE, 'atomic container signature'), 'SignatureInvalid'],
    ['no type (trap 5)', GOOD.replace(`,"type":"${TYPE}"`, ''), 'SignatureInvalid'],
    ['a key in another case (trap 5)', GOOD.replace('"critical"', '"Critical"'), 'SignatureInvalid'],
    [
      'a digest key in another case (trap 5)',
      GOOD.replace('docker-manifest-digest', 'Docker-Manifest-Digest'),
      'DigestMismatch',
    ],
    [
      'a digest twice (trap 5)',
      GOOD.replace(
        '"docker-manifest-digest"',
        `"docker-manifest-digest":"sha256:${'b'.repeat(64)}","docker-manifest-digest"`,
      ),
      'SignatureInvalid',
    ],
    [
      'a digest twice, once escaped (trap 5)',
      GOOD.replace('"docker-manifest-digest"', `"docker-manifest-dig\\u0065st":"${DIGEST}","docker-manifest-digest"`),
      'SignatureInvalid',
    ],
    ['optional that is a list', GOOD.replace(/"optional".*$/, '"optional":[]}'), 'SignatureInvalid'],
    ['text behind the document', `${GOOD}{}`, 'SignatureInvalid'],
    ['no JSON', 'hello', 'SignatureInvalid'],
    ['nothing', '', 'SignatureInvalid'],
    ['null', 'null', 'SignatureInvalid'],
  ])('%s', (_, payload, expected) => {
    const outcome = prove(payload);
    expect(outcome.ok ? 'Verified' : outcome.reason).toBe(expected);
  });

  test.each<[string, Record<string, string>, string]>([
    ['the annotations that are there', { env: 'prod', creator: 'me' }, 'Verified'],
    ['another value', { env: 'dev' }, 'AnnotationMismatch'],
    ['a number is not its text', { build: '7' }, 'AnnotationMismatch'],
    ['a name of every object', { toString: 'x' }, 'AnnotationMismatch'],
    ['a name in another case', { Env: 'prod' }, 'AnnotationMismatch'],
  ])('annotations: %s', (_, annotations, expected) => {
    const outcome = prove(GOOD, {}, { annotations });
    expect(outcome.ok ? 'Verified' : outcome.reason).toBe(expected);
  });

  test('an annotation that does not match is shown', () => {
    expect(prove(GOOD, {}, { annotations: { env: 'dev' } })).toMatchObject({
      message: 'annotation "env": expected "dev", found "prod"',
    });
  });

  test('evidence holds the annotations that are text', () => {
    expect(prove(GOOD)).toMatchObject({ annotations: { env: 'prod', creator: 'me' } });
  });
});

describe('signatures', () => {
  test.each<[string, string, string]>([
    ['none', '', 'SignatureInvalid'],
    ['no base64', '!!!', 'SignatureInvalid'],
    ['base64 with stray bits', 'MEUCIQ==x', 'SignatureInvalid'],
    ['some bytes', 'AAAA', 'UntrustedSigner'],
  ])('%s', (_, text, reason) => {
    expect(prove(GOOD, { 'dev.cosignproject.cosign/signature': text })).toMatchObject({ ok: false, reason });
  });

  test('an attestation is not served, and not proven if asked for', () => {
    const demands = { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v1' } as const;
    expect(cosignSimple.serves(claimOn(SUBJECT, MATERIAL, { demands }))).toBe(false);
    expect(prove(GOOD, {}, { demands })).toMatchObject({ ok: false, reason: 'AttestationMissing' });
  });
});

describe('company in annotations', () => {
  const required = (): SignerMaterial => ({
    ...MATERIAL,
    transparencyLog: 'Required',
    trustRoot: sigstore.trustRoot(),
  });
  const bytes = Buffer.from(GOOD);

  async function loggedWith(pem: string, signature: Buffer, algorithm = 'sha256') {
    const { annotation } = await sigstore.logged(BODY.hashedrekord(bytes, signature, pem, algorithm));
    return { 'dev.cosignproject.cosign/signature': base64(signature), 'dev.sigstore.cosign/bundle': annotation };
  }

  test('a log entry of this signature by this key', async () => {
    const signature = signed(bytes, key);
    expect(prove(GOOD, await loggedWith(pemOfKey(key.publicKey), signature), {}, required())).toMatchObject({
      ok: true,
      timeSource: 'transparency-log',
      logIndex: expect.stringMatching(/^\d+$/),
    });
  });

  test('the same where it is ignored: the time still counts, for it is proven', async () => {
    const signature = signed(bytes, key);
    const material = { ...required(), transparencyLog: 'Ignored' } as SignerMaterial;
    expect(prove(GOOD, await loggedWith(pemOfKey(key.publicKey), signature), {}, material)).toMatchObject({
      ok: true,
      timeSource: 'transparency-log',
    });
  });

  test('without a trusted root nothing is read of it', async () => {
    const signature = signed(bytes, key);
    const outcome = prove(GOOD, await loggedWith(pemOfKey(key.publicKey), signature));
    expect(outcome).toMatchObject({ ok: true, timeSource: 'none', notes: [] });
  });

  test.each<[string, string]>([
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
  ])('a required log entry of a %s key that cosign 3 signed with %s', async (curve, hash) => {
    const pair = ecKeys(curve);
    const signature = signed(bytes, pair, hash);
    const material = { ...required(), keys: [toPublicKey(pair.publicKey)] } as SignerMaterial;
    expect(prove(GOOD, await loggedWith(pemOfKey(pair.publicKey), signature, hash), {}, material)).toMatchObject({
      ok: true,
      timeSource: 'transparency-log',
    });
  });

  test.each<[string, () => Promise<Record<string, string>>]>([
    [
      'of another signature by the same key',
      async () => ({
        ...(await loggedWith(pemOfKey(key.publicKey), signed(bytes, key))),
        'dev.cosignproject.cosign/signature': base64(signed(bytes, key)),
      }),
    ],
    ['that records another key', () => loggedWith(pemOfKey(ecKeys().publicKey), signed(bytes, key))],
    ['that is no JSON', async () => ({ 'dev.sigstore.cosign/bundle': '{' })],
    ['without payload', async () => ({ 'dev.sigstore.cosign/bundle': '{}' })],
    ['with a negative time', async () => withTime(await loggedWith(pemOfKey(key.publicKey), signed(bytes, key)), -1)],
    ['with another time', async () => withTime(await loggedWith(pemOfKey(key.publicKey), signed(bytes, key)), 1)],
    ['larger than any', async () => ({ 'dev.sigstore.cosign/bundle': ' '.repeat(300_000) })],
  ])('a log entry %s is none', async (_, make) => {
    const annotations = await make();
    expect(prove(GOOD, annotations, {}, required())).toMatchObject({
      ok: false,
      reason: 'TransparencyLogMissing',
      message: expect.stringContaining('does not verify'),
    });
    const ignoring = { ...required(), transparencyLog: 'Ignored' } as SignerMaterial;
    expect(prove(GOOD, annotations, {}, ignoring)).toMatchObject({
      ok: true,
      timeSource: 'none',
      notes: [expect.stringContaining('does not verify')],
    });
  });

  test('no log entry: what to do', () => {
    expect(prove(GOOD, {}, {}, required())).toMatchObject({
      reason: 'TransparencyLogMissing',
      message:
        'signature is valid but has no transparency-log entry: set transparencyLog: Ignored if you sign with --tlog-upload=false',
    });
  });

  test('required, no entry, and no trusted root: that there is no entry needs no root', () => {
    expect(prove(GOOD, {}, {}, { ...MATERIAL, transparencyLog: 'Required' })).toMatchObject({
      ok: false,
      reason: 'TransparencyLogMissing',
    });
  });

  test('keyless with a timestamp in an annotation', async () => {
    const certificate = await sigstore.certificate(key.publicKey, 'https://ci.example.com');
    const signature = signed(bytes, key);
    const annotations = {
      'dev.cosignproject.cosign/signature': base64(signature),
      'dev.sigstore.cosign/certificate': pemOf(certificate),
      'dev.sigstore.cosign/chain': '',
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
        SignedRFC3161Timestamp: base64(await sigstore.stamp(signature, true)),
      }),
    };
    const material: SignerMaterial = {
      type: 'keyless',
      identities: [identity('https://ci.example.com')],
      transparencyLog: 'Ignored',
      trustRoot: sigstore.trustRoot(),
    };
    expect(prove(GOOD, annotations, {}, material)).toMatchObject({
      ok: true,
      timeSource: 'timestamp-authority',
      identity: 'https://ci.example.com',
    });
    expect(prove(GOOD, { ...annotations, 'dev.sigstore.cosign/certificate': 'none' }, {}, material)).toMatchObject({
      ok: false,
      reason: 'SignatureInvalid',
    });
    expect(prove(GOOD, { ...annotations, 'dev.sigstore.cosign/chain': 'none' }, {}, material)).toMatchObject({
      ok: true,
    });
    expect(prove(GOOD, { ...annotations, 'dev.sigstore.cosign/rfc3161timestamp': '{}' }, {}, material)).toMatchObject({
      ok: false,
      reason: 'TimestampMissing',
    });
  });

  function withTime(annotations: Record<string, string>, integratedTime: number): Record<string, string> {
    const bundle = JSON.parse(annotations['dev.sigstore.cosign/bundle'] ?? '') as { Payload: Record<string, unknown> };
    return {
      ...annotations,
      'dev.sigstore.cosign/bundle': JSON.stringify({ ...bundle, Payload: { ...bundle.Payload, integratedTime } }),
    };
  }
});
