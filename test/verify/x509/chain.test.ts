import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Refused } from '../../../src/verify/refusal.ts';
import type { Certificate } from '../../../src/verify/x509/certificate.ts';
import { buildChain, demandCodeSigning, earliestEnd } from '../../../src/verify/x509/chain.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';
import { CA, type Issued, openPki, type Pki, SIGNER } from '../../support/pki.ts';
import { threadTime } from '../../support/hostile.ts';

const NOW = new Date('2026-11-21T00:00:00Z');
const fixture = (name: string) =>
  parsePemCertificates(readFileSync(new URL(`../../fixtures/keys/pki/${name}`, import.meta.url), 'utf8'));
const certificates = (...issued: readonly Issued[]) => issued.map(({ certificate }) => certificate);

let pki: Pki;
let root: Issued;
let inter: Issued;
let leaf: Issued;
beforeAll(() => {
  pki = openPki();
  root = pki.issue({ subject: '/CN=Root', extensions: CA });
  inter = pki.issue({ subject: '/CN=Inter', extensions: CA, issuer: root });
  leaf = pki.issue({ subject: '/CN=Leaf', extensions: SIGNER, issuer: inter });
});
afterAll(() => pki.dispose());

function judge(end: Issued, intermediates: readonly Issued[] = [], roots: readonly Issued[] = [root], at = NOW) {
  return buildChain({
    leaf: end.certificate,
    intermediates: certificates(...intermediates),
    roots: certificates(...roots),
    at,
  });
}
const refusal = (answer: ReturnType<typeof buildChain>) => (answer.ok ? 'ok' : `${answer.reason}: ${answer.message}`);

/** A leaf below an authority of these extensions, below the root. */
function below(extensions: readonly string[], order: Parameters<Pki['issue']>[0] = {}) {
  const authority = pki.issue({ subject: '/CN=Authority', extensions, issuer: root, ...order });
  return judge(pki.issue({ subject: '/CN=Below', extensions: SIGNER, issuer: authority }), [authority]);
}

describe('buildChain finds a path', () => {
  test('through intermediates in any order, with strangers among them', () => {
    const second = pki.issue({ subject: '/CN=Second', extensions: CA, issuer: inter });
    const end = pki.issue({ extensions: SIGNER, issuer: second });
    const stranger = pki.issue({ subject: '/CN=Inter', extensions: CA });
    const answer = judge(end, [stranger, inter, second, leaf]);
    expect(answer).toMatchObject({ ok: true, chain: certificates(end, second, inter, root) });
  });

  test('of the fixtures', () => {
    const [end, ...rest] = fixture('leaf-chain.pem');
    const answer = buildChain({ leaf: end!, intermediates: rest, roots: fixture('root.crt'), at: NOW });
    expect(answer).toMatchObject({ ok: true, notAfter: earliestEnd([end!, ...rest]) });
  });

  test('that ends in an intermediate, or in the leaf itself, where that is what the user trusts', () => {
    expect(judge(leaf, [], [inter])).toMatchObject({ ok: true, chain: certificates(leaf, inter) });
    expect(judge(leaf, [], [leaf])).toMatchObject({ ok: true, chain: certificates(leaf) });
  });

  test('below a version 1 root, which cannot say that it is an authority', () => {
    const old = pki.issue({ subject: '/CN=Old root' });
    const end = pki.issue({ extensions: SIGNER, issuer: old });
    expect(old.certificate.version).toBe(1);
    expect(refusal(judge(end, [], [old]))).toBe('ok');
  });

  test('that is valid, though another one with the same names and keys has expired', () => {
    const expired = pki.issue({
      subject: '/CN=Inter',
      extensions: CA,
      issuer: root,
      reuse: inter,
      until: '20210101000000Z',
    });
    for (const order of [
      [expired, inter],
      [inter, expired],
    ]) {
      expect(judge(leaf, order)).toMatchObject({ ok: true, chain: certificates(leaf, inter, root) });
    }
  });

  test('past a cross-certificate loop', () => {
    const other = pki.issue({ subject: '/CN=Other', extensions: CA });
    const there = pki.issue({ subject: '/CN=Inter', extensions: CA, issuer: other, reuse: inter });
    const back = pki.issue({ subject: '/CN=Other', extensions: CA, issuer: inter, reuse: other });
    expect(judge(leaf, [there, back, inter])).toMatchObject({ ok: true });
    expect(refusal(judge(leaf, [there, back]))).toMatch(/^CertificateUntrusted/);
  });

  test('at the time asked for, both ends of the validity included', () => {
    const short = pki.issue({ extensions: SIGNER, issuer: root, from: '20260101000000Z', until: '20260201000000Z' });
    expect(judge(short, [], [root], new Date('2026-01-01T00:00:00Z')).ok).toBe(true);
    expect(judge(short, [], [root], new Date('2026-02-01T00:00:00Z')).ok).toBe(true);
    expect(refusal(judge(short))).toMatch(/^CertificateExpired: .*expired at 2026-02-01T00:00:00/);
    expect(refusal(judge(short, [], [root], new Date('2025-12-31T23:59:59Z')))).toMatch(
      /^CertificateExpired: .*not valid before/,
    );
  });

  test('later: a certificate that is not yet valid says from when on', () => {
    const future = pki.issue({ extensions: SIGNER, issuer: root, from: '20300101000000Z' });
    expect(judge(future)).toMatchObject({
      ok: false,
      reason: 'CertificateExpired',
      holdsUntil: new Date('2030-01-01T00:00:00Z'),
    });
  });
});

