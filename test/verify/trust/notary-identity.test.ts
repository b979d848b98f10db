import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { parseNotaryIdentities } from '../../../src/verify/trust/notary-identity.ts';
import { notaryLevel } from '../../../src/verify/trust/notary-level.ts';

const attributesOf = (...identities: string[]): readonly Record<string, string>[] | '*' => {
  const parsed = parseNotaryIdentities(identities);
  return parsed === '*' ? '*' : parsed.map(({ attributes }) => Object.fromEntries(attributes));
};

describe('identities that are taken', () => {
  const base = { C: 'US', ST: 'WA', O: 'Acme' };

  test.each([
    ['as the specification writes them', 'x509.subject: C=US, ST=WA, O=Acme', base],
    ['without spaces', 'x509.subject:C=US,ST=WA,O=Acme', base],
    ['S for ST', 'x509.subject: C=US, S=WA, O=Acme', base],
    ['lower-case types', 'x509.subject: c=US, st=WA, o=Acme', base],
    ['object identifiers', 'x509.subject: 2.5.4.6=US, 2.5.4.8=WA, 2.5.4.10=Acme', base],
    [
      'more attributes',
      'x509.subject: C=US, ST=WA, L=Seattle, O=Acme, OU=a, CN=b',
      { ...base, L: 'Seattle', OU: 'a', CN: 'b' },
    ],
    ['an escaped comma', 'x509.subject: C=US, ST=WA, O=Acme\\, Inc.', { ...base, O: 'Acme, Inc.' }],
    ['an escaped semicolon and backslash', 'x509.subject: C=US, ST=WA, O=a\\;b\\\\', { ...base, O: 'a;b\\' }],
    ['an escaped plus', 'x509.subject: C=US, ST=WA, O=a\\+b', { ...base, O: 'a+b' }],
    ['escaped spaces at both ends', 'x509.subject: C=US, ST=WA, O=\\ Acme\\ ', { ...base, O: ' Acme ' }],
    ['an escaped space at the end of the middle one', 'x509.subject: C=US, O=Acme\\ , ST=WA', { ...base, O: 'Acme ' }],
    ['spaces inside', 'x509.subject: C=US, ST=WA, O=Acme  Two', { ...base, O: 'Acme  Two' }],
    ['escaped UTF-8', 'x509.subject: C=US, ST=WA, O=M\\C3\\BCller', { ...base, O: 'Müller' }],
    ['plain UTF-8', 'x509.subject: C=US, ST=WA, O=Müller 😀', { ...base, O: 'Müller 😀' }],
    ['an equals sign in a value', 'x509.subject: C=US, ST=WA, O=a=b', { ...base, O: 'a=b' }],
    ['a hash behind the start', 'x509.subject: C=US, ST=WA, O=a#b', { ...base, O: 'a#b' }],
    ['an escaped hash at the start', 'x509.subject: C=US, ST=WA, O=\\#b', { ...base, O: '#b' }],
  ])('%s', (_, text, attributes) => expect(attributesOf(text)).toEqual([attributes]));

  test('* alone', () => expect(attributesOf('*')).toBe('*'));

  test('several that differ in an attribute that all of them have', () => {
    expect(attributesOf('x509.subject: C=US, ST=WA, O=a', 'x509.subject: C=US, ST=WA, O=b')).toHaveLength(2);
    expect(attributesOf('x509.subject: C=US, ST=WA, O=a, CN=x', 'x509.subject: C=US, ST=WA, O=a, CN=y')).toHaveLength(
      2,
    );
  });

  test('escaping a value and reading it gives the value', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(value, (text) => {
        const escaped = [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
        const [identity] = attributesOf(`x509.subject: C=US, ST=WA, O=${escaped}`);
        return typeof identity === 'object' && identity['O'] === text;
      }),
    );
  });
});

