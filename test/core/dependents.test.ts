import { describe, expect, it } from 'vitest';
import type { DependentRow } from '../../src/core/dependents.ts';
import { dependentsByKey } from '../../src/core/dependents.ts';
import type { Evidence, Verdict } from '../../src/core/verdict.ts';
import { deployment, digestOf, evidenceOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { exceptedKnownRow, knownRow } from '../support/known-rows.ts';
import { threadTime } from '../support/hostile.ts';

type Sets = readonly { name: string; count?: number; keys: readonly string[] }[];

const setsOf = (sets: Sets) =>
  sets.map(({ name, count, keys }) => ({
    name,
    ...(count === undefined ? {} : { count }),
    entries: keys.map((trustedKey) => ({ trustedKey })),
  }));
const policyWith = (sets: Sets, more: object = {}) => policyOf('production', { attestors: setsOf(sets), ...more });
const by = (trustedKey: string, fields: Partial<Evidence> = {}) =>
  evidenceOf({ trustedKey, fingerprint: `SHA256:${trustedKey}`, ...fields });
const vouchedBy = (...evidence: readonly Evidence[]): Verdict => ({
  state: 'verified',
  reason: 'Verified',
  message: '',
  evidence,
  entries: [],
  notes: [],
});
const image = (digit: string, workload: string) =>
  useOf(`registry.example.com/app@${digestOf(digit)}`, { workload: deployment(workload) });

describe('solely dependent workloads', () => {
  const one: Sets = [{ name: 'team', keys: ['a'] }];
  const any: Sets = [{ name: 'team', count: 1, keys: ['a', 'b'] }];
  const both: Sets = [{ name: 'team', keys: ['a', 'b'] }];
  const twoOfThree: Sets = [{ name: 'team', count: 2, keys: ['a', 'b', 'c'] }];
  const two: Sets = [
    { name: 'team', keys: ['a'] },
    { name: 'security', count: 1, keys: ['a', 'b'] },
  ];
  const inSecurity = { set: 'security' };
  it.each([
    ['the one key of the one set', one, [by('a')], { a: 1 }],
    ['two keys, either of which does', any, [by('a'), by('b')], { a: 0, b: 0 }],
    ['two keys, either of which does, and one vouched', any, [by('b')], { a: undefined, b: 1 }],
    ['two keys, both needed', both, [by('a'), by('b')], { a: 1, b: 1 }],
    ['three vouched, two needed', twoOfThree, [by('a'), by('b'), by('c')], { a: 0, b: 0, c: 0 }],
    ['two vouched, two needed', twoOfThree, [by('a'), by('c')], { a: 1, b: undefined, c: 1 }],
    [
      'two entries with one key in both',
      any,
      [by('a', { fingerprint: 'SHA256:x' }), by('b', { fingerprint: 'SHA256:x' })],
      { a: 0, b: 0 },
    ],
    [
      'three vouched, two needed, two of them one key',
      twoOfThree,
      [by('a', { fingerprint: 'SHA256:x' }), by('b', { fingerprint: 'SHA256:x' }), by('c')],
      { a: 0, b: 0, c: 1 },
    ],
    [
      'three vouched, two needed, two of them one holder',
      twoOfThree,
      [by('a', { identity: 'ci', issuer: 'i' }), by('b', { identity: 'ci', issuer: 'i' }), by('c')],
      { a: 0, b: 0, c: 1 },
    ],
    [
      'two sets, one key alone in one of them',
      two,
      [by('a'), by('a', inSecurity), by('b', inSecurity)],
      { a: 1, b: 0 },
    ],
    ['two sets, the other key alone in the other', two, [by('a'), by('b', inSecurity)], { a: 1, b: 1 }],
  ] as const)('%s', (_, sets, evidence, expected) => {
    const found = dependentsByKey([policyWith(sets)], [knownRow(image('a', 'cart'), vouchedBy(...evidence))]);
    const counts = Object.keys(expected).map((key) => {
      const dependents = found.get(key);
      return [key, dependents?.workloads.size === 0 ? undefined : dependents?.solelyDependent.size];
    });
    expect(Object.fromEntries(counts)).toEqual(expected);
  });

  it('an attestation that only one key made makes it needed, whoever signed', () => {
    const type = 'https://slsa.dev/provenance/v1';
    const policy = policyWith(any, { attestations: [{ type }] });
    const proves = { predicateType: type };
    const verdict = vouchedBy(by('a'), by('b'), by('b', { proves }));
    const found = dependentsByKey([policy], [knownRow(image('a', 'cart'), verdict)]);
    expect([...found].map(([key, { solelyDependent }]) => [key, solelyDependent.size])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('one image of a workload that would fall is enough', () => {
    const rows = [
      knownRow(image('a', 'cart'), vouchedBy(by('a'), by('b'))),
      knownRow(image('b', 'cart'), vouchedBy(by('a'))),
      knownRow(image('a', 'web'), vouchedBy(by('a'), by('b'))),
    ];
    const found = dependentsByKey([policyWith(any)], rows).get('a');
    expect([...(found?.solelyDependent.values() ?? [])].map(({ name }) => name)).toEqual(['cart']);
    expect(found?.workloads.size).toBe(2);
    expect(found?.images.size).toBe(2);
  });

  it('goes by who vouched where the evidence did not survive a restart', () => {
    const restored = (keys: readonly string[]): DependentRow => ({
      ...knownRow(image('a', 'cart'), vouchedBy()),
      vouchers: keys.map((trustedKey) => ({ trustedKey })),
    });
    const sole = (row: DependentRow) => dependentsByKey([policyWith(any)], [row]).get('a')?.solelyDependent.size;
    expect(sole(restored(['a']))).toBe(1);
    expect(sole(restored(['a', 'b']))).toBe(0);
  });
});

describe('dependents', () => {
  it('counts policies by what they name, attestations included', () => {
    const entries = [{ trustedKey: 'late' }];
    const attestations = [{ type: 'https://example.com/t', attestors: [{ name: 'x', entries }] }];
    const found = dependentsByKey(
      [policyWith([{ name: 'team', keys: ['a'] }], { attestations }), policyOf('other')],
      [],
    );
    expect([...found].map(([key, { policies }]) => [key, [...policies]])).toEqual([
      ['a', ['production']],
      ['late', ['production']],
      ['release', ['other']],
    ]);
  });

  it('does not count what is rejected, unknown, excepted or of another policy', () => {
    const rows = [
      knownRow(image('a', 'cart'), rejected()),
      knownRow(image('b', 'cart'), unknown()),
      exceptedKnownRow(image('c', 'cart')),
      knownRow(image('d', 'cart'), verified(), { policy: policyOf('gone') }),
    ];
    expect(dependentsByKey([policyOf('production')], rows).get('release')?.workloads.size).toBe(0);
  });

  it('takes 20,000 uses of 1,000 images without anybody noticing', () => {
    const policy = policyWith([{ name: 'team', count: 1, keys: ['a', 'b'] }]);
    const verdicts = Array.from({ length: 1000 }, () => vouchedBy(by('a'), by('b')));
    const rows = Array.from({ length: 20_000 }, (_, index) =>
      knownRow(image('a', `w${index % 10_000}`), verdicts[index % 1000]!, { policy }),
    );
    const start = threadTime();
    const found = dependentsByKey([policy], rows);
    const took = threadTime() - start;
    expect(found.get('a')?.workloads.size).toBe(10_000);
    expect(took).toBeLessThan(500);
  });
});
