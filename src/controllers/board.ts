/**
 * The rows of every workload as they are shown now: what status, reports, events and metrics are read from. Owns the
 * index by policy and what changed from one moment to the next; must never write anything.
 */
import type { Coverage } from '../core/coverage.ts';
import type { Failure } from '../core/failure.ts';
import type { KnownRow } from '../core/known.ts';
import { type Transition, transitionsOf, worstByKey } from '../core/transition.ts';
import { type PreviousRow, type RowSources, rowsOf } from '../store/rows.ts';
import type { VerdictStore } from '../store/verdicts.ts';
import type { PolicyBook } from './policy-book.ts';

/** What came of looking at a workload again. */
export interface Refreshed {
  readonly rows: readonly KnownRow[];
  readonly transitions: readonly Transition[];
  /** The policies with a row or a use in it, before or after. */
  readonly policies: readonly string[];
  /** Uses that no row is there for yet. */
  readonly pending: number;
}

/** The rows. */
export interface Board {
  /** Makes the rows of a workload anew. */
  refresh(workload: string, now: Date): Refreshed;
  /** What an earlier life of the program said of a workload, by `keyOfRow`. */
  restore(workload: string, rows: ReadonlyMap<string, PreviousRow>): void;
  /** The rows of a policy: the same array until one of them changes. */
  rowsOf(policy: string): readonly KnownRow[];
  rows(): Iterable<KnownRow>;
  /** Uses and tasks of a policy that no row is there for yet. */
  pendingOf(policy: string): { readonly uses: number; readonly tasks: number };
}

/** What the board is made of. */
export interface BoardOptions {
  readonly coverage: Coverage;
  readonly book: PolicyBook;
  readonly store: VerdictStore;
  readonly unresolved: (
    policy: string,
    reference: string,
  ) => { readonly failure: Failure; readonly since: Date } | undefined;
  readonly door: RowSources['door'];
}

interface Shown {
  readonly rows: readonly KnownRow[];
  /** Rows by policy, and the tasks of the uses that have none. */
  readonly byPolicy: ReadonlyMap<string, readonly KnownRow[]>;
  readonly pending: ReadonlyMap<string, readonly string[]>;
}

const NOTHING: Shown = { rows: [], byPolicy: new Map(), pending: new Map() };

/** An empty board. */
export function createBoard(options: BoardOptions): Board {
  const shelf = createShelf();
  const restored = new Map<string, ReadonlyMap<string, PreviousRow>>();
  return {
    restore: (workload, rows) => void restored.set(workload, rows),
    refresh(workload, now): Refreshed {
      const before = worstByKey(shelf.get(workload).rows);
      const earlier: ReadonlyMap<string, PreviousRow> = restored.get(workload) ?? new Map<string, PreviousRow>();
      const uses = options.coverage.usesOfWorkload(workload);
      const { rows, pending } = rowsOf(uses, new Map([...earlier, ...before]), sourcesAt(options, now));
      const byPolicy = Map.groupBy(rows, (row) => row.policy);
      const policies = shelf.put(workload, { rows, byPolicy, pending: pendingTasks(pending) });
      // What was read back has served once every use has a row of this life.
      if (pending.length === 0) restored.delete(workload);
      const after = worstByKey(rows);
      const transitions = transitionsOf(withRestored(before, earlier, after), after, now);
      return { rows, transitions, policies, pending: pending.length };
    },
    rowsOf: (policy) => shelf.rowsOf(policy),
    rows: () => shelf.rows(),
    pendingOf(policy): { uses: number; tasks: number } {
      const tasks = shelf.of(policy).flatMap((one) => one.pending.get(policy) ?? []);
      return { uses: tasks.length, tasks: new Set(tasks).size };
    },
  };
}

/** What is shown of each workload, found by policy too. */
interface Shelf extends Pick<Board, 'rowsOf' | 'rows'> {
  get(workload: string): Shown;
  of(policy: string): readonly Shown[];
  /** The policies that were there or are there now. */
  put(workload: string, next: Shown): readonly string[];
}

function createShelf(): Shelf {
  const shown = new Map<string, Shown>();
  const byPolicy = new Map<string, Set<string>>();
  const gathered = new Map<string, readonly KnownRow[]>();
  const of = (policy: string): readonly Shown[] =>
    [...(byPolicy.get(policy) ?? [])].flatMap((workload) => shown.get(workload) ?? []);
  return {
    of,
    get: (workload) => shown.get(workload) ?? NOTHING,
    put(workload, next): readonly string[] {
      const before = policiesIn(shown.get(workload) ?? NOTHING);
      const after = policiesIn(next);
      for (const policy of before) byPolicy.get(policy)?.delete(workload);
      for (const policy of after) byPolicy.set(policy, (byPolicy.get(policy) ?? new Set()).add(workload));
      if (after.size === 0) shown.delete(workload);
      else shown.set(workload, next);
      const touched = [...new Set([...before, ...after])];
      for (const policy of touched) gathered.delete(policy);
      return touched;
    },
    rowsOf(policy): readonly KnownRow[] {
      const rows = gathered.get(policy) ?? of(policy).flatMap((one) => one.byPolicy.get(policy) ?? []);
      gathered.set(policy, rows);
      return rows;
    },
    *rows(): Iterable<KnownRow> {
      for (const { rows } of shown.values()) yield* rows;
    },
  };
}

function sourcesAt({ coverage, book, store, unresolved, door }: BoardOptions, now: Date): RowSources {
  return {
    policiesOf: (use) => coverage.policiesOf(use),
    known: (policy, use) => (use.digest === undefined ? undefined : store.get({ policy, digest: use.digest })),
    trustId: (policy) => book.trustId(policy, now),
    unresolved,
    door,
    now,
  };
}

function policiesIn({ byPolicy, pending }: Shown): Set<string> {
  return new Set([...byPolicy.keys(), ...pending.keys()]);
}

function pendingTasks(
  pending: readonly { readonly policy: string; readonly use: { readonly digest?: string; readonly image: string } }[],
): ReadonlyMap<string, readonly string[]> {
  const groups = Map.groupBy(pending, ({ policy }) => policy);
  return new Map([...groups].map(([policy, uses]) => [policy, uses.map(({ use }) => use.digest ?? use.image)]));
}

/** A verdict that a report had is no news after a start: it counts as what was shown before. */
function withRestored(
  before: ReadonlyMap<string, KnownRow>,
  earlier: ReadonlyMap<string, PreviousRow>,
  after: ReadonlyMap<string, KnownRow>,
): ReadonlyMap<string, KnownRow> {
  if (earlier.size === 0) return before;
  const read = [...earlier].flatMap(([key, row]) => {
    const now = after.get(key);
    return now === undefined ? [] : [[key, { ...now, outcome: row.outcome }] as const];
  });
  return new Map([...read, ...before]);
}
