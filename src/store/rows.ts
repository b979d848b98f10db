/**
 * The rows of one workload: what each policy says of each of its images now, with its ages. Pure. Owns the last step
 * from what is known of a digest to what is shown of a use; must never show trust that was not established for it.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Failure } from '../core/failure.ts';
import { reasonOfFailure } from '../core/failure.ts';
import type { ImageUse } from '../core/image-use.ts';
import { keyOfRow, type Known, type KnownRow } from '../core/known.ts';
import type { PolicyMatcher } from '../core/policy-match.ts';
import { formatReference } from '../core/reference.ts';
import type { Door } from '../core/restart.ts';
import { exceptedRow, judgedRow } from '../core/scan-result.ts';
import type { Verdict } from '../core/verdict.ts';
import { verdictOnUse } from '../verify/engine/use.ts';
import { unjudged } from '../verify/engine/judge.ts';
import { keptRefusal, refusalOf } from './refusals.ts';

/** What a row was before: in this life of the program, or in the report that an earlier one left. */
export type PreviousRow = Pick<
  KnownRow,
  'outcome' | 'changedAt' | 'checkedAt' | 'unknown' | 'trustId' | 'vouchers' | 'refusal'
>;

/** What rows are made from. */
export interface RowSources {
  readonly policiesOf: (use: ImageUse) => readonly PolicyMatcher[];
  readonly known: (policy: string, use: ImageUse) => Known | undefined;
  /** Identity of the trust of now, by policy. */
  readonly trustId: (policy: ImageTrustPolicy) => string;
  /** Why the tag of a use without a digest could not be resolved; undefined: nobody has tried yet. */
  readonly unresolved: (
    policy: string,
    reference: string,
  ) => { readonly failure: Failure; readonly since: Date } | undefined;
  /** What guards the door for a policy; undefined: nobody has looked yet. */
  readonly door: (policy: ImageTrustPolicy) => Door | undefined;
  readonly now: Date;
}

/** Rows, and the uses that no row is there for yet. */
export interface WorkloadRows {
  readonly rows: readonly KnownRow[];
  readonly pending: readonly { readonly policy: string; readonly use: ImageUse }[];
}

/** The rows of these uses, given what their rows were before (by `keyOfRow`). */
export function rowsOf(
  uses: Iterable<ImageUse>,
  before: ReadonlyMap<string, PreviousRow>,
  sources: RowSources,
): WorkloadRows {
  const rows: KnownRow[] = [];
  const pending: { policy: string; use: ImageUse }[] = [];
  for (const use of uses) {
    for (const matcher of sources.policiesOf(use)) {
      const name = matcher.policy.metadata.name;
      const row = rowOf(matcher, use, before.get(keyOfRow({ policy: name, use })), sources);
      if (row === undefined) pending.push({ policy: name, use });
      else rows.push(row);
    }
  }
  return { rows, pending };
}

function rowOf(
  matcher: PolicyMatcher,
  use: ImageUse,
  before: PreviousRow | undefined,
  sources: RowSources,
): KnownRow | undefined {
  const { policy } = matcher;
  const exception = matcher.exceptionFor(use, sources.now);
  if (exception !== undefined) {
    const row = exceptedRow({ policy, use, ...exception });
    const since = before?.outcome.kind === 'excepted' ? before.changedAt : sources.now;
    return { ...row, changedAt: since, vouchers: [] };
  }
  if (use.digest === undefined) return unresolvedRow(policy, use, before, sources);
  const name = policy.metadata.name;
  const known = sources.known(name, use);
  // Until somebody has looked under the trust of now, what was shown stays; nothing new is shown.
  if (known === undefined || known.trustId !== sources.trustId(policy)) return kept(policy, use, before, sources);
  if (known.restored && isEstablished(before) && before.trustId === known.trustId)
    return known.unknown === undefined
      ? kept(policy, use, before, sources)
      : kept(policy, use, { ...before, unknown: outageOf(known.unknown) }, sources);
  return knownRow(policy, use, known, { before, sources });
}

/** The row as it was. An exception that is over leaves nothing to show. */
function kept(
  policy: ImageTrustPolicy,
  use: ImageUse,
  before: PreviousRow | undefined,
  sources: RowSources,
): KnownRow | undefined {
  if (before?.outcome.kind !== 'judged') return undefined;
  const { verdict } = before.outcome;
  const refusal = keptRefusal({ policy, use, verdict }, before.refusal, sources.door(policy));
  return { ...judgedRow(policy, use, verdict), ...agesOf(before), ...refusal };
}

