import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/verify/family.ts';
import { notary } from '../../../src/verify/notary/index.ts';
import { parseRfc3339 } from '../../../src/verify/notary/time-text.ts';
import type { Issued } from '../../support/pki.ts';
import {
  AUDIT,
  AUTHENTIC_TIME,
  CODE,
  EXPIRY,
  type NotationMaterial,
  NOW,
  openWorkshop,
  rawOf,
  type Recipe,
  SCHEME,
  SIGNING_TIME,
  SUBJECT,
} from './scene.ts';

let shop: ReturnType<typeof openWorkshop>;
beforeAll(() => {
  shop = openWorkshop();
});
afterAll(() => shop.dispose());

const told = (outcome: Outcome) => (outcome.ok ? 'ok' : `${outcome.reason}: ${outcome.message}`);
const judgeJws = (recipe: Recipe, more: Partial<NotationMaterial> = {}) =>
  told(notary.prove(rawOf(shop.jws(recipe)), shop.trust(more)));
type CoseRecipe = Parameters<typeof shop.cose>[0];
const judgeCose = (recipe: CoseRecipe = {}) =>
  told(notary.prove(rawOf(shop.cose(recipe), 'application/cose'), shop.trust()));

const EXPIRES = '2026-11-22T10:00:00Z';
const SA = 'notary.x509.signingAuthority';

