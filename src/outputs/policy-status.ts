/**
 * The status of an ImageTrustPolicy, from what is known of it. Pure: the same view at the same time gives the same
 * status. Must never let a violation touch Ready, which is about our own work: Argo CD would call the policy degraded.
 */
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import { REASONS, type Reason } from '../api/reasons.ts';
import { parseDuration } from '../core/duration.ts';
import type { PolicyView } from '../core/known.ts';
import { canonical } from './canonical.ts';
import { type Finding, inOrder, mergeConditions, rfc3339 } from './conditions.ts';
import {
  admissionOf,
  carriedConditions,
  enforcementFindings,
  progressiveOf,
  progressiveTurnsAt,
} from './enforcement-status.ts';
import { problemOf } from './policy-problem.ts';
import { type PolicyTally, shownReasons, tallyOf } from './policy-tally.ts';

/** What a status needs beside the view. */
export interface StatusOptions {
  /** The status that was written last; the times of its conditions go on. Default: the one in the policy. */
  readonly previous?: ImageTrustPolicyStatus;
  /** Set where the API server does not serve the kind of reports that is asked for: its `apiVersion` and kind. */
  readonly unservedReports?: string;
}

/** The status of a policy at `now`. */
export function summarisePolicy(view: PolicyView, now: Date, options: StatusOptions = {}): ImageTrustPolicyStatus {
  const { policy, lastPass, nextPass, lastHandledRequestedAt } = view;
  const previous = options.previous ?? policy.status;
  const generation = policy.metadata.generation ?? 0;
  const tally = tallyOf(view.rows);
  const found = findingsOf({ view, tally, now, previous, unservedReports: options.unservedReports });
  return {
    observedGeneration: generation,
    ...(lastHandledRequestedAt === undefined ? {} : { lastHandledRequestedAt }),
    ...(lastPass === undefined ? {} : { lastPass: passOf(lastPass) }),
    ...(nextPass === undefined ? {} : { nextPassTime: rfc3339(nextPass) }),
    images: tally.images,
    workloads: tally.workloads,
    samples: [...tally.samples],
    ...progressiveOf(view, tally, { previous, now }),
    ...admissionOf(view, tally, previous),
    conditions: inOrder([
      ...mergeConditions(previous?.conditions, found, { generation, now }),
      ...carriedConditions(view, previous),
    ]),
  };
}

/**
 * Do two statuses say the same of the images and of the policy? The times of passes do not count: a pass that changes
 * nothing is nothing to write.
 */
export function samePolicyStatus(a: ImageTrustPolicyStatus | undefined, b: ImageTrustPolicyStatus): boolean {
  return a !== undefined && canonical(timeless(a)) === canonical(timeless(b));
}

/** When the status of this view changes by itself, with nothing but time; undefined where it does not. */
export function policyStatusChangesAt(
  view: PolicyView,
  now: Date,
  previous: ImageTrustPolicyStatus | undefined = view.policy.status,
): Date | undefined {
  const { pass, checks } = overdueFrom(view, tallyOf(view.rows), previous);
  const turn = progressiveTurnsAt(view, previous);
  const ahead = [pass, checks, turn].flatMap((at) => (at !== undefined && at > now ? [at.getTime()] : []));
  return ahead.length === 0 ? undefined : new Date(Math.min(...ahead));
}

interface Situation {
  readonly view: PolicyView;
  readonly tally: PolicyTally;
  readonly now: Date;
  readonly previous: ImageTrustPolicyStatus | undefined;
  readonly unservedReports: string | undefined;
}

function findingsOf(situation: Situation): readonly Finding[] {
  const problem = problemOf(situation.view);
  if (problem !== undefined) {
    return [
      { type: 'Ready', status: 'False', ...problem },
      compliant(situation),
      overdue(situation),
      ...enforcementFindings(situation.view),
      { type: 'Stalled', status: 'True', ...problem },
    ];
  }
  return [
    ready(situation),
    compliant(situation),
    overdue(situation),
    ...enforcementFindings(situation.view),
    reconciling(situation),
  ];
}

function ready({ view, previous, unservedReports }: Situation): Finding {
  const type = 'Ready';
  if (view.policy.spec.verification.suspend) {
    return { type, status: 'True', reason: 'Suspended', message: 'verification is suspended; what was found stays' };
  }
  if (completedAt(view, previous) === undefined) {
    return { type, status: 'Unknown', reason: 'Progressing', message: 'the first pass has not ended yet' };
  }
  if (unservedReports !== undefined) {
    const message = `images are verified and counted, but no report can be written: the API server does not serve ${unservedReports}; install its CRD, or choose another kind with --report-api`;
    return { type, status: 'True', reason: 'ReportsUnavailable', message };
  }
  return {
    type,
    status: 'True',
    reason: 'Succeeded',
    message: 'the images that run under the policy are looked after',
  };
}

