/**
 * A transition: the row of a workload that came to another verdict. Made where rows are compared, read by events and
 * logs. Must never be made where nothing changed: events are for news.
 */
import type { ImageUse } from './image-use.ts';
import { keyOfRow, type KnownRow } from './known.ts';
import { stateOf, type ScanOutcome } from './scan-result.ts';
import type { Verdict } from './verdict.ts';

/** Old verdict → new verdict of one use. */
export interface Transition {
  readonly policy: string;
  readonly use: ImageUse;
  /** Absent: the use was not judged before (or was excepted). */
  readonly from?: Verdict;
  readonly to: Verdict;
  readonly at: Date;
}

/** The worst of several rows under one key speaks for them; this is the order, worst first. */
const WORST = ['rejected', 'unknown', 'excepted', 'verified'] as const;

/** Rows by key, the worst of each: what is shown of a workload whose Pods differ. */
export function worstByKey(rows: readonly KnownRow[]): ReadonlyMap<string, KnownRow> {
  const worst = new Map<string, KnownRow>();
  for (const row of rows) {
    const key = keyOfRow(row);
    const before = worst.get(key);
    if (before === undefined || rank(row) < rank(before)) worst.set(key, row);
  }
  return worst;
}

/** The rows of a workload that changed their verdict: state or reason. New rows count, rows that went do not. */
export function transitionsOf(
  before: ReadonlyMap<string, KnownRow>,
  after: ReadonlyMap<string, KnownRow>,
  at: Date,
): readonly Transition[] {
  return [...after].flatMap(([key, row]) => {
    const to = verdictOf(row.outcome);
    const from = verdictOf(before.get(key)?.outcome);
    if (to === undefined || (from?.state === to.state && from.reason === to.reason)) return [];
    return [{ policy: row.policy, use: row.use, ...(from === undefined ? {} : { from }), to, at }];
  });
}

function verdictOf(outcome: ScanOutcome | undefined): Verdict | undefined {
  return outcome?.kind === 'judged' ? outcome.verdict : undefined;
}

function rank(row: KnownRow): number {
  return WORST.indexOf(stateOf(row));
}
