import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import {
  parseNotationTrustPolicy,
  selectStatement,
  signerOfStatement,
} from '../../../src/verify/trust/trust-policy.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/keys/pki/${name}`, import.meta.url), 'utf8');
const root = parsePemCertificates(read('root.crt'));
const stores = new Map([
  ['ca:acme', root],
  ['tsa:acme', root],
  ['ca:empty', []],
]);

const statement = {
  name: 'images',
  registryScopes: ['*'],
  signatureVerification: { level: 'strict' },
  trustStores: ['ca:acme'],
  trustedIdentities: ['x509.subject: C=US, ST=WA, O=Test'],
};
const verification = (signatureVerification: unknown): string => file({ ...statement, signatureVerification });
const skip = {
  name: 'skipped',
  registryScopes: ['registry.example.com/unsigned'],
  signatureVerification: { level: 'skip' },
};

function file(...trustPolicies: readonly unknown[]): string {
  return JSON.stringify({ version: '1.0', trustPolicies });
}

function signerFor(text: string, repository: string): ReturnType<typeof signerOfStatement> {
  return signerOfStatement(selectStatement(parseNotationTrustPolicy(text, stores), repository), 'policy');
}

describe('the statement for a repository', () => {
  const named = { ...statement, name: 'named', registryScopes: ['registry.example.com/team/app'] };
  const nameFor = (text: string, repository: string): string | undefined =>
    selectStatement(parseNotationTrustPolicy(text, stores), repository).statement?.name;

  test.each([
    ['is the one that names it, wherever it stands', file(statement, named), 'registry.example.com/team/app', 'named'],
    ['is else the one for *', file(named, statement), 'registry.example.com/team/app2', 'images'],
    ['is else none', file(named), 'registry.example.com/team', undefined],
    ['is not one for a repository above it', file(named), 'registry.example.com/team/app/sub', undefined],
    ['is found by the exact case', file(named), 'REGISTRY.example.com/team/app', undefined],
    ['is not found by writing *', file(named), '*', undefined],
  ])('%s', (_, text, repository, name) => expect(nameFor(text, repository)).toBe(name));
});

describe('the signer of a statement', () => {
  test('has the certificates of its stores, its level and identities', () => {
    const text = verification({
      level: 'permissive',
      override: { revocation: 'skip' },
      verifyTimestamp: 'afterCertExpiry',
    });
    expect(signerFor(text.replace('["ca:acme"]', '["ca:acme","tsa:acme"]'), 'a/b')).toMatchObject({
      state: 'usable',
      name: 'policy',
      material: {
        type: 'notation',
        ca: root,
        tsa: root,
        signingAuthority: [],
        verifyTimestamp: 'afterCertExpiry',
        level: { authenticity: 'enforce', expiry: 'log', revocation: 'skip' },
      },
    });
  });

  test.each([
    [
      'no statement',
      file(skip),
      'registry.example.com/app',
      'TrustedKeyMissing',
      'no statement of the trust policy holds for registry.example.com/app',
    ],
    [
      'a statement that skips',
      file(skip),
      'registry.example.com/unsigned',
      'TrustedKeyNotReady',
      'statement skipped of the trust policy skips verification',
    ],
    [
      'a store that is not given',
      file({ ...statement, trustStores: ['ca:other'] }),
      'a/b',
      'TrustedKeyNotReady',
      'trust store ca:other, which is not given',
    ],
    [
      'a store that is empty',
      file({ ...statement, trustStores: ['ca:acme', 'ca:empty'] }),
      'a/b',
      'TrustedKeyNotReady',
      'ca:empty',
    ],
    [
      'a store of another type',
      file({ ...statement, trustStores: ['signingAuthority:acme'] }),
      'a/b',
      'TrustedKeyNotReady',
      'signingAuthority:acme',
    ],
  ])('%s: never usable', (_, text, repository, reason, message) => {
    const signer = signerFor(text, repository);
    expect(signer).toMatchObject({ state: 'unusable', reason });
    expect(signer.state === 'unusable' ? signer.message : '').toContain(message);
  });
});