function compliant({ view, tally }: Situation): Finding {
  const type = 'Compliant';
  const { images, workloads, reasons } = tally;
  const rest = `${standing(tally)}${excepted(tally)}`;
  if (images.rejected > 0) {
    const message = `${images.rejected} of ${counted(images.total, 'image')} not trusted, in ${workloads.rejected} of ${counted(workloads.total, 'workload')}: ${shownReasons(ofState(reasons, 'rejected'))}${rest}`;
    return { type, status: 'False', reason: 'ImagesRejected', message };
  }
  if (images.unknown > 0) {
    const message = `${images.unknown} of ${counted(images.total, 'image')} could not be checked: ${shownReasons(ofState(reasons, 'unknown'))}${rest}`;
    return { type, status: 'Unknown', reason: 'ImagesUnknown', message };
  }
  if (view.pending.tasks > 0) {
    const reason = view.policy.spec.verification.suspend ? 'Suspended' : 'Progressing';
    const message = `${counted(view.pending.tasks, 'image')} not verified yet, ${images.verified} trusted${rest}`;
    return { type, status: 'Unknown', reason, message };
  }
  if (images.total === 0) {
    return { type, status: 'True', reason: 'NoImages', message: `no image that runs is judged by the policy${rest}` };
  }
  const message = `${counted(images.total, 'image')} trusted, in ${counted(workloads.total, 'workload')}${rest}`;
  return { type, status: 'True', reason: 'AllVerified', message };
}

function overdue({ view, tally, now, previous }: Situation): Finding {
  const type = 'Overdue';
  const { suspend, maxStaleness } = view.policy.spec.verification;
  const { pass, checks } = overdueFrom(view, tally, previous);
  const late = pass !== undefined && pass <= now;
  const failing = checks !== undefined && checks <= now;
  const status = late || failing ? 'True' : 'False';
  if (suspend) {
    const message = `no pass was completed for longer than ${maxStaleness}: verification is suspended`;
    return { type, status, reason: 'Suspended', message };
  }
  if (late)
    return { type, status, reason: 'PassOverdue', message: `no pass was completed for longer than ${maxStaleness}` };
  const message = `for longer than ${maxStaleness} images could not be checked: ${shownReasons(tally.unchecked)}`;
  return { type, status, reason: 'ChecksFailing', message };
}

function reconciling({ view, tally, previous }: Situation): Finding {
  const type = 'Reconciling';
  const { pending, policy } = view;
  const first = completedAt(view, previous) === undefined;
  const active = !policy.spec.verification.suspend;
  if (active && (first || pending.tasks > 0)) {
    const message = first ? 'the first pass runs' : `${counted(pending.tasks, 'image')} to be verified`;
    return { type, status: 'True', reason: 'Progressing', message };
  }
  const outside = new Map([...tally.unchecked].filter(([reason]) => OUTAGES.has(reason)));
  const message = `checks that could not be made are tried again: ${shownReasons(outside)}${standing(tally)}`;
  return { type, status: active && outside.size > 0 ? 'True' : 'False', reason: 'ProgressingWithRetry', message };
}

/**
 * Failures to look that heal without anybody changing an object. The others (an image that is gone, credentials that
 * are missing) may stay for good: kstatus would see a policy that never gets done.
 */
const OUTAGES: ReadonlySet<Reason> = new Set([
  'RegistryUnavailable',
  'RegistryRateLimited',
  'TrustRootUnavailable',
  'KmsUnavailable',
  'RevocationUnavailable',
  'Timeout',
]);

/** From when on the policy is overdue: for want of passes, and for checks that fail. */
function overdueFrom(
  view: PolicyView,
  tally: PolicyTally,
  previous: ImageTrustPolicyStatus | undefined,
): { readonly pass?: Date; readonly checks?: Date } {
  const staleness = parseDuration(view.policy.spec.verification.maxStaleness);
  const start = completedAt(view, previous) ?? createdAt(view);
  const after = (time: Date): Date => new Date(time.getTime() + staleness);
  return {
    ...(start === undefined ? {} : { pass: after(start) }),
    ...(tally.uncheckedSince === undefined ? {} : { checks: after(tally.uncheckedSince) }),
  };
}

/** The end of the last complete pass: of the last one or, while that runs, of the one that the status knows. */
function completedAt({ lastPass }: PolicyView, previous: ImageTrustPolicyStatus | undefined): Date | undefined {
  if (lastPass?.completionTime !== undefined) return lastPass.completionTime;
  const written = previous?.lastPass?.completionTime;
  return written === undefined ? undefined : new Date(written);
}

function createdAt({ policy }: PolicyView): Date | undefined {
  const time = policy.metadata['creationTimestamp'];
  const read = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(read) ? undefined : new Date(read);
}

function passOf({ startTime, completionTime, reason }: NonNullable<PolicyView['lastPass']>): {
  startTime: string;
  completionTime?: string;
  reason: string;
} {
  const end = completionTime === undefined ? {} : { completionTime: rfc3339(completionTime) };
  return { startTime: rfc3339(startTime), ...end, reason };
}

function standing({ standing: count }: PolicyTally): string {
  return count === 0
    ? ''
    : `; of ${counted(count, 'image')} the latest check could not be made, the last verdict stands`;
}

function excepted({ excepted: count }: PolicyTally): string {
  return count === 0 ? '' : `; ${counted(count, 'use')} excepted`;
}

function ofState(reasons: ReadonlyMap<Reason, number>, state: 'rejected' | 'unknown'): ReadonlyMap<Reason, number> {
  return new Map([...reasons].filter(([reason]) => REASONS[reason].state === state));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function timeless(status: ImageTrustPolicyStatus): unknown {
  const entries = Object.entries(status).filter(([field]) => field !== 'lastPass' && field !== 'nextPassTime');
  return Object.fromEntries(entries);
}
