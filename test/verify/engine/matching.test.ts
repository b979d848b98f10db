import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countDistinctVouchers, type Voucher } from '../../../src/verify/engine/matching.ts';

/** Signers that are plain keys: the key is the identity. */
const byKeys = (names: readonly string[]): Voucher[] => names.map((name) => ({ signerId: name, fingerprint: name }));

describe('counting distinct vouchers', () => {
  test.each<[string, [string, string][][], number]>([
    ['a key, and the same key in a certificate', [[['K', 'K']], [['ci@example.com', 'K']]], 1],
    ['one identity with two keys', [[['ci@example.com', 'K1']], [['ci@example.com', 'K2']]], 1],
    [
      'joined through a third proof',
      [
        [['K1', 'K1']],
        [['K2', 'K2']],
        [
          ['ci', 'K1'],
          ['ci', 'K2'],
        ],
      ],
      1,
    ],
    ['two identities with keys of their own', [[['a', 'K1']], [['b', 'K2']]], 2],
  ])('%s', (_name, entries, count) => {
    const vouchers = entries.map((entry) => entry.map(([signerId, fingerprint]) => ({ signerId, fingerprint })));
    expect(countDistinctVouchers(vouchers)).toBe(count);
  });

  test.each<[string, string[][], number]>([
    ['nobody', [], 0],
    ['two entries, two keys', [['a'], ['b']], 2],
    ['the same key through two entries counts once', [['a'], ['a']], 1],
    ['an entry with two keys leaves the shared one to the other', [['a', 'b'], ['a']], 2],
    ['a chain of moves is found', [['a', 'b'], ['a', 'c'], ['a']], 3],
    [
      'three entries share two keys',
      [
        ['a', 'b'],
        ['a', 'b'],
        ['a', 'b'],
      ],
      2,
    ],
    ['an entry that nobody vouched through', [[], ['a']], 1],
  ])('%s', (_name, entries, count) => {
    expect(countDistinctVouchers(entries.map(byKeys))).toBe(count);
  });

  test('equals an exhaustive search', () => {
    const exhaustive = (entries: readonly string[][], used: ReadonlySet<string>): number => {
      const [first, ...rest] = entries;
      if (first === undefined) return 0;
      const options = first.filter((s) => !used.has(s)).map((s) => 1 + exhaustive(rest, new Set([...used, s])));
      return Math.max(exhaustive(rest, used), ...options);
    };
    const entries = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), { maxLength: 5 });
    fc.assert(fc.property(entries, (e) => countDistinctVouchers(e.map(byKeys)) === exhaustive(e, new Set())));
  });
});
