import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildChain } from '../../../src/verify/x509/chain.ts';
import { CA, type Issued, openPki, type Pki, SIGNER } from '../../support/pki.ts';

let pki: Pki;
let root: Issued;
beforeAll(() => {
  pki = openPki();
  root = pki.issue({ subject: '/CN=Root', extensions: CA });
});
afterAll(() => pki.dispose());

/** A signer with these names below an authority with these constraints: permitted, or why not. */
function judge(constraints: string, names: string, subject = '/C=US/O=Acme/CN=ci'): string {
  const sections = ['[permitted]', 'C=US', 'O=Acme', '[foreign]', 'C=DE'];
  const authority = pki.issue({
    subject: '/CN=Bound',
    extensions: [...CA, `nameConstraints=${constraints}`, ...sections],
    issuer: root,
  });
  const san = names === '' ? [] : [`subjectAltName=${names}`];
  const leaf = pki.issue({ subject, extensions: [...SIGNER, ...san], issuer: authority });
  return told(leaf, [authority]);
}

function told(leaf: Issued, intermediates: readonly Issued[], roots: readonly Issued[] = [root]): string {
  const answer = buildChain({
    leaf: leaf.certificate,
    intermediates: intermediates.map(({ certificate }) => certificate),
    roots: roots.map(({ certificate }) => certificate),
    at: new Date('2026-11-21T00:00:00Z'),
  });
  return answer.ok ? 'ok' : `${answer.reason}: ${answer.message}`;
}

const REFUSED = /^CertificateUntrusted: authority "CN=Bound" does not permit the names of/;
const UNSUPPORTED = /form that is not supported/;

describe('name constraints', () => {
  test.each<[string, string, string, RegExp]>([
    ['an address at the host', 'critical,permitted;email:example.com', 'email:ci@EXAMPLE.com', /^ok$/],
    ['an address below the host', 'permitted;email:example.com', 'email:ci@sub.example.com', REFUSED],
    ['an address below the domain', 'permitted;email:.example.com', 'email:ci@sub.example.com', /^ok$/],
    ['an address at the domain itself', 'permitted;email:.example.com', 'email:ci@example.com', REFUSED],
    ['the mailbox', 'permitted;email:ci@example.com', 'email:ci@example.com', /^ok$/],
    ['another mailbox', 'permitted;email:ci@example.com', 'email:CI@example.com', REFUSED],
    ['an address that only ends alike', 'permitted;email:example.com', 'email:ci@evil-example.com', REFUSED],
    ['an address that is excluded', 'excluded;email:example.com', 'email:ci@example.com', REFUSED],
    ['an address that is not excluded', 'excluded;email:example.com', 'email:ci@example.org', /^ok$/],
    ['an address that cannot be read', 'excluded;email:example.com', 'email:"a@b"@example.org', REFUSED],
    ['one name of two', 'permitted;email:example.com', 'email:ci@example.com,email:ci@evil.org', REFUSED],
    ['a name of another form', 'permitted;email:example.com', 'DNS:evil.org', /^ok$/],
    ['a host and what is below it', 'permitted;DNS:example.com', 'DNS:example.com,DNS:a.b.example.com', /^ok$/],
    ['a host that only ends alike', 'permitted;DNS:example.com', 'DNS:evilexample.com', REFUSED],
    ['a URI at the host', 'permitted;URI:ci.example.com', 'URI:https://ci.example.com:8443/x', /^ok$/],
    ['a URI below the domain', 'permitted;URI:.example.com', 'URI:https://ci.example.com/x', /^ok$/],
    [
      'a URI that names the host as its user',
      'permitted;URI:ci.example.com',
      'URI:https://ci.example.com@evil.org/',
      REFUSED,
    ],
    ['a URI without a host', 'permitted;URI:ci.example.com', 'URI:urn:x', REFUSED],
    [
      'a URI of an address, which no exclusion can rule out',
      'excluded;URI:ci.example.com',
      'URI:https://192.0.2.1/',
      REFUSED,
    ],
    ['an address in the network', 'permitted;IP:192.0.2.0/255.255.255.0', 'IP:192.0.2.7', /^ok$/],
    ['an address outside the network', 'permitted;IP:192.0.2.0/255.255.255.0', 'IP:192.0.3.7', REFUSED],
    ['an address of the other version', 'permitted;IP:192.0.2.0/255.255.255.0', 'IP:2001:db8::1', REFUSED],
    ['a subject below the directory name', 'permitted;dirName:permitted', '', /^ok$/],
    ['a subject of another country', 'permitted;dirName:foreign', '', REFUSED],
    ['a subject that is not excluded', 'excluded;dirName:foreign', '', /^ok$/],
    ['a constraint of a form that nobody reads', 'permitted;otherName:1.2.3;UTF8:x', '', UNSUPPORTED],
    ['the same, excluded', 'excluded;RID:1.2.3', '', UNSUPPORTED],
  ])('%s: %s, %s', (_, constraints, names, expected) => {
    expect(judge(constraints, names)).toMatch(expected);
  });

  test('an e-mail address in the subject counts', () => {
    expect(judge('permitted;email:example.com', '', '/CN=x/emailAddress=ci@evil.org')).toMatch(REFUSED);
    expect(judge('permitted;email:example.com', '', '/CN=x/emailAddress=ci@example.com')).toBe('ok');
  });

  test('of the root bind everything below it', () => {
    const bound = pki.issue({
      subject: '/CN=Bound',
      extensions: [...CA, 'nameConstraints=permitted;email:example.com'],
    });
    const inter = pki.issue({ subject: '/CN=Inter', extensions: CA, issuer: bound });
    const leaf = (email: string) =>
      pki.issue({ extensions: [...SIGNER, `subjectAltName=email:${email}`], issuer: inter });
    expect(told(leaf('ci@example.com'), [inter], [bound])).toBe('ok');
    expect(told(leaf('ci@evil.org'), [inter], [bound])).toMatch(REFUSED);
  });
});
