/**
 * Who must vouch, as other policies say it (thresholds over signers and over further thresholds), turned into attestor
 * sets of ours, all of which must hold. Exact where nobody is counted twice; stricter, and said so, where Kyverno counts
 * one signer twice. Must never come out weaker.
 */
import { canonical } from '../canonical.ts';
import type { EntrySpec, SetSpec } from './draft.ts';

/** A signer, or so many of these. */
export type Formula =
  | { readonly kind: 'signer'; readonly entry: EntrySpec }
  | { readonly kind: 'threshold'; readonly count: number; readonly of: readonly Formula[] };

/** The sets, and what is to be said of them; or why there are none. */
export type Solved =
  | { readonly ok: true; readonly sets: readonly SetSpec[]; readonly remarks: readonly string[] }
  | { readonly ok: false; readonly why: string };

const MAX_ENTRIES = 32;
/** Work on nested thresholds; what a hand-written policy says stays far below. */
const MAX_CLAUSES = 512;
const MAX_DEPTH = 8;

interface Threshold {
  readonly count: number;
  readonly entries: readonly EntrySpec[];
}

/** Sets that hold exactly when every formula does. `maxSets` is the bound of the field that they go to. */
export function setsOf(formulas: readonly Formula[], maxSets: 8 | 16): Solved {
  const remarks = new Set<string>();
  const thresholds = formulas.map((formula) => thresholdsOf(formula, 0));
  const known = thresholds.flatMap((found) => found ?? []).flatMap((threshold) => distinct(threshold, remarks));
  if (known.length === 0 || thresholds.includes(undefined))
    return { ok: false, why: 'these nested attestors need more sets than a policy holds: write them as fewer rules' };
  const once = [...new Map(known.map((threshold) => [canonical(threshold), threshold])).values()];
  if (once.length > maxSets)
    return { ok: false, why: `this needs ${once.length} attestor sets, of ${maxSets} at most` };
  if (once.some(({ entries }) => entries.length > MAX_ENTRIES))
    return { ok: false, why: `this needs an attestor set of more than ${MAX_ENTRIES} entries` };
  return { ok: true, sets: once.map(setOf), remarks: [...remarks] };
}

function setOf({ count, entries }: Threshold, index: number): SetSpec {
  const name = index === 0 ? 'signers' : `signers-${index + 1}`;
  return { name, ...(count === entries.length ? {} : { count }), entries: [...entries] };
}

/** Undefined where it would be too much. */
function thresholdsOf(formula: Formula, depth: number): readonly Threshold[] | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (formula.kind === 'signer') return [{ count: 1, entries: [formula.entry] }];
  const of = flattened(formula);
  const signers = of.flatMap((part) => (part.kind === 'signer' ? [part.entry] : []));
  if (signers.length === of.length) return [{ count: formula.count, entries: signers }];
  if (formula.count < of.length) return clausesOf({ ...formula, of });
  const own = signers.length === 0 ? [] : [{ count: signers.length, entries: signers }];
  const parts = of.map((part) => (part.kind === 'signer' ? [] : thresholdsOf(part, depth + 1)));
  return parts.includes(undefined) ? undefined : [...own, ...parts.flatMap((part) => part ?? [])];
}

/** One of one is itself; any of (any of …) is any of all. */
function flattened({ count, of }: Extract<Formula, { kind: 'threshold' }>): readonly Formula[] {
  return of.flatMap((part): readonly Formula[] => {
    if (part.kind === 'signer') return [part];
    const inner = flattened(part);
    if (inner.length === 1) return inner;
    return count === 1 && part.count === 1 ? inner : [{ ...part, of: inner }];
  });
}

/** Conjunctive normal form: every clause is a set of which one must vouch. */
function clausesOf(formula: Formula): readonly Threshold[] | undefined {
  const clauses = cnf(formula, 0);
  return clauses?.map((entries) => ({ count: 1, entries: unique(entries) }));
}

type Clauses = readonly (readonly EntrySpec[])[];

/** At least k of n hold exactly when in every choice of n - k + 1 of them one does. */
function cnf(formula: Formula, depth: number): Clauses | undefined {
  if (formula.kind === 'signer') return [[formula.entry]];
  if (depth > MAX_DEPTH || formula.of.length > MAX_ENTRIES) return undefined;
  const parts = formula.of.map((part) => cnf(part, depth + 1));
  const result: (readonly EntrySpec[])[] = [];
  for (const choice of choices(parts, parts.length - formula.count + 1)) {
    const clauses = choice.reduce<Clauses | undefined>((left, right) => disjunction(left, right), [[]]);
    if (clauses === undefined) return undefined;
    result.push(...clauses);
    if (result.length > MAX_CLAUSES) return undefined;
  }
  return result;
}

function disjunction(left: Clauses | undefined, right: Clauses | undefined): Clauses | undefined {
  if (left === undefined || right === undefined || left.length * right.length > MAX_CLAUSES) return undefined;
  return left.flatMap((a) => right.map((b) => [...a, ...b]));
}

/** Every choice of so many, in order. Stops being asked once there are too many clauses. */
function* choices<T>(items: readonly T[], size: number): Generator<readonly T[], void, undefined> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let first = 0; first + size <= items.length; first += 1) {
    const head = items.slice(first, first + 1);
    for (const tail of choices(items.slice(first + 1), size - 1)) yield [...head, ...tail];
  }
}

/**
 * With us each entry is vouched for by a signer of its own. One key twice is one entry; one key with several demands,
 * all of which must hold, is several sets.
 */
function distinct({ count, entries }: Threshold, remarks: Set<string>): readonly Threshold[] {
  const once = unique(entries);
  if (once.length < entries.length && count > 1)
    remarks.add('one signer stands here twice, which Kyverno counts twice; here it counts once');
  const keys = new Set(once.map(({ trustedKey }) => trustedKey));
  const needed = Math.min(count, once.length);
  if (keys.size === once.length || needed === 1) return [{ count: needed, entries: once }];
  if (needed === once.length) return once.map((entry) => ({ count: 1, entries: [entry] }));
  remarks.add('one key stands here with several demands; here each of them needs a signer of its own');
  return [{ count: needed, entries: once }];
}

function unique(entries: readonly EntrySpec[]): readonly EntrySpec[] {
  return [...new Map(entries.map((entry) => [canonical(entry), entry])).values()];
}
