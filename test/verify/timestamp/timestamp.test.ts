import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TimestampQuestion, verifyTimestamp } from '../../../src/verify/timestamp/index.ts';
import { mutations, RUNS } from '../../support/hostile.ts';
import { CA, type Issued, openPki, type Pki, TSA } from '../../support/pki.ts';
import { stamp as stampBytes, type Stamp } from '../../support/tsa.ts';

const MESSAGE = Buffer.from('the signature that is stamped');
let pki: Pki;
let root: Issued;
let tsa: Issued;
let token: Uint8Array;
beforeAll(() => {
  pki = openPki();
  root = pki.issue({ subject: '/CN=TSA root', extensions: CA });
  tsa = pki.issue({ subject: '/CN=TSA', extensions: TSA, issuer: root });
  token = stamp({ by: tsa });
});
afterAll(() => pki.dispose());

/** A token over the message, unless told otherwise. */
function stamp(order: Omit<Stamp, 'message'>): Uint8Array {
  return stampBytes(pki, { ...order, message: MESSAGE });
}

function judge(more: Partial<TimestampQuestion> = {}): string {
  const answer = verifyTimestamp({ token, message: MESSAGE, roots: [root.certificate], ...more });
  return answer.ok ? 'ok' : `${answer.reason}: ${answer.message}`;
}

