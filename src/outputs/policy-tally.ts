/**
 * What the rows of a policy add up to: images and workloads by verdict, reasons, and the worst of them.
 * Owns the sums of a status; must never count an image as trusted of which one use is not.
 */
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import type { Reason } from '../api/reasons.ts';
import { compareText, compareUses, type ImageUse } from '../core/image-use.ts';
import { type KnownRow, keyOfRow, keyOfWorkload } from '../core/known.ts';
import { formatReference } from '../core/reference.ts';
import type { Verdict } from '../core/verdict.ts';
import { bounded } from './conditions.ts';

/** Numbers by verdict, as the status has them. */
export type Tally = NonNullable<ImageTrustPolicyStatus['images']>;
/** One of the worst, as the status has it. */
export type Sample = NonNullable<ImageTrustPolicyStatus['samples']>[number];

/** The sums of one policy. */
export interface PolicyTally {
  /** Distinct digests, each by the worst verdict of its uses; a use without a digest counts by its reference. */
  readonly images: Tally;
  /** Workloads by the worst verdict of their images. */
  readonly workloads: Tally;
  /** Images by the reason of their worst verdict, most frequent first. `Verified` is not among them. */
  readonly reasons: ReadonlyMap<Reason, number>;
  /** Images of which the latest check could not be made, by its reason, whether or not an older verdict stands. */
  readonly unchecked: ReadonlyMap<Reason, number>;
  /** How many of these show an older verdict. */
  readonly standing: number;
  /** Since when the image that has waited longest could not be checked. */
  readonly uncheckedSince?: Date;
  /** Uses that an exception covers. */
  readonly excepted: number;
  /** What Kyverno would refuse, were its Pods created again now. */
  readonly refused: {
    /** Workloads with an image that is rejected, or that Kyverno decides otherwise than we do about. */
    readonly workloads: number;
    /** Images that are trusted, and that Kyverno would refuse all the same. */
    readonly trustedImages: number;
  };
  readonly samples: readonly Sample[];
}

const MAX_SAMPLES = 20;

/** Worst first. */
const STATES: readonly Verdict['state'][] = ['rejected', 'unknown', 'verified'];

/** Sums by the rows that they are of: status, its next change and every scrape ask for those of the same rows. */
const TALLIES = new WeakMap<readonly KnownRow[], PolicyTally>();

/** Adds up the rows of one policy, each array of rows once: whoever has other rows makes another array. */
export function tallyOf(rows: readonly KnownRow[]): PolicyTally {
  const made = TALLIES.get(rows) ?? addUp(rows);
  TALLIES.set(rows, made);
  return made;
}

function addUp(rows: readonly KnownRow[]): PolicyTally {
  const judged = rows.flatMap((row) => (row.outcome.kind === 'judged' ? [{ row, verdict: row.outcome.verdict }] : []));
  const images = worstBy(judged, imageOf);
  const worst = [...images.values()];
  const failing = worstBy(judged.flatMap(uncheckedOf), ({ image }) => image);
  const since = Math.min(...[...failing.values()].map((one) => one.since.getTime()));
  return {
    images: tally(worst),
    workloads: tally([...worstBy(judged, ({ row }) => keyOfWorkload(row.use)).values()]),
    reasons: countReasons(worst.filter(({ verdict }) => verdict.state !== 'verified')),
    unchecked: countReasons([...failing.values()]),
    standing: [...failing.values()].filter(({ stands }) => stands).length,
    ...(failing.size === 0 ? {} : { uncheckedSince: new Date(since) }),
    excepted: rows.length - judged.length,
    refused: refusedIn(judged),
    samples: samplesOf(judged),
  };
}

/** `NoSignature (12), KeyRevoked (3)` */
export function shownReasons(reasons: ReadonlyMap<Reason, number>): string {
  return [...reasons].map(([reason, count]) => `${reason} (${count})`).join(', ');
}

interface Judged {
  readonly row: KnownRow;
  readonly verdict: Verdict;
}

