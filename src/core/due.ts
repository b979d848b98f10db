/**
 * Why a task is due now, if it is: the one rule by which the operator looks at an image again. Pure; level-based, so a
 * task that is asked about twice is due once. Must never make due what a change does not touch.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { ANNOTATIONS } from '../api/group.ts';
import type { UnknownReason } from '../api/reasons.ts';
import { parseDuration } from './duration.ts';
import type { Known, PassRecord } from './known.ts';
import type { Why } from './task.ts';
import { changeOfTrust } from './trust-id.ts';

/** What a task's policy brings to the question. */
export interface PolicyTiming {
  readonly suspended: boolean;
  /** Identity of the trust of now (trust-id.ts). */
  readonly trustId: string;
  /** The pass that was started last. What was looked at before it has to be looked at again. */
  readonly pass?: PassRecord;
}

/** What the task itself brings. */
export interface TaskFacts {
  readonly known: Known | undefined;
  /** Canonical references of the uses that are to be judged now. */
  readonly references: readonly string[];
  /** When a check that failed may be tried again; absent where none failed, or where trying again cannot help. */
  readonly retryAt?: Date;
}

/** Why a task is due at `now`; undefined where it is not. */
export function whyDue(policy: PolicyTiming, { known, references, retryAt }: TaskFacts, now: Date): Why | undefined {
  if (policy.suspended) return undefined;
  const { pass, trustId } = policy;
  if (known === undefined) return appeared(pass);
  const change = changeOfTrust(known.trustId, trustId);
  if (change !== undefined) return change;
  if (references.some((reference) => !isTried(known, reference))) return 'ImageAppeared';
  if (pass !== undefined && lookedAt(known) < pass.startTime.getTime()) return pass.reason;
  return retryAt !== undefined && retryAt <= now ? 'Retry' : undefined;
}

/**
 * May the answers of an earlier look stand in for a new one? Where only the trust changed, nothing in a registry did:
 * a revoked key has to show in seconds, registry or no registry.
 */
export function mayRemember(why: Why): boolean {
  return why === 'TrustChanged';
}

/** Did somebody just do something that this answers? Periodic work never delays it. */
export function isUrgent(why: Why): boolean {
  switch (why) {
    case 'PolicyChanged':
    case 'TrustChanged':
    case 'ImageAppeared':
    case 'Requested':
      return true;
    case 'NeverVerified':
    case 'Due':
    case 'Retry':
      return false;
  }
}

/** What asks for a pass of a policy at `now`, given its last pass and when the next one is due by schedule. */
export function passDue(
  policy: ImageTrustPolicy,
  facts: { readonly handledRequest: string | undefined; readonly next: Date | undefined },
  now: Date,
): 'Requested' | 'Due' | undefined {
  if (policy.spec.verification.suspend) return undefined;
  const request = requestOf(policy);
  if (request !== undefined && request !== facts.handledRequest) return 'Requested';
  return facts.next !== undefined && facts.next <= now ? 'Due' : undefined;
}

/** The value of the annotation by which a user asks for a pass now, as far as a status can repeat it. */
export function requestOf({ metadata }: ImageTrustPolicy): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.requestedAt];
  return value === undefined || value === '' ? undefined : value.slice(0, 256);
}

/**
 * Where the schedule goes on after a start of the program, given the pass in the status. The pass that fell into the
 * time without a program is made up for only where the images would otherwise be overdue: a restart is no reason to
 * verify everything at once.
 */
export function scheduleFrom(lastPass: PassRecord | undefined, policy: ImageTrustPolicy, now: Date): Date {
  const completed = lastPass?.completionTime;
  if (completed === undefined || completed > now) return now;
  const stale = now.getTime() - completed.getTime() >= parseDuration(policy.spec.verification.maxStaleness);
  return stale ? completed : now;
}

/** First wait before a failed check is tried again, by reason, in milliseconds; undefined: only a change can help. */
const FIRST_RETRY_MS: Readonly<Record<UnknownReason, number | undefined>> = {
  RegistryUnavailable: 2_000,
  Timeout: 2_000,
  RegistryRateLimited: 15_000,
  RegistryUnauthorized: 30_000,
  RevocationUnavailable: 30_000,
  ImageNotFound: 60_000,
  InternalError: 60_000,
  TrustRootUnavailable: undefined,
  KmsUnavailable: undefined,
  TrustedKeyMissing: undefined,
  TrustedKeyNotReady: undefined,
  ConditionInvalid: undefined,
  ConditionError: undefined,
};
const MAX_RETRY_MS = 300_000;

/** How long to wait before the next try, in milliseconds. `failures` ≥ 1 in a row; `random` in [0, 1) spreads them. */
export function retryAfterMs(reason: UnknownReason, failures: number, random: number): number | undefined {
  const first = FIRST_RETRY_MS[reason];
  if (first === undefined) return undefined;
  const wait = Math.min(first * 2 ** Math.min(failures - 1, 16), Math.max(MAX_RETRY_MS, first));
  return Math.round(wait * (0.75 + random / 2));
}

/** An image that shows up after the first pass is new in the cluster; before it, everything is. */
function appeared(pass: PassRecord | undefined): Why {
  return pass?.completionTime === undefined ? 'NeverVerified' : 'ImageAppeared';
}

function isTried({ references, unknown }: Known, reference: string): boolean {
  return references.has(reference) || unknown?.references.has(reference) === true;
}

function lookedAt({ established, unknown }: Known): number {
  return Math.max(established?.at.getTime() ?? 0, unknown?.at.getTime() ?? 0);
}
