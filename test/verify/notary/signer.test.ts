import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notary } from '../../../src/verify/notary/index.ts';
import { CA, type Issued } from '../../support/pki.ts';
import { CODE, type NotationMaterial, openWorkshop, rawOf, type Recipe } from './scene.ts';

let shop: ReturnType<typeof openWorkshop>;
beforeAll(() => {
  shop = openWorkshop();
});
afterAll(() => shop.dispose());

function judgeJws(recipe: Recipe, more: Partial<NotationMaterial> = {}): string {
  const outcome = notary.prove(rawOf(shop.jws(recipe)), shop.trust(more));
  return outcome.ok ? 'ok' : `${outcome.reason}: ${outcome.message}`;
}

describe('the profile of the chain', () => {
  const chainOf = (extensions: readonly string[], order: Parameters<typeof shop.pki.issue>[0] = {}) => {
    const signer = shop.pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=L', extensions, issuer: shop.root, ...order });
    return judgeJws({ signer });
  };
  test.each<[string, () => string, RegExp]>([
    ['no purposes at all', () => chainOf([CODE[0]]), /^ok$/],
    ['nonRepudiation too', () => chainOf(['keyUsage=critical,digitalSignature,nonRepudiation']), /^ok$/],
    [
      'an unknown critical extension, which the specification ignores',
      () => chainOf([...CODE, '1.2.3.4=critical,ASN1:NULL']),
      /^ok$/,
    ],
    ['CA:FALSE', () => chainOf([...CODE, 'basicConstraints=CA:FALSE']), /^ok$/],
    ['an authority as signer', () => chainOf([...CODE, 'basicConstraints=critical,CA:TRUE']), /is one of an authority/],
    ['no keyUsage', () => chainOf([CODE[1]]), /keyUsage lacks digitalSignature/],
    ['keyUsage that is not critical', () => chainOf(['keyUsage=digitalSignature']), /lacks a critical keyUsage/],
    [
      'a key that encrypts as well',
      () => chainOf(['keyUsage=critical,digitalSignature,keyEncipherment']),
      /keyUsage keyEncipherment/,
    ],
    [
      'a key that signs certificates',
      () => chainOf(['keyUsage=critical,digitalSignature,keyCertSign']),
      /keyUsage keyCertSign/,
    ],
    ['any purpose', () => chainOf([CODE[0], 'extendedKeyUsage=anyExtendedKeyUsage']), /not for signing code/],
    ['a server', () => chainOf([CODE[0], 'extendedKeyUsage=codeSigning,serverAuth']), /not for signing code/],
    ['a timestamp authority', () => chainOf([CODE[0], 'extendedKeyUsage=timeStamping']), /not for signing code/],
    ['version 1', () => chainOf([]), /keyUsage/],
    ['SHA-1', () => chainOf(CODE, { sign: ['-md', 'sha1'] }), /weak or unknown/],
    ['no root', () => judgeJws({ chain: [shop.signer] }), /chain is incomplete/],
    ['the wrong order', () => judgeJws({ chain: [shop.root, shop.signer] }), /^SignatureInvalid/],
    [
      'a certificate that does not belong',
      () => judgeJws({ chain: [shop.signer, shop.pki.issue({ extensions: CA }), shop.root] }),
      /self-signed but does not end|not issued by/,
    ],
    ['the root twice', () => judgeJws({ chain: [shop.signer, shop.root, shop.root] }), /self-signed but does not end/],
  ])('%s', (_, judge, expected) => {
    expect(judge()).toMatch(expected);
  });

  test('intermediates: pathLen, basicConstraints that are not critical, an authority that may not sign', () => {
    const below = (extensions: readonly string[], top: Issued = shop.root) => {
      const authority = shop.pki.issue({ subject: '/CN=I', extensions, issuer: top });
      const signer = shop.pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=L', extensions: CODE, issuer: authority });
      return { authority, signer };
    };
    const judge = ({ authority, signer }: ReturnType<typeof below>, ...rest: Issued[]) =>
      judgeJws({ signer, chain: [signer, authority, ...rest, shop.root] });
    expect(judge(below(CA))).toBe('ok');
    expect(judge(below(['basicConstraints=CA:TRUE', CA[1]]))).toMatch(/critical basicConstraints/);
    expect(judge(below([CA[0], 'keyUsage=critical,cRLSign']))).toMatch(/may not sign certificates/);
    const limited = shop.pki.issue({
      subject: '/CN=P',
      extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', CA[1]],
      issuer: shop.root,
    });
    expect(judge(below(CA, limited), limited)).toMatch(/allows 0 authorities below it, found 1/);
  });

  test('an authority with a weak key', () => {
    const root = shop.pki.issue({
      subject: '/CN=Weak',
      extensions: CA,
      key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
    });
    const signer = shop.pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=L', extensions: CODE, issuer: root });
    expect(judgeJws({ signer, chain: [signer, root] }, { ca: [root.certificate] })).toMatch(
      /"CN=Weak" has a key that is too weak/,
    );
  });

  test('a signer that is self-signed and in the store', () => {
    const lone = shop.pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=Lone', extensions: CODE });
    expect(judgeJws({ signer: lone, chain: [lone] }, { ca: [lone.certificate] })).toBe('ok');
    expect(judgeJws({ signer: lone, chain: [lone] })).toMatch(/^CertificateUntrusted/);
  });
});

describe('identities', () => {
  const judge = (subject: string, attributes: readonly (readonly [string, string])[]) => {
    const signer = shop.pki.issue({ subject, extensions: CODE, issuer: shop.root });
    return judgeJws({ signer }, { trustedIdentities: [{ shown: 'x509.subject: …', attributes: new Map(attributes) }] });
  };
  const wanted = [
    ['C', 'US'],
    ['S', 'WA'],
    ['O', 'Acme, Inc'],
  ] as const;
  test.each<[string, string, readonly (readonly [string, string])[], RegExp]>([
    ['a subset, S for ST, a comma in a value', '/C=US/ST=WA/O=Acme, Inc/OU=x/CN=y', wanted, /^ok$/],
    ['another case', '/C=US/ST=WA/O=acme, inc', wanted, /^IdentityMismatch/],
    ['an attribute that is missing', '/C=US/O=Acme, Inc', wanted, /^IdentityMismatch: signed by "O=Acme/],
    ['an attribute that comes twice', '/C=US/ST=WA/O=Acme, Inc/O=Evil', wanted, /^IdentityMismatch/],
    ['an attribute that hides in the value of another', '/C=US/ST=WA/CN=O=Acme, Inc', wanted, /^IdentityMismatch/],
    ['an identity without attributes', '/C=US/ST=WA/O=Acme, Inc', [], /^IdentityMismatch/],
  ])('%s', (_, subject, attributes, expected) => {
    expect(judge(subject, attributes)).toMatch(expected);
  });
});