/** The worst of each group; among equals the first in the order of uses, so that the order of rows does not count. */
function worstBy<J extends Pick<Judged, 'verdict'>>(judged: readonly J[], keyOf: (one: J) => string): Map<string, J> {
  const worst = new Map<string, J>();
  for (const one of judged) {
    const key = keyOf(one);
    const known = worst.get(key);
    if (known === undefined || isWorse(one.verdict, known.verdict)) worst.set(key, one);
  }
  return worst;
}

function isWorse(a: Verdict, b: Verdict): boolean {
  const byState = STATES.indexOf(a.state) - STATES.indexOf(b.state);
  return byState < 0 || (byState === 0 && compareText(a.reason, b.reason) < 0);
}

/** A failed check of an image: beside an older verdict, or all that there is. */
function uncheckedOf({ row, verdict }: Judged): readonly (Pick<Judged, 'verdict'> & Unchecked)[] {
  const image = imageOf({ row });
  if (row.unknown !== undefined) {
    return [{ image, verdict: row.unknown.verdict, since: row.unknown.since, stands: verdict.state !== 'unknown' }];
  }
  return verdict.state === 'unknown' ? [{ image, verdict, since: row.changedAt, stands: false }] : [];
}

function refusedIn(judged: readonly Judged[]): PolicyTally['refused'] {
  const refused = judged.filter(({ row }) => row.refusal !== undefined);
  const rejected = new Set(judged.filter(({ verdict }) => verdict.state !== 'verified').map(imageOf));
  return {
    workloads: new Set(refused.map(({ row }) => keyOfWorkload(row.use))).size,
    trustedImages: new Set(refused.map(imageOf).filter((image) => !rejected.has(image))).size,
  };
}

/** A use without a digest counts by its reference. */
function imageOf({ row: { use } }: Pick<Judged, 'row'>): string {
  return use.digest ?? formatReference(use.reference);
}

interface Unchecked {
  readonly image: string;
  readonly since: Date;
  readonly stands: boolean;
}

function tally(worst: readonly Pick<Judged, 'verdict'>[]): Tally {
  const count = (state: Verdict['state']): number => worst.filter(({ verdict }) => verdict.state === state).length;
  return { total: worst.length, verified: count('verified'), rejected: count('rejected'), unknown: count('unknown') };
}

function countReasons(judged: readonly Pick<Judged, 'verdict'>[]): ReadonlyMap<Reason, number> {
  const counts = new Map<Reason, number>();
  for (const { verdict } of judged) counts.set(verdict.reason, (counts.get(verdict.reason) ?? 0) + 1);
  return new Map([...counts].sort(([a, m], [b, n]) => n - m || compareText(a, b)));
}

/** Pods of one workload that run the same image say the same thing once. */
function samplesOf(judged: readonly Judged[]): readonly Sample[] {
  const bad = judged.filter(({ row, verdict }) => verdict.state !== 'verified' || row.refusal !== undefined);
  const distinct = worstBy(bad, ({ row }) => `${keyOfWorkload(row.use)} ${keyOfRow(row)}`);
  return [...distinct.values()]
    .sort(
      (a, b) => STATES.indexOf(a.verdict.state) - STATES.indexOf(b.verdict.state) || compareUses(a.row.use, b.row.use),
    )
    .slice(0, MAX_SAMPLES)
    .map(({ row: { use, refusal }, verdict }) => ({
      workload: bounded(shownWorkload(use), 1024),
      container: bounded(use.container, 63),
      image: bounded(use.image, 1024),
      ...(use.digest === undefined ? {} : { digest: use.digest }),
      reason: verdict.reason,
      message: bounded((verdict.state === 'verified' ? refusal : verdict)?.message ?? '', 1024),
    }));
}

/** `Deployment shop/cart` */
export function shownWorkload({ namespace, workload }: Pick<ImageUse, 'namespace' | 'workload'>): string {
  return `${workload.kind} ${namespace}/${workload.name}`;
}
