/**
 * Hostile bytes for everything that reads them: never a crash, never a hang, never a proof of something else.
 * `make check` runs 2,000 inputs, `make fuzz` 100,000 (FUZZ_RUNS); FUZZ_SEED replays a run, FUZZ_TARGET picks targets
 * by a part of their name. A failure prints its seed, its path and the input itself.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PARSERS } from './parsers.ts';
import { PROOFS } from './proofs.ts';

const TOTAL = Number(process.env['FUZZ_RUNS'] ?? 2_000);
const SEED = process.env['FUZZ_SEED'];
const ONLY = process.env['FUZZ_TARGET'] ?? '';
const ALL = [...PARSERS, ...PROOFS];
const CHOSEN = ALL.filter(({ name }) => name.includes(ONLY));
const RUNS = Math.ceil(TOTAL / ALL.length);
/** Milliseconds for all runs of one target: far more than they take. */
const PATIENCE = 20_000 + RUNS * 100;

test('every target has something to start from', () => {
  expect(CHOSEN.filter(({ seeds }) => seeds === 0).map(({ name }) => name)).toEqual([]);
});

describe('hostile bytes', () => {
  test.each(CHOSEN.map((target) => [target.name, target] as const))('%s', { timeout: PATIENCE }, (_name, target) => {
    const edits = fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 5 });
    const property = fc.property(fc.nat({ max: 10_000 }), edits, (seed, salts) => target.run(seed, salts));
    fc.assert(property, { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
  });
});