describe('buildChain refuses', () => {
  test.each([
    ['no root at all', () => judge(leaf, [inter], []), /^CertificateUntrusted: no trusted root/],
    ['a missing intermediate, by name', () => judge(leaf), /issued by "CN=Inter", which is not among/],
    [
      'a self-signed root that is no root of ours',
      () => judge(leaf, [inter, root], [pki.issue({ subject: '/CN=R2', extensions: CA })]),
      /"CN=Root" is self-signed and not among/,
    ],
    [
      'an issuer of the right name with another key',
      () => judge(leaf, [pki.issue({ subject: '/CN=Inter', extensions: CA, issuer: root })]),
      /not signed by the key of "CN=Inter"/,
    ],
    ['a leaf that issues', () => below(SIGNER), /not one of an authority/],
    [
      'an authority without basicConstraints',
      () => below(['keyUsage=critical,keyCertSign']),
      /not one of an authority/,
    ],
    [
      'CA:FALSE',
      () => below(['basicConstraints=critical,CA:FALSE', 'keyUsage=keyCertSign']),
      /not one of an authority/,
    ],
    [
      'an authority that may not sign certificates',
      () => below([CA[0], 'keyUsage=critical,digitalSignature']),
      /may not sign certificates/,
    ],
    [
      'an unknown critical extension',
      () => below([...CA, '1.2.3.4=critical,ASN1:NULL']),
      /critical extension 1\.2\.3\.4/,
    ],
    [
      'an RSA key of 1024 bits',
      () => below(CA, { key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] }),
      /key that is too weak/,
    ],
    [
      'a curve that is not of NIST',
      () => below(CA, { key: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }),
      /key that is too weak/,
    ],
    ['SHA-1', () => below(CA, { sign: ['-md', 'sha1'] }), /weak or unknown/],
    [
      'an expired authority',
      () => below(CA, { until: '20210101000000Z' }),
      /^CertificateExpired: certificate "CN=Authority"/,
    ],
    [
      'a version 1 intermediate',
      () => {
        const old = pki.issue({ subject: '/CN=V1', issuer: root });
        return judge(pki.issue({ extensions: SIGNER, issuer: old }), [old]);
      },
      /not one of an authority/,
    ],
  ])('%s', (_, ask, message) => {
    expect(refusal(ask())).toMatch(message);
  });

  test('an intermediate too many for pathLen, at any height', () => {
    const limited = pki.issue({
      subject: '/CN=Limited',
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', CA[1]],
      issuer: root,
    });
    const direct = pki.issue({ extensions: SIGNER, issuer: limited });
    expect(judge(direct, [limited]).ok).toBe(true);
    const extra = pki.issue({ subject: '/CN=Extra', extensions: CA, issuer: limited });
    expect(refusal(judge(pki.issue({ extensions: SIGNER, issuer: extra }), [limited, extra]))).toMatch(
      /allows 0 intermediates below it, found 1/,
    );
  });

  test('paths that are longer than eight', () => {
    const authorities = [root];
    for (let height = 0; height < 8; height += 1) {
      authorities.push(pki.issue({ subject: `/CN=Level ${height}`, extensions: CA, issuer: authorities.at(-1)! }));
    }
    const [, ...intermediates] = authorities;
    expect(judge(pki.issue({ extensions: SIGNER, issuer: authorities[6]! }), intermediates).ok).toBe(true);
    expect(refusal(judge(pki.issue({ extensions: SIGNER, issuer: authorities[8]! }), intermediates))).toMatch(
      /longer than 8/,
    );
  });

  test('a swarm of issuers with one name, without checking them all', () => {
    const many = Array.from({ length: 64 }, () =>
      pki.issue({ subject: '/CN=Inter', extensions: CA, reuse: root, issuer: root }),
    );
    const started = threadTime();
    expect(judge(leaf, many).ok).toBe(false);
    expect(threadTime() - started).toBeLessThan(100);
  });
});

describe('demandCodeSigning', () => {
  const demand = (extensions: readonly string[], issuers: readonly Certificate[] = []) =>
    demandCodeSigning(pki.issue({ extensions }).certificate, issuers);
  test('lets pass what is for signing code', () => {
    expect(() => demand(SIGNER)).not.toThrow();
    expect(() => demand(['extendedKeyUsage=codeSigning,clientAuth'])).not.toThrow();
  });
  test.each([
    ['no purposes', ['keyUsage=digitalSignature'], /codeSigning/],
    ['another purpose', ['extendedKeyUsage=serverAuth'], /codeSigning/],
    ['any purpose', ['extendedKeyUsage=anyExtendedKeyUsage'], /codeSigning/],
    ['a key that may not sign', ['keyUsage=keyEncipherment', 'extendedKeyUsage=codeSigning'], /digitalSignature/],
  ])('refuses %s', (_, extensions, message) => {
    expect(() => demand(extensions)).toThrow(message);
    expect(() => demand(extensions)).toThrow(Refused);
  });
  test('refuses an issuer that is restricted to another purpose', () => {
    const issuer = pki.issue({ extensions: [...CA, 'extendedKeyUsage=serverAuth'] }).certificate;
    expect(() => demand(SIGNER, [issuer])).toThrow(/restricted to purposes other than codeSigning/);
  });
});