describe('a file that is refused, with its place', () => {
  test.each([
    ['no JSON', '{', 'JSON'],
    ['a key twice', '{"version":"1.0","version":"1.0"}', 'JSON'],
    ['a list', '[]', 'trust policy: expected an object'],
    ['another version', '{"version":"2.0","trustPolicies":[]}', 'version: expected "1.0", found "2.0"'],
    ['no version', '{"trustPolicies":[]}', 'version: expected "1.0", found nothing'],
    ['no statements', file(), 'trustPolicies: expected a list of 1 to 256 statements, found an empty list'],
    ['a statement that is no object', file(1), 'trustPolicies[0]: expected an object'],
    ['a misspelt field', file({ ...statement, trustedIdentites: [] }), 'unknown field "trustedIdentites"'],
    ['no name', file({ ...statement, name: '' }), 'trustPolicies[0].name'],
    ['one name twice', file(statement, { ...statement, registryScopes: ['a/b'] }), 'each name in one statement'],
    ['one scope twice', file(statement, { ...statement, name: 'b' }), 'each registry scope in one statement'],
    ['one scope twice in one statement', file({ ...statement, registryScopes: ['a/b', 'a/b'] }), 'each registry scope'],
    ['no scopes', file({ ...statement, registryScopes: [] }), 'registryScopes: expected a list of 1'],
    ['* beside a repository', file({ ...statement, registryScopes: ['*', 'a/b'] }), '* alone'],
    ['a partial wildcard', file({ ...statement, registryScopes: ['registry.example.com/*'] }), 'whole repositories'],
    ['a scope with a tag', file({ ...statement, registryScopes: ['registry.example.com/a:v1'] }), 'whole repositories'],
    [
      'a scope with a scheme',
      file({ ...statement, registryScopes: ['https://registry.example.com/a'] }),
      'whole repositories',
    ],
    ['a registry alone', file({ ...statement, registryScopes: ['registry.example.com'] }), 'whole repositories'],
    [
      'no verification',
      file({ ...statement, signatureVerification: undefined }),
      'signatureVerification: expected an object',
    ],
    [
      'no level',
      verification({}),
      'signatureVerification.level: expected strict, permissive, audit or skip, found nothing',
    ],
    ['another level', verification({ level: 'Strict' }), 'found "Strict"'],
    ['an override of integrity', verification({ level: 'strict', override: { integrity: 'log' } }), 'always enforced'],
    [
      'an override that skips expiry',
      verification({ level: 'strict', override: { expiry: 'skip' } }),
      'which only revocation may be',
    ],
    [
      'another verifyTimestamp',
      verification({ level: 'strict', verifyTimestamp: 'never' }),
      'always or afterCertExpiry',
    ],
    ['skip for *', file({ ...skip, registryScopes: ['*'] }), 'where the level is skip'],
    ['skip with stores', file({ ...skip, trustStores: ['ca:acme'] }), 'trustPolicies[0].trustStores: expected nothing'],
    [
      'skip with an override',
      file({ ...skip, signatureVerification: { level: 'skip', override: { expiry: 'log' } } }),
      'expected nothing, where the level is skip',
    ],
    ['no stores', file({ ...statement, trustStores: [] }), 'trustStores: expected a list of 1'],
    ['a store without type', file({ ...statement, trustStores: ['acme'] }), 'TYPE:NAME'],
    ['a store of an unknown type', file({ ...statement, trustStores: ['tuf:acme'] }), 'TYPE:NAME'],
    ['a store name with a slash', file({ ...statement, trustStores: ['ca:../acme'] }), 'TYPE:NAME'],
    ['timestamp authorities alone', file({ ...statement, trustStores: ['tsa:acme'] }), 'at least one store of type ca'],
    ['no identities', file({ ...statement, trustedIdentities: [] }), 'trustedIdentities: expected a list of 1'],
    [
      'an identity that is no text',
      file({ ...statement, trustedIdentities: [1] }),
      'trustedIdentities[0]: expected a text',
    ],
    [
      '* beside an identity',
      file({ ...statement, trustedIdentities: ['*', 'x509.subject: C=US, ST=WA, O=a'] }),
      "'*' alone",
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseNotationTrustPolicy(text, stores)).toThrow(Failure);
    expect(() => parseNotationTrustPolicy(text, stores)).toThrow(message);
  });

  test('whatever stands in a field, the outcome is a policy or a Failure', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(statement)), fc.jsonValue(), (field, value) => {
        try {
          parseNotationTrustPolicy(file({ ...statement, [field]: value }), stores);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      }),
    );
  });
});
