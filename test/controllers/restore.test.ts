import { describe, expect, test } from 'vitest';
import { restoredTasks } from '../../src/controllers/restore.ts';
import type { RestoredReport, RestoredRow } from '../../src/outputs/report-restore.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { deployment, digestOf, rejected, unknown, useOf, verified } from '../support/builders.ts';

const CHANGED = new Date('2026-11-20T00:00:00Z');
const PASSED = new Date('2026-11-21T00:00:00Z');
const image = (name: string, hex = 'a'): string => `registry.example.com/shop/${name}@${digestOf(hex)}`;

function rowOf(verdict: Verdict, fields: Partial<RestoredRow> = {}): RestoredRow {
  return {
    policy: 'production',
    outcome: { kind: 'judged', verdict },
    changedAt: CHANGED,
    trustId: 'trust',
    vouchers: [{ trustedKey: 'release' }],
    use: useOf(image('cart')),
    ...fields,
  };
}

function reportOf(...rows: readonly RestoredRow[]): RestoredReport {
  return {
    name: 'report',
    namespace: 'shop',
    workload: deployment('cart'),
    rows: new Map(rows.map((row, index) => [`${index}`, row])),
    contentId: '',
  };
}

const restored = (...rows: readonly RestoredRow[]) => restoredTasks([reportOf(...rows)], () => PASSED);
const because = (reason: Extract<Verdict, { state: 'rejected' }>['reason']): Verdict =>
  ({ ...rejected(), reason }) as Verdict;

describe('what a report says of a digest', () => {
  test('is known again, under its trust, confirmed by the last pass, and marked as read back', () => {
    const verdict = verified();
    expect(restored(rowOf(verdict))).toEqual([
      {
        policy: 'production',
        digest: digestOf('a'),
        trustId: 'trust',
        established: { verdict, at: PASSED, changedAt: CHANGED, vouchers: [{ trustedKey: 'release' }] },
        leads: new Map(),
        references: new Set([image('cart')]),
        restored: true,
      },
    ]);
  });

  test.each<[string, Date | undefined]>([
    ['where no pass was complete', undefined],
    ['where the last pass is older than the change', new Date('2026-11-19T00:00:00Z')],
  ])('is as old as its change %s', (_, checkedAt) => {
    expect(restoredTasks([reportOf(rowOf(rejected()))], () => checkedAt)[0]?.established?.at).toEqual(CHANGED);
  });

  test.each<[string, RestoredRow]>([
    ['an outage', rowOf(unknown())],
    ['a spec without a digest', rowOf(because('DigestRequired'))],
    ['a tag that moved', rowOf(because('TagDrift'))],
    ['an exception', rowOf(verified(), { outcome: { kind: 'excepted', reason: 'INC-42' } })],
    ['nothing of the trust', { ...rowOf(verified()), trustId: undefined as never }],
    ['a digest that is none', rowOf(verified(), { use: { ...useOf(image('cart')), digest: 'sha256:abc' } })],
  ])('is not known again where it says %s', (_, row) => {
    const { trustId, ...rest } = row;
    expect(restored(trustId === undefined ? rest : row)).toEqual([]);
  });
});

describe('several results of one digest', () => {
  test('are one task with all their names; verified is of the digest, the rest of a use', () => {
    const rows = [
      rowOf(rejected()),
      rowOf(verified(), { use: useOf(image('till')) }),
      rowOf(because('TagDrift'), { use: useOf(image('web')) }),
    ];
    const [known, ...rest] = restored(...rows);
    expect(rest).toEqual([]);
    expect(known?.established?.verdict.state).toBe('verified');
    expect(known?.references).toEqual(new Set([image('cart'), image('till')]));
  });

  test('of several policies, digests and trusts are a task each', () => {
    const rows = [
      rowOf(verified()),
      rowOf(verified(), { policy: 'staging' }),
      rowOf(verified(), { use: useOf(image('cart', 'b')) }),
      rowOf(verified(), { trustId: 'before' }),
    ];
    expect(restored(...rows)).toHaveLength(4);
  });

  test('a name that was cut is no name', () => {
    const use = { ...useOf(image('cart')), image: 'registry.example.com/shop/…' };
    expect(restored(rowOf(verified(), { use }))[0]?.references).toEqual(new Set());
  });
});