/** Nobody could say which digest the tag leads to, so there is nothing to hold a signature against. */
function unresolvedRow(
  policy: ImageTrustPolicy,
  use: ImageUse,
  before: PreviousRow | undefined,
  sources: RowSources,
): KnownRow | undefined {
  const found = sources.unresolved(policy.metadata.name, formatReference(use.reference));
  if (found === undefined) return kept(policy, use, before, sources);
  const verdict = unjudged(reasonOfFailure(found.failure.detail), found.failure.message);
  const shown = verdictOnUse({ verdict, leads: new Map() }, use, policy);
  const refusal = keptRefusal({ policy, use, verdict: shown }, undefined, sources.door(policy));
  return { ...judgedRow(policy, use, shown), changedAt: sinceOf(before, shown, found.since), vouchers: [], ...refusal };
}

function knownRow(
  policy: ImageTrustPolicy,
  use: ImageUse,
  known: Known,
  { before, sources }: { readonly before: PreviousRow | undefined; readonly sources: RowSources },
): KnownRow | undefined {
  const { now } = sources;
  const verdict = shownVerdict(policy, use, known);
  if (verdict === undefined) return kept(policy, use, before, sources);
  const { trustId } = known;
  if (verdict.state === 'unknown' && isEstablished(before) && before.trustId === trustId)
    // What is established stays in sight; the failure to confirm it lies over it, with its age.
    return kept(policy, use, { ...before, unknown: { verdict, since: sinceWhen(before, known, now) } }, sources);
  const change = before === undefined ? firstChange(known, now) : now;
  const ages = { changedAt: sinceOf(before, verdict, change), trustId };
  const refusal = refusalOf({ policy, use, verdict }, known, sources.door(policy));
  return { ...judgedRow(policy, use, verdict), ...ages, ...standing(known, verdict), ...refusal };
}

function outageOf({ verdict, since }: NonNullable<Known['unknown']>): PreviousRow['unknown'] & object {
  return { verdict, since };
}

/** An outage is as old as the first try that failed. */
function sinceWhen({ unknown }: PreviousRow, known: Known, now: Date): Date {
  return unknown?.since ?? known.unknown?.since ?? now;
}

function firstChange({ established, unknown }: Known, now: Date): Date {
  return established?.changedAt ?? unknown?.since ?? now;
}

/** What the shown verdict stands on: when it was confirmed, who vouched, and the outage that lies over it. */
function standing(
  { established, unknown }: Known,
  verdict: Verdict,
): Pick<KnownRow, 'checkedAt' | 'unknown' | 'vouchers'> {
  if (established === undefined || verdict.state === 'unknown') return { vouchers: [] };
  return {
    checkedAt: established.at,
    ...(unknown === undefined ? {} : { unknown: { verdict: unknown.verdict, since: unknown.since } }),
    vouchers: verdict.state === 'verified' ? established.vouchers : [],
  };
}

/** What is known, held against this use; undefined where its name has not been looked at. */
function shownVerdict(policy: ImageTrustPolicy, use: ImageUse, known: Known): Verdict | undefined {
  const { established, unknown, references, leads } = known;
  if (established !== undefined && references.has(formatReference(use.reference)))
    return verdictOnUse({ verdict: established.verdict, leads }, use, policy);
  // What was established under other names says nothing of this one, not even that an index of its is unsigned.
  return unknown?.references.has(formatReference(use.reference)) === true
    ? verdictOnUse({ verdict: unknown.verdict, leads: new Map() }, use, policy)
    : undefined;
}

function isEstablished(
  row: PreviousRow | undefined,
): row is PreviousRow & { readonly outcome: { readonly kind: 'judged'; readonly verdict: Verdict } } {
  return row?.outcome.kind === 'judged' && row.outcome.verdict.state !== 'unknown';
}

function agesOf({
  changedAt,
  checkedAt,
  unknown,
  trustId,
  vouchers,
}: PreviousRow): Omit<PreviousRow, 'outcome' | 'refusal'> {
  return {
    changedAt,
    vouchers,
    ...(checkedAt === undefined ? {} : { checkedAt }),
    ...(unknown === undefined ? {} : { unknown }),
    ...(trustId === undefined ? {} : { trustId }),
  };
}

function sinceOf(before: PreviousRow | undefined, verdict: Verdict, change: Date): Date {
  if (before?.outcome.kind !== 'judged') return change;
  const { state, reason } = before.outcome.verdict;
  return state === verdict.state && reason === verdict.reason ? before.changedAt : change;
}
