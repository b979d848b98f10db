/**
 * Attestor set → clauses that hold together when, and only when, the set does: "so many of these signers". Owns the
 * counting; Kyverno counts entries where the engine counts signers, so no signer may stand twice where more than one is
 * asked for. Must never make a clause that fewer signers meet than the set asks for.
 */
import type { Voucher } from './verifier.ts';

/** At least `count` of the vouchers. With a count above 1 every voucher has one verifier. */
export interface Clause {
  readonly count: number;
  readonly vouchers: readonly Voucher[];
}

/** Entries of a set: for each its vouchers, none where its key vouches for nothing. */
export interface CountedSet {
  readonly count: number;
  readonly entries: readonly (readonly Voucher[])[];
}

/** The clauses, all of which must hold. */
export type Counted =
  | { readonly kind: 'clauses'; readonly clauses: readonly Clause[] }
  /** Not enough signers are left to meet the set. */
  | { readonly kind: 'unmeetable' }
  /** One signer could meet two entries, and Kyverno could not tell. */
  | { readonly kind: 'indistinguishable' };

/** More clauses than this are no policy that a person could read, and too much work at admission. */
const MAX_CLAUSES = 64;

/** The clauses of a set. */
export function clausesOf({ count, entries }: CountedSet): Counted {
  const open = entries.filter((entry) => entry.length > 0);
  if (open.length < count) return { kind: 'unmeetable' };
  if (count === 1) return clauses([{ count, vouchers: distinct(open.flat()) }]);
  if (isIndistinguishable(open)) return { kind: 'indistinguishable' };
  const raw = isDisjoint(open) ? disjointClauses(open, count) : hallClauses(open, count);
  if (raw === undefined) return { kind: 'indistinguishable' };
  if (raw.some((clause) => clause.vouchers.length < clause.count)) return { kind: 'unmeetable' };
  const flat = raw.map(singleVerifiers);
  const all = flat.some((part) => part === undefined) ? undefined : flat.flatMap((part) => part ?? []);
  return all === undefined || all.length > MAX_CLAUSES ? { kind: 'indistinguishable' } : clauses(withoutImplied(all));
}

function clauses(list: readonly Clause[]): Counted {
  return { kind: 'clauses', clauses: list };
}

/** One voucher with one id and different demands (annotations, repository) in two entries, or a vague one beside another of its realm. */
function isIndistinguishable(entries: readonly (readonly Voucher[])[]): boolean {
  const placed = entries.flatMap((entry, place) => entry.map((voucher) => ({ voucher, place })));
  return placed.some((a) => placed.some((b) => a.place < b.place && areConfusable(a.voucher, b.voucher)));
}

function areConfusable(a: Voucher, b: Voucher): boolean {
  if (a.realm === b.realm && (a.vague || b.vague)) return true;
  return a.id === b.id && demandsOf(a) !== demandsOf(b);
}

function demandsOf({ verifiers }: Voucher): string {
  return JSON.stringify(verifiers.map(({ demand }) => demand));
}

function isDisjoint(entries: readonly (readonly Voucher[])[]): boolean {
  const ids = entries.flatMap((entry) => distinct(entry)).map(({ id }) => id);
  return new Set(ids).size === ids.length;
}

/** Of n entries k vouch: with one voucher each that is one clause, else one of every n − k + 1 entries must. */
function disjointClauses(entries: readonly (readonly Voucher[])[], count: number): readonly Clause[] | undefined {
  if (entries.every((entry) => entry.length === 1)) return [{ count, vouchers: entries.flat() }];
  return subsets(entries, entries.length - count + 1)?.map((chosen) => ({
    count: 1,
    vouchers: distinct(chosen.flat()),
  }));
}

/**
 * Entries that share signers: k entries can be given a signer of their own when, whichever j < k entries are left out,
 * at least k − j signers vouched through the others (the theorem of König and Hall on matchings).
 */
function hallClauses(entries: readonly (readonly Voucher[])[], count: number): readonly Clause[] | undefined {
  const levels = Array.from({ length: count }, (_, leftOut) => subsets(entries, entries.length - leftOut));
  if (levels.some((level) => level === undefined)) return undefined;
  const all = levels.flatMap((level, leftOut) =>
    (level ?? []).map((chosen) => ({ count: count - leftOut, vouchers: distinct(chosen.flat()) })),
  );
  return all.length > MAX_CLAUSES ? undefined : withoutImplied(all);
}

/** Where a voucher has several verifiers, Kyverno would count it twice: then one of every n − k + 1 vouchers must vouch. */
function singleVerifiers(clause: Clause): readonly Clause[] | undefined {
  const { count, vouchers } = clause;
  if (count === 1 || vouchers.every(({ verifiers }) => verifiers.length === 1)) return [clause];
  return subsets(vouchers, vouchers.length - count + 1)?.map((chosen) => ({ count: 1, vouchers: chosen }));
}

/** Leaves out a clause that another one implies, the later one where they say the same. */
function withoutImplied(list: readonly Clause[]): readonly Clause[] {
  return list.filter((clause, index) =>
    list.every((other, at) => at === index || !implies(other, clause) || (implies(clause, other) && index < at)),
  );
}

/** At least a of A; of them at most |A \ B| lie outside of B. */
function implies(a: Clause, b: Clause): boolean {
  const within = new Set(b.vouchers.map(({ id }) => id));
  const outside = a.vouchers.filter(({ id }) => !within.has(id)).length;
  return a.count - outside >= b.count;
}

function distinct(vouchers: readonly Voucher[]): readonly Voucher[] {
  return [...new Map(vouchers.map((voucher) => [`${voucher.id} ${demandsOf(voucher)}`, voucher])).values()];
}

/** All subsets of a size, in order; undefined where they are too many. */
function subsets<T>(items: readonly T[], size: number): readonly (readonly T[])[] | undefined {
  let found: readonly (readonly T[])[] = [[]];
  for (const [index, item] of items.entries()) {
    const left = items.length - index - 1;
    found = found.flatMap((chosen) => {
      const taken = chosen.length < size ? [[...chosen, item]] : [];
      return chosen.length + left >= size ? [...taken, chosen] : taken;
    });
    if (found.length > 4 * MAX_CLAUSES) return undefined;
  }
  return found.length > MAX_CLAUSES ? undefined : found;
}
