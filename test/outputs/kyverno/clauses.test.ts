/** Clauses of a set against the engine's own counting: they hold together exactly when the set does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Clause, clausesOf } from '../../../src/outputs/kyverno/clauses.ts';
import type { Verifier, Voucher } from '../../../src/outputs/kyverno/verifier.ts';
import { countDistinctVouchers } from '../../../src/verify/engine/matching.ts';

const DEMAND = { annotations: {} };

/** A signer by a plain key; `hashes` ways in which Kyverno has to try it. */
function voucher(name: string, hashes: 1 | 2 = 1, demand: Verifier['demand'] = DEMAND): Voucher {
  const log = { required: false, trustRoot: { kind: 'public' } } as const;
  const key = { type: 'key', trustedKey: name, source: { pem: name }, log, demand } as const;
  const all: readonly Verifier[] = [
    { ...key, hash: 'sha256' },
    { ...key, hash: 'sha384' },
  ];
  return { id: `key ${name}`, realm: `key ${name}`, vague: false, verifiers: all.slice(0, hashes) };
}

/** Does Kyverno let it in, when these have signed? It counts verifiers, not signers. */
function holds(clauses: readonly Clause[], signers: ReadonlySet<string>): boolean {
  return clauses.every(({ count, vouchers }) => {
    const met = vouchers.flatMap(({ id, verifiers }) => (signers.has(id.slice('key '.length)) ? verifiers : []));
    return met.length >= count;
  });
}

/** Does the engine call the set met? */
function isMet(entries: readonly (readonly string[])[], count: number, signers: ReadonlySet<string>): boolean {
  const vouched = entries.map((entry) =>
    entry.filter((name) => signers.has(name)).map((name) => ({ signerId: name, fingerprint: name })),
  );
  return countDistinctVouchers(vouched) >= count;
}

const NAMES = ['a', 'b', 'c', 'd'];
const entriesOf = fc.array(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 0, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});

describe('clauses of a set', () => {
  test('hold exactly when the engine says that the set is met, whoever signed', () => {
    fc.assert(
      fc.property(
        entriesOf,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom<1 | 2>(1, 2),
        (entries, wanted, hashes) => {
          const count = Math.min(wanted, entries.length);
          const counted = clausesOf({
            count,
            entries: entries.map((entry) => entry.map((name) => voucher(name, hashes))),
          });
          fc.pre(counted.kind !== 'indistinguishable');
          for (let mask = 0; mask < 2 ** NAMES.length; mask++) {
            const signers = new Set(NAMES.filter((_, index) => (mask & (1 << index)) !== 0));
            const met = isMet(entries, count, signers);
            expect(counted.kind === 'clauses' && holds(counted.clauses, signers)).toBe(met);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each<[string, readonly (readonly Voucher[])[], number, string]>([
    ['nobody is left', [[], []], 1, 'unmeetable'],
    ['too few are left', [[voucher('a')], []], 2, 'unmeetable'],
    ['one key in both entries', [[voucher('a')], [voucher('a')]], 2, 'unmeetable'],
    ['one key in both entries, and another in one', [[voucher('a')], [voucher('a'), voucher('b')]], 2, 'clauses'],
    [
      'one key in two entries with different demands: one signature could meet both',
      [[voucher('a')], [voucher('a', 1, { annotations: { env: 'prod' } })]],
      2,
      'indistinguishable',
    ],
    [
      'a pattern beside a name that it may mean',
      [[voucher('a')], [{ ...voucher('b'), realm: 'key a', vague: true }]],
      2,
      'indistinguishable',
    ],
    [
      'the same, of which one suffices',
      [[voucher('a')], [{ ...voucher('b'), realm: 'key a', vague: true }]],
      1,
      'clauses',
    ],
  ])('%s', (_, entries, count, expected) => expect(clausesOf({ count, entries }).kind).toBe(expected));
});