describe('identities that are refused', () => {
  test.each([
    ['none', [], 'at least one identity'],
    ['* beside another', ['*', 'x509.subject: C=US, ST=WA, O=a'], "'*' alone"],
    ['no prefix', ['C=US, ST=WA, O=a'], 'x509.subject: C=…'],
    ['another prefix', ['x509.san: a'], 'x509.subject: C=…'],
    ['no country', ['x509.subject: ST=WA, O=a'], 'no C'],
    ['no state, no organization', ['x509.subject: C=US'], 'no ST, no O'],
    ['an attribute twice', ['x509.subject: C=US, ST=WA, O=a, O=b'], 'O twice'],
    ['ST and S', ['x509.subject: C=US, ST=WA, S=WA, O=a'], 'ST twice'],
    ['nothing behind the prefix', ['x509.subject:'], 'TYPE=value'],
    ['an empty value', ['x509.subject: C=US, ST=, O=a'], 'a value for ST'],
    ['a trailing comma', ['x509.subject: C=US, ST=WA, O=a,'], 'TYPE=value'],
    ['a multi-valued RDN', ['x509.subject: C=US+ST=WA, O=a'], 'joined by +'],
    ['a hex value', ['x509.subject: C=#1302, ST=WA, O=a'], 'as hex'],
    ['a bad escape', ['x509.subject: C=US, ST=WA, O=a\\z'], 'an escape such as'],
    ['a backslash at the end', ['x509.subject: C=US, ST=WA, O=a\\'], 'an escape such as'],
    ['half a character', ['x509.subject: C=US, ST=WA, O=\\C3'], 'UTF-8'],
    ['a bare quote', ['x509.subject: C=US, ST=WA, O="a"'], 'behind a backslash'],
    ['too long', [`x509.subject: C=US, ST=WA, O=${'a'.repeat(2000)}`], 'at most 1024'],
    ['the same twice', ['x509.subject: C=US, ST=WA, O=a', 'x509.subject: O=a, S=WA, C=US'], 'do not overlap'],
    [
      'one inside another',
      ['x509.subject: C=US, ST=WA, O=a, OU=x', 'x509.subject: C=US, ST=WA, O=a'],
      '2, which holds for all that 1',
    ],
  ])('%s', (_, identities, message) => {
    expect(() => parseNotaryIdentities(identities)).toThrow(Failure);
    expect(() => parseNotaryIdentities(identities)).toThrow(message);
  });

  test('whatever a text says, it is read or refused with a Failure', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('C=US', 'ST', 'O', ',', ';', '+', '=', '\\', '#', '"', ' ', '0a', 'é', '😀'),
        }),
        (text) => {
          try {
            parseNotaryIdentities([`x509.subject: ${text}`]);
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
          }
        },
      ),
    );
  });
});

describe('levels', () => {
  const steps = (name: 'strict' | 'permissive' | 'audit', overrides = {}): string => {
    const { authenticity, authenticTimestamp, expiry, revocation } = notaryLevel(name, overrides);
    return [authenticity, authenticTimestamp, expiry, revocation].join(' ');
  };

  test.each([
    ['strict', {}, 'enforce enforce enforce enforce'],
    ['permissive', {}, 'enforce log log log'],
    ['audit', {}, 'log log log log'],
    ['strict', { expiry: 'log', revocation: 'skip' }, 'enforce enforce log skip'],
    ['audit', { authenticity: 'enforce' }, 'enforce log log log'],
  ] as const)('%s with %o', (name, overrides, outcome) => expect(steps(name, overrides)).toBe(outcome));

  test.each([
    ['integrity', { integrity: 'log' }, 'always enforced'],
    ['another step', { foo: 'log' }, 'authenticity, authenticTimestamp, expiry or revocation'],
    ['authenticity skipped', { authenticity: 'skip' }, 'which only revocation may be'],
    ['expiry skipped', { expiry: 'skip' }, 'which only revocation may be'],
    ['another action', { revocation: 'warn' }, 'enforce, log or skip'],
    ['no text', { revocation: 1 }, 'enforce, log or skip'],
  ])('an override of %s is refused', (_, overrides, message) => {
    expect(() => notaryLevel('strict', overrides)).toThrow(message);
  });

  test('an override shows in the name', () => {
    expect(notaryLevel('strict', { revocation: 'skip' }).name).toBe('strict (revocation: skip)');
    expect(notaryLevel('strict').name).toBe('strict');
  });
});