describe('a time-stamp of a trusted authority', () => {
  test('gives the time, its accuracy rounded up, and the chain', () => {
    const answer = verifyTimestamp({ token, message: MESSAGE, roots: [root.certificate] });
    expect(answer).toMatchObject({
      ok: true,
      accuracyMs: 2501,
      boundBy: 'signing-certificate-v2',
      chain: [tsa.certificate, root.certificate],
    });
    expect(Math.abs((answer.ok ? answer.time.getTime() : 0) - Date.now())).toBeLessThan(120_000);
  });

  test.each([
    ['a whole response', { response: true }],
    ['a fraction of a second', { options: { clock_precision_digits: '3' } }],
    ['an imprint by SHA-384', { imprint: 'sha384' }],
    ['an imprint by SHA-512', { imprint: 'sha512' }],
    ['a signature with SHA-512', { options: { signer_digest: 'sha512' } }],
    ['ordering and a TSA name', { options: { ordering: 'yes', tsa_name: 'yes' } }],
    ['no nonce', { query: ['-cert', '-no_nonce'] }],
  ])('with %s', (_, order) => {
    expect(judge({ token: stamp({ by: tsa, ...order }) })).toBe('ok');
  });

  test.each([
    ['RSA', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['P-384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['P-521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ])('with a key of %s', (_, key) => {
    const by = pki.issue({ extensions: TSA, issuer: root, key });
    expect(judge({ token: stamp({ by, options: { signer_digest: 'sha384' } }) })).toBe('ok');
  });

  test('below an intermediate that is in the token', () => {
    const inter = pki.issue({ subject: '/CN=TSA inter', extensions: CA, issuer: root });
    const by = pki.issue({ extensions: TSA, issuer: inter });
    expect(judge({ token: stamp({ by, chain: [inter] }) })).toBe('ok');
    expect(judge({ token: stamp({ by }) })).toMatch(/not trusted: .*"CN=TSA inter", which is not among/);
    expect(judge({ token: stamp({ by }), intermediates: [inter.certificate] })).toBe('ok');
  });

  test('without certificates, where they are known', () => {
    const bare = stamp({ by: tsa, query: [] });
    expect(judge({ token: bare })).toMatch(/neither in it nor among/);
    expect(judge({ token: bare, intermediates: [tsa.certificate] })).toBe('ok');
  });

  test('without an accuracy: none, or one second by the baseline policy', () => {
    const plain = verifyTimestamp({
      token: stamp({ by: tsa, options: { accuracy: '' } }),
      message: MESSAGE,
      roots: [root.certificate],
    });
    expect(plain).toMatchObject({ ok: true, accuracyMs: 0 });
    const policy = stamp({ by: tsa, options: { accuracy: '', default_policy: '0.4.0.2023.1.1' } });
    expect(verifyTimestamp({ token: policy, message: MESSAGE, roots: [root.certificate] })).toMatchObject({
      accuracyMs: 1000,
    });
  });

  test('bound by version 1 of the attribute says so', () => {
    const answer = verifyTimestamp({
      token: stamp({ by: tsa, options: { ess_cert_id_alg: 'sha1' } }),
      message: MESSAGE,
      roots: [root.certificate],
    });
    expect(answer).toMatchObject({ ok: true, boundBy: 'signing-certificate' });
  });
});

describe('a time-stamp is refused', () => {
  test.each<[string, () => string, RegExp]>([
    ['for other bytes', () => judge({ message: Buffer.from('other') }), /other bytes/],
    ['by an authority of nobody', () => judge({ roots: [] }), /no trusted root/],
    [
      'by an authority of another root',
      () => judge({ roots: [pki.issue({ extensions: CA }).certificate] }),
      /not trusted/,
    ],
    [
      'with an imprint by SHA-1',
      () => judge({ token: stamp({ by: tsa, imprint: 'sha1' }) }),
      /messageImprint.*another hash/,
    ],
    [
      'with a digest by SHA-1',
      () => judge({ token: stamp({ by: tsa, options: { signer_digest: 'sha1' } }) }),
      /digest algorithm/,
    ],
    ['that is empty', () => judge({ token: new Uint8Array() }), /malformed/],
    ['that is no token', () => judge({ token: tsa.certificate.raw }), /malformed/],
    ['that is too large', () => judge({ token: new Uint8Array(300_000) }), /larger than/],
    ['with bytes after it', () => judge({ token: Uint8Array.of(...token, 0) }), /trailing bytes/],
  ])('%s', (_, ask, expected) => {
    expect(ask()).toMatch(expected);
    expect(ask()).toMatch(/^TimestampMissing: timestamp/);
  });

  test('where the certificate is not for time-stamping alone', () => {
    // openssl issues only with the right purpose, so the token is made with one certificate and judged with its twin.
    const wrong = [
      ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=timeStamping'],
      ['extendedKeyUsage=critical,timeStamping,codeSigning'],
      ['keyUsage=digitalSignature'],
    ];
    for (const extensions of wrong) {
      const by = cms(pki.issue({ extensions, issuer: root }));
      expect(judge({ token: by })).toMatch(/not for time-stamping alone/);
    }
  });

  test('where the key of the authority is weak', () => {
    const by = pki.issue({
      extensions: TSA,
      issuer: root,
      key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
    });
    expect(judge({ token: stamp({ by }) })).toMatch(/too weak/);
  });

  test('where the certificate had expired when it stamped', () => {
    const by = pki.issue({ extensions: TSA, issuer: root, until: '20250101000000Z' });
    expect(judge({ token: cms(by) })).toMatch(/not trusted: .*expired/);
  });

  test('where an authority above it is restricted to other purposes', () => {
    const inter = pki.issue({
      subject: '/CN=Code only',
      extensions: [...CA, 'extendedKeyUsage=codeSigning'],
      issuer: root,
    });
    const by = pki.issue({ extensions: TSA, issuer: inter });
    expect(judge({ token: stamp({ by, chain: [inter] }) })).toMatch(/"CN=Code only" is restricted/);
  });

  test('where signed attributes lack the binding, or are not there', () => {
    expect(judge({ token: cms(tsa, ['-nosmimecap']) })).toMatch(/lacks the attribute signing-certificate-v2/);
    expect(judge({ token: cms(tsa, ['-noattr']) })).toMatch(/malformed/);
    expect(judge({ token: cms(tsa, ['-cades', '-econtent_type', 'pkcs7-data']) })).toMatch(/not a time-stamp/);
  });

  test('whatever is done to its bytes, unless it says the same', () => {
    const question = { message: MESSAGE, roots: [root.certificate] };
    const proven = verifyTimestamp({ token, ...question });
    fc.assert(
      fc.property(mutations(token), (mutated) => {
        const answer = verifyTimestamp({ token: mutated, ...question });
        expect(answer.ok ? answer : proven).toEqual(proven);
      }),
      { numRuns: RUNS },
    );
  });
});

/** A CMS over the TSTInfo of the good token by any certificate: what a forger has. `-cades` adds signing-certificate-v2. */
function cms(by: Issued, options: readonly string[] = ['-cades']): Uint8Array {
  const file = (name: string) => join(pki.folder, name);
  writeFileSync(file('good'), token);
  pki.openssl('cms', '-verify', '-noverify', '-nosigs', '-inform', 'DER', '-in', file('good'), '-out', file('tstinfo'));
  const type = options.includes('-econtent_type') ? [] : ['-econtent_type', 'id-smime-ct-TSTInfo'];
  pki.openssl(
    'cms',
    '-sign',
    '-binary',
    '-nodetach',
    ...type,
    ...options,
    '-md',
    'sha256',
    '-signer',
    by.certificateFile,
    '-inkey',
    by.keyFile,
    '-in',
    file('tstinfo'),
    '-outform',
    'DER',
    '-out',
    file('forged'),
  );
  return new Uint8Array(readFileSync(file('forged')));
}