describe('JWS: what the specification demands of the protected header', () => {
  test.each<[string, Recipe, RegExp]>([
    ['a plain envelope', {}, /^ok$/],
    ['an attribute that is not critical and unknown', { headers: { 'com.example.note': 1 } }, /^ok$/],
    ['an expiry that is marked', { headers: { [EXPIRY]: EXPIRES, crit: [SCHEME, EXPIRY] } }, /^ok$/],
    ['an expiry that is not marked', { headers: { [EXPIRY]: EXPIRES } }, /expiry" is not marked critical/],
    [
      'an expiry that is not a time',
      { headers: { [EXPIRY]: 'soon', crit: [SCHEME, EXPIRY] } },
      /expected an RFC 3339 time/,
    ],
    ['an expiry that is null', { headers: { [EXPIRY]: null, crit: [SCHEME, EXPIRY] } }, /expected an RFC 3339 time/],
    [
      'an expiry before the signing',
      { headers: { [EXPIRY]: '2026-11-21T10:00:00Z', crit: [SCHEME, EXPIRY] } },
      /expires before it was made/,
    ],
    [
      'an expiry that has come',
      { headers: { [EXPIRY]: NOW.toISOString(), crit: [SCHEME, EXPIRY] } },
      /^SignatureExpired: .*expire at/,
    ],
    ['no crit', { headers: { crit: undefined } }, /crit is missing/],
    ['an empty crit', { headers: { crit: [] } }, /crit is missing/],
    ['crit that is no list', { headers: { crit: SCHEME } }, /crit is missing/],
    [
      'crit without the scheme',
      { headers: { [EXPIRY]: EXPIRES, crit: [EXPIRY] } },
      /signingScheme" is not marked critical/,
    ],
    [
      'an unknown critical attribute',
      { headers: { 'com.example.must': 1, crit: [SCHEME, 'com.example.must'] } },
      /"com.example.must" is not understood/,
    ],
    ['a critical attribute that is not there', { headers: { crit: [SCHEME, EXPIRY] } }, /is not there/],
    ['crit that repeats itself', { headers: { crit: [SCHEME, SCHEME] } }, /twice/],
    ['a registered header in crit', { headers: { crit: [SCHEME, 'alg'] } }, /"alg" is not understood/],
    ['crit with something that is no text', { headers: { crit: [SCHEME, 7] } }, /not understood/],
    ['no scheme', { headers: { [SCHEME]: undefined } }, /signing scheme/],
    ['an unknown scheme', { headers: { [SCHEME]: 'notary.x510' } }, /signing scheme is "notary.x510"/],
    ['no signing time', { headers: { [SIGNING_TIME]: undefined } }, /signingTime is missing/],
    [
      'both signing times',
      { headers: { [AUTHENTIC_TIME]: EXPIRES, crit: [SCHEME, AUTHENTIC_TIME] } },
      /does not go with scheme notary.x509/,
    ],
    [
      'a verification plugin',
      { headers: { 'io.cncf.notary.verificationPlugin': 'p', crit: [SCHEME, 'io.cncf.notary.verificationPlugin'] } },
      /needs the verification plugin "p"/,
    ],
    [
      'a verification plugin that is not marked',
      { headers: { 'io.cncf.notary.verificationPlugin': 'p' } },
      /needs the verification plugin/,
    ],
    ['another content type', { headers: { cty: 'application/json' } }, /content type is "application\/json"/],
    ['no content type', { headers: { cty: undefined } }, /content type/],
    ['algorithm none', { headers: { alg: 'none' } }, /algorithm is "none", expected ES256/],
    ['HMAC', { headers: { alg: 'HS256' } }, /expected ES256/],
    ['the algorithm of another key', { headers: { alg: 'PS256' } }, /expected ES256/],
    ['a duplicate header', { mend: (text) => text.replace('{', '{"alg":"ES256",') }, /each key once.*"alg" twice/],
    ['a header in other case', { mend: (text) => text.replace('"alg"', '"Alg"') }, /algorithm is/],
  ])('%s', (_, recipe, expected) => {
    expect(judgeJws(recipe)).toMatch(expected);
  });

  test('integrity is enforced at level audit as well', () => {
    expect(judgeJws({ headers: { crit: [SCHEME, 'x'] } }, { level: AUDIT })).toMatch(/^SignatureInvalid/);
    expect(judgeJws({ target: { ...SUBJECT, size: 1 } }, { level: AUDIT })).toMatch(/^DigestMismatch/);
  });
});

describe('JWS: the envelope and the payload', () => {
  test.each<[string, Recipe, RegExp]>([
    ['a member that flattened JWS has not', { envelope: { signatures: [] } }, /member "signatures"/],
    ['no unprotected header', { envelope: { header: undefined } }, /no unprotected header/],
    ['no certificates', { header: { x5c: [] } }, /x5c with the certificates is missing/],
    ['certificates that are none', { header: { x5c: ['AAAA'] } }, /^SignatureInvalid/],
    ['certificates in base64url', { header: { x5c: ['__8='] } }, /x5c is not base64/],
    ['too many certificates', { header: { x5c: Array.from({ length: 11 }, () => 'AAAA') } }, /more than 10/],
    ['an empty signature', { envelope: { signature: '' } }, /does not verify/],
    ['a padded signature', { envelope: { signature: 'AA==' } }, /not base64url/],
    ['a timestamp that is no text', { header: { 'io.cncf.notary.timestampSignature': 1 } }, /not base64/],
    ['a payload that is no object', { payload: '[]' }, /no targetArtifact/],
    ['a payload with a duplicate key', { payload: '{"targetArtifact":{},"targetArtifact":{}}' }, /twice/],
    ['a target without a digest', { target: { mediaType: SUBJECT.mediaType, size: 1 } }, /no digest/],
    ['a target with a size beyond 2^53', { target: { ...SUBJECT, size: 2 ** 60 } }, /no size/],
    ['a target with a size as text', { target: { ...SUBJECT, size: '1234' } }, /no size/],
    ['another digest', { target: { ...SUBJECT, digest: `sha256:${'cd'.repeat(32)}` } }, /^DigestMismatch: .*digest/],
    [
      'another media type',
      { target: { ...SUBJECT, mediaType: 'application/vnd.oci.image.index.v1+json' } },
      /^DigestMismatch: .*media type/,
    ],
    ['annotations that are no text', { target: { ...SUBJECT, annotations: { a: 1 } } }, /annotation "a" is not text/],
    ['annotations that are a list', { target: { ...SUBJECT, annotations: [] } }, /not an object/],
    [
      'a member of the payload that we do not know',
      { target: { ...SUBJECT, artifactType: 'x', annotations: { a: 'b' } } },
      /^ok$/,
    ],
  ])('%s', (_, recipe, expected) => {
    expect(judgeJws(recipe)).toMatch(expected);
  });

  test('an annotation on the prototype is none', () => {
    const outcome = notary.prove(rawOf(shop.jws()), shop.trust({}, { annotations: { constructor: 'x' } }));
    expect(told(outcome)).toMatch(/^AnnotationMismatch/);
  });

  test('an envelope beyond a mebibyte, or nested without end, is refused unread', () => {
    expect(told(notary.prove(rawOf(Buffer.alloc(2 ** 20 + 1, 0x20)), shop.trust()))).toMatch(/at most/);
    expect(told(notary.prove(rawOf(Buffer.alloc(2 ** 20, '[')), shop.trust()))).toMatch(/^SignatureInvalid/);
    expect(
      told(
        notary.prove(
          rawOf(Buffer.concat([Uint8Array.of(0xd2), Buffer.alloc(2 ** 19, 0x81)]), 'application/cose'),
          shop.trust(),
        ),
      ),
    ).toMatch(/items/);
  });
});

describe('COSE', () => {
  test.each<[string, CoseRecipe, RegExp]>([
    ['a plain envelope', {}, /^ok$/],
    [
      'an expiry that is marked',
      {
        headers: [
          [EXPIRY, new Date(EXPIRES)],
          [2, [SCHEME, EXPIRY]],
        ],
      },
      /^ok$/,
    ],
    [
      'an expiry that has come',
      {
        headers: [
          [EXPIRY, NOW],
          [2, [SCHEME, EXPIRY]],
        ],
      },
      /^SignatureExpired/,
    ],
    [
      'an expiry without tag 1',
      {
        headers: [
          [EXPIRY, 1_900_000_000],
          [2, [SCHEME, EXPIRY]],
        ],
      },
      /not a time/,
    ],
    ['a signing time as text', { headers: [[SIGNING_TIME, '2026-11-21T10:00:00Z']] }, /not a time/],
    ['an integer label in crit', { headers: [[2, [SCHEME, 1]]] }, /not understood/],
    ['the algorithm of another key', { headers: [[1, -37]] }, /algorithm is "PS256", expected ES256/],
    ['an algorithm as text', { headers: [[1, 'ES256x']] }, /expected ES256/],
    ['an unknown algorithm', { headers: [[1, 5]] }, /algorithm is "5"/],
    ['a label that imitates another', { headers: [['alg', 'ES256']] }, /written as text/],
    ['a header on both sides', { unprotected: [[1, -7]] }, /both protected and unprotected/],
    ['no certificates', { unprotected: [[33, []]] }, /x5chain with the certificates is missing/],
    ['one certificate that is not in a list', { unprotected: [[33, new Uint8Array([1])]] }, /missing/],
    [
      'a timestamp that is no byte string',
      { unprotected: [['io.cncf.notary.timestampSignature', 'x']] },
      /not a byte string/,
    ],
    ['another digest', { target: { ...SUBJECT, digest: `sha256:${'cd'.repeat(32)}` } }, /^DigestMismatch/],
  ])('%s', (_, recipe, expected) => {
    expect(judgeCose(recipe)).toMatch(expected);
  });

  test('without tag 18, with a longer spelling of it, or with bytes after it', () => {
    const good = shop.cose();
    const judge = (bytes: Uint8Array) => told(notary.prove(rawOf(bytes, 'application/cose'), shop.trust()));
    expect(judge(good)).toBe('ok');
    expect(judge(good.subarray(1))).toMatch(/not a COSE_Sign1 with tag 18/);
    expect(judge(Uint8Array.of(0xd8, 0x12, ...good.subarray(1)))).toMatch(/tag 18/);
    expect(judge(Uint8Array.of(...good, 0))).toMatch(/^SignatureInvalid/);
    expect(told(notary.prove(rawOf(good), shop.trust()))).toMatch(/^SignatureInvalid/);
    expect(told(notary.prove(rawOf(good, 'application/json'), shop.trust()))).toMatch(/neither/);
  });
});

describe('scheme notary.x509.signingAuthority', () => {
  const headers = (time: string) => ({
    [SCHEME]: SA,
    [SIGNING_TIME]: undefined,
    [AUTHENTIC_TIME]: time,
    crit: [SCHEME, AUTHENTIC_TIME],
  });
  const store = (): Partial<NotationMaterial> => ({ ca: [], signingAuthority: [shop.root.certificate] });

  test('takes the time of the authority, from its own kind of store', () => {
    const expired = shop.pki.issue({
      subject: '/C=US/ST=WA/O=Test/CN=SA',
      extensions: CODE,
      issuer: shop.root,
      until: '20260101000000Z',
    });
    const then = rawOf(shop.jws({ signer: expired, headers: headers('2025-06-01T00:00:00Z') }));
    expect(notary.prove(then, shop.trust(store()))).toMatchObject({
      ok: true,
      timeSource: 'signing-authority',
      signedAt: new Date('2025-06-01T00:00:00Z'),
    });
    const late = rawOf(shop.jws({ signer: expired, headers: headers('2026-06-01T00:00:00Z') }));
    expect(told(notary.prove(late, shop.trust(store())))).toMatch(/^CertificateExpired/);
    expect(told(notary.prove(then, shop.trust()))).toMatch(/^CertificateUntrusted: .*signingAuthority/);
  });

  test('needs its time, marked critical', () => {
    expect(judgeJws({ headers: { ...headers(EXPIRES), crit: [SCHEME] } }, store())).toMatch(
      /authenticSigningTime" is not marked/,
    );
    expect(judgeJws({ headers: { [SCHEME]: SA } }, store())).toMatch(/does not go with/);
    expect(judgeJws({ headers: { [SCHEME]: SA, [SIGNING_TIME]: undefined } }, store())).toMatch(
      /authenticSigningTime is missing/,
    );
  });

  test('is believed no time where nobody trusts it', () => {
    const proof = notary.prove(
      rawOf(shop.jws({ headers: headers('2026-01-01T00:00:00Z') })),
      shop.trust({ level: AUDIT }),
    );
    expect(proof).toMatchObject({ ok: true, timeSource: 'none' });
    expect(proof).not.toHaveProperty('signedAt');
  });
});

describe('keys and algorithms', () => {
  test.each([
    ['ES384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['ES512', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
    ['PS256', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['PS384', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072']],
  ])('%s', (alg, key) => {
    const signer: Issued = shop.pki.issue({
      subject: '/C=US/ST=WA/O=Test/CN=K',
      extensions: CODE,
      issuer: shop.root,
      key,
    });
    expect(judgeJws({ signer, headers: { alg } })).toBe('ok');
    expect(judgeJws({ signer, headers: { alg: alg === 'PS256' ? 'PS512' : 'PS256' } })).toMatch(/expected/);
  });

  test('Ed25519 and odd sizes of RSA are not of the specification', () => {
    const signer = shop.pki.issue({
      extensions: CODE,
      issuer: shop.root,
      key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2560'],
    });
    expect(judgeJws({ signer, headers: { alg: 'PS256' } })).toMatch(/neither RSA 2048/);
  });
});

describe('RFC 3339', () => {
  test.each([
    ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['2026-11-21t10:00:00.5z', '2026-11-21T10:00:00.500Z'],
    ['2026-11-21T10:00:00+02:00', '2026-11-21T08:00:00.000Z'],
  ])('%s', (text, iso) => {
    expect(parseRfc3339(text)?.toISOString()).toBe(iso);
  });
  test.each([
    '2026-02-30T10:00:00Z',
    '2026-11-21',
    '2026-11-21T10:00:00',
    '2026-11-21 10:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-11-21T10:00:00+24:00',
    'Nov 21 2026',
    '',
  ])('not %s', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });
});
