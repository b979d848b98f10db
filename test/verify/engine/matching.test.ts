import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countDistinctVouchers } from '../../../src/verify/engine/matching.ts';

describe('counting distinct vouchers', () => {
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
    expect(countDistinctVouchers(entries)).toBe(count);
  });

  test('equals an exhaustive search', () => {
    const exhaustive = (entries: readonly string[][], used: ReadonlySet<string>): number => {
      const [first, ...rest] = entries;
      if (first === undefined) return 0;
      const options = first.filter((s) => !used.has(s)).map((s) => 1 + exhaustive(rest, new Set([...used, s])));
      return Math.max(exhaustive(rest, used), ...options);
    };
    const entries = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), { maxLength: 5 });
    fc.assert(fc.property(entries, (e) => countDistinctVouchers(e) === exhaustive(e, new Set())));
  });
});
