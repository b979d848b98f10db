import { describe, expect, test } from 'vitest';
import { changeOfTrust, trustedKeysOf, trustIdOf } from '../../src/core/trust-id.ts';
import { policyOf } from '../support/builders.ts';

const signerId = (name: string): string => `usable ${name}`;
const base = policyOf('production');

describe('trustIdOf', () => {
  test.each<[string, Readonly<Record<string, unknown>>, 'PolicyChanged' | undefined]>([
    ['other images', { images: ['registry.example.com/*'] }, undefined],
    ['another severity', { severity: 'low' }, undefined],
    ['another schedule', { verification: { schedule: '0 0 * * *' } }, undefined],
    ['an exception', { exceptions: [{ images: ['*'], reason: 'INC-42' }] }, undefined],
    ['another key', { attestors: [{ name: 'team', entries: [{ trustedKey: 'other' }] }] }, 'PolicyChanged'],
    [
      'another count',
      { attestors: [{ name: 'team', count: 1, entries: [{ trustedKey: 'release' }] }] },
      'PolicyChanged',
    ],
    ['a rule on tags', { digest: { onTagDrift: 'Fail' } }, 'PolicyChanged'],
    ['an attestation', { attestations: [{ type: 'https://slsa.dev/provenance/v1' }] }, 'PolicyChanged'],
  ])('%s: %s', (_, spec, change) => {
    expect(changeOfTrust(trustIdOf(base, signerId), trustIdOf(policyOf('production', spec), signerId))).toBe(change);
  });

  test('a signer that changed is a change of trust, for the policies that name it and no others', () => {
    const revoked = (name: string): string => (name === 'release' ? 'revoked' : signerId(name));
    expect(changeOfTrust(trustIdOf(base, signerId), trustIdOf(base, revoked))).toBe('TrustChanged');
    const other = policyOf('other', { attestors: [{ name: 'team', entries: [{ trustedKey: 'other' }] }] });
    expect(trustIdOf(other, revoked)).toBe(trustIdOf(other, signerId));
  });

  test('the order of fields says nothing', () => {
    const entries = [{ trustedKey: 'release', annotations: { a: '1', b: '2' } }];
    const turned = [{ annotations: { b: '2', a: '1' }, trustedKey: 'release' }];
    const ids = [entries, turned].map((e) =>
      trustIdOf(policyOf('p', { attestors: [{ name: 'team', entries: e }] }), signerId),
    );
    expect(ids[0]).toBe(ids[1]);
  });
});

test('trustedKeysOf names every key once, those of attestations too', () => {
  const set = (...keys: string[]) => [{ name: 'team', entries: keys.map((trustedKey) => ({ trustedKey })) }];
  const spec = { attestors: set('b', 'a'), attestations: [{ type: 'https://x.example/y', attestors: set('c', 'a') }] };
  expect(trustedKeysOf(policyOf('p', spec))).toEqual(['a', 'b', 'c']);
});
