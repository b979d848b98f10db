/** Attestations in DSSE envelopes, made here. */
import { beforeAll, describe, expect, test } from 'vitest';
import { cosignDsse } from '../../../src/verify/cosign-dsse/index.ts';
import type { Claim, Outcome } from '../../../src/verify/family.ts';
import { toPublicKey } from '../../../src/verify/keys.ts';
import type { SignerMaterial } from '../../../src/verify/signer.ts';
import {
  BODY,
  base64,
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

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}` as const;
const SUBJECT = { digest: DIGEST, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 500 };
const SBOM = 'https://cyclonedx.org/bom';
const ATTESTED = { demands: { type: 'attestation', predicateType: SBOM } } as const;
const TYPE = 'application/vnd.in-toto+json';
const key = ecKeys();
const MATERIAL: SignerMaterial = { type: 'publicKey', keys: [toPublicKey(key.publicKey)], transparencyLog: 'Ignored' };
const GOOD = statement(DIGEST, {
  _type: 'https://in-toto.io/Statement/v0.1',
  predicateType: SBOM,
  predicate: { components: 3 },
});

let sigstore: Sigstore;
beforeAll(async () => {
  sigstore = await openSigstore();
});

function envelope(
  payload: Buffer,
  signatures: readonly unknown[] = [{ keyid: '', sig: base64(signed(pae(payload), key)) }],
  change: Readonly<Record<string, unknown>> = {},
): Buffer {
  return Buffer.from(JSON.stringify({ payloadType: TYPE, payload: base64(payload), signatures, ...change }));
}

function prove(
  bytes: Buffer,
  claim: Partial<Claim> = {},
  material = MATERIAL,
  annotations: Readonly<Record<string, string>> = {},
): Outcome {
  const raw = rawOf('cosign-dsse', 'application/vnd.dsse.envelope.v1+json', bytes, annotations);
  return cosignDsse.prove(raw, claimOn(SUBJECT, material, { ...ATTESTED, ...claim }));
}

function reasonOf(outcome: Outcome): string {
  return outcome.ok ? 'Verified' : outcome.reason;
}

describe('statements under a valid signature', () => {
  const text = GOOD.toString();
  const other = { digest: { sha256: 'b'.repeat(64) } };
  test.each<[string, Buffer, string]>([
    ['v0.1', GOOD, 'Verified'],
    ['v1', statement(DIGEST, { predicateType: SBOM }), 'Verified'],
    [
      'several subjects, one of them ours',
      statement(DIGEST, { predicateType: SBOM, subject: [other, { name: 'x', digest: { sha256: HEX, sha512: 'c' } }] }),
      'Verified',
    ],
    ['other subjects only', statement(DIGEST, { predicateType: SBOM, subject: [other] }), 'DigestMismatch'],
    ['no subject', statement(DIGEST, { predicateType: SBOM, subject: [] }), 'DigestMismatch'],
    [
      'our digest under another algorithm',
      statement(DIGEST, { predicateType: SBOM, subject: [{ digest: { sha512: HEX } }] }),
      'DigestMismatch',
    ],
    [
      'our digest in upper case',
      statement(DIGEST, { predicateType: SBOM, subject: [{ digest: { sha256: HEX.toUpperCase() } }] }),
      'DigestMismatch',
    ],
    [
      'our digest as a name',
      statement(DIGEST, { predicateType: SBOM, subject: [{ name: DIGEST, digest: {} }] }),
      'DigestMismatch',
    ],
    ['another predicate type', statement(DIGEST, { predicateType: `${SBOM}/v2` }), 'AttestationMissing'],
    ['a signature', statement(DIGEST), 'AttestationMissing'],
    ['no predicate type', statement(DIGEST, { predicateType: undefined }), 'SignatureInvalid'],
    [
      'another statement type',
      statement(DIGEST, { predicateType: SBOM, _type: 'https://in-toto.io/Statement/v2' }),
      'SignatureInvalid',
    ],
    [
      'a predicate type twice (trap 5)',
      Buffer.from(text.replace('"predicateType"', `"predicateType":"x","predicateType"`)),
      'SignatureInvalid',
    ],
    [
      'a predicate type in another case (trap 5)',
      Buffer.from(text.replace('"predicateType"', `"PredicateType"`)),
      'SignatureInvalid',
    ],
    ['a subject that is text', statement(DIGEST, { predicateType: SBOM, subject: [DIGEST] }), 'SignatureInvalid'],
    [
      'subjects that are no list',
      statement(DIGEST, { predicateType: SBOM, subject: { digest: { sha256: HEX } } }),
      'SignatureInvalid',
    ],
    ['no JSON', Buffer.from('x'), 'SignatureInvalid'],
  ])('%s', (_, payload, expected) => {
    expect(reasonOf(prove(envelope(payload)))).toBe(expected);
  });

  test('the predicate is handed on', () => {
    expect(prove(envelope(GOOD))).toMatchObject({ ok: true, predicate: { components: 3 } });
  });

  test('annotations have to stand at the subject that is ours', () => {
    const subject = [
      { ...other, annotations: { env: 'prod' } },
      { digest: { sha256: HEX }, annotations: { env: 'dev' } },
    ];
    const bytes = envelope(statement(DIGEST, { predicateType: SBOM, subject }));
    expect(reasonOf(prove(bytes, { annotations: { env: 'dev' } }))).toBe('Verified');
    expect(reasonOf(prove(bytes, { annotations: { env: 'prod' } }))).toBe('AnnotationMismatch');
  });
});

describe('envelopes', () => {
  const ours = { sig: base64(signed(pae(GOOD), key)) };
  const foreign = { sig: base64(signed(pae(GOOD), ecKeys())) };
  test.each<[string, Buffer, string]>([
    ['one signature', envelope(GOOD), 'Verified'],
    ['ours behind a foreign one', envelope(GOOD, [foreign, ours]), 'Verified'],
    ['only foreign ones', envelope(GOOD, [foreign, foreign]), 'UntrustedSigner'],
    ['URL-safe base64, unpadded', envelope(GOOD, undefined, { payload: GOOD.toString('base64url') }), 'Verified'],
    ['no signature', envelope(GOOD, []), 'SignatureInvalid'],
    [
      'more signatures than anybody makes',
      envelope(
        GOOD,
        Array.from({ length: 17 }, () => ours),
      ),
      'SignatureInvalid',
    ],
    ['a signature that is no object', envelope(GOOD, [null]), 'SignatureInvalid'],
    ['another payload type', envelope(GOOD, undefined, { payloadType: 'application/json' }), 'SignatureInvalid'],
    ['another payload', envelope(statement(DIGEST, { predicateType: SBOM }), [ours]), 'UntrustedSigner'],
    ['a signature over the bare payload', envelope(GOOD, [{ sig: base64(signed(GOOD, key)) }]), 'UntrustedSigner'],
    [
      'a signature for another payload type',
      envelope(GOOD, [{ sig: base64(signed(pae(GOOD, 'text/plain'), key)) }]),
      'UntrustedSigner',
    ],
    ['no payload', envelope(GOOD, undefined, { payload: undefined }), 'SignatureInvalid'],
    ['a list', Buffer.from('[]'), 'SignatureInvalid'],
  ])('%s', (_, bytes, expected) => {
    expect(reasonOf(prove(bytes))).toBe(expected);
  });

  test('a payload type that is signed, but is no statement', () => {
    const sig = { sig: base64(signed(pae(GOOD, 'application/json'), key)) };
    expect(reasonOf(prove(envelope(GOOD, [sig], { payloadType: 'application/json' })))).toBe('SignatureInvalid');
  });
});

describe('company in annotations', () => {
  test('an attestation never stands for a signature (trap 2)', () => {
    expect(cosignDsse.serves(claimOn(SUBJECT, MATERIAL))).toBe(false);
    expect(reasonOf(prove(envelope(GOOD), { demands: { type: 'signature' } }))).toBe('NoSignature');
  });

  test('log entries of every kind that cosign wrote for attestations', async () => {
    const signature = signed(pae(GOOD), key);
    const bytes = envelope(GOOD, [{ sig: base64(signature) }]);
    const pem = pemOfKey(key.publicKey);
    const material = { ...MATERIAL, transparencyLog: 'Required', trustRoot: sigstore.trustRoot() } as SignerMaterial;
    for (const body of [
      BODY.dsse(GOOD, signature, pem),
      BODY.intoto1(bytes, pem),
      BODY.intoto2(GOOD, signature, pem),
    ]) {
      const { annotation } = await sigstore.logged(body);
      expect(prove(bytes, {}, material, { 'dev.sigstore.cosign/bundle': annotation })).toMatchObject({
        ok: true,
        timeSource: 'transparency-log',
      });
    }
    for (const body of [
      BODY.intoto1(envelope(GOOD), pem),
      BODY.intoto1(bytes, pemOfKey(ecKeys().publicKey)),
      BODY.intoto2(GOOD, signed(pae(GOOD), key), pem),
    ]) {
      const { annotation } = await sigstore.logged(body);
      expect(reasonOf(prove(bytes, {}, material, { 'dev.sigstore.cosign/bundle': annotation }))).toBe(
        'TransparencyLogMissing',
      );
    }
  });

  test('keyless: cosign stamps the envelope', async () => {
    const bytes = envelope(GOOD);
    const certificate = await sigstore.certificate(key.publicKey, 'https://ci.example.com');
    const material: SignerMaterial = {
      type: 'keyless',
      identities: [identity('https://ci.example.com')],
      transparencyLog: 'Ignored',
      trustRoot: sigstore.trustRoot(),
    };
    const stampedWith = async (stamped: Buffer) => ({
      'dev.sigstore.cosign/certificate': pemOf(certificate),
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
        SignedRFC3161Timestamp: base64(await sigstore.stamp(stamped)),
      }),
    });
    expect(prove(bytes, {}, material, await stampedWith(bytes))).toMatchObject({
      ok: true,
      timeSource: 'timestamp-authority',
    });
    expect(reasonOf(prove(bytes, {}, material, await stampedWith(GOOD)))).toBe('TimestampMissing');
  });
});
