/**
 * Publishes what is known: reports of workloads, status of policies and keys, events and log lines for what changed.
 * Owns when something is written: on change only, gathered for a moment. Must never call a registry, nor decide.
 */
import type { TrustedKeyStatus } from '../api/trusted-key-status.ts';
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { TrustedKey } from '../api/trusted-key.ts';
import type { ObjectIdentity } from '../core/image-use.ts';
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import { API_VERSION } from '../api/group.ts';
import type { Clock } from '../core/clock.ts';
import { parseDuration } from '../core/duration.ts';
import type { KnownRow, PolicyView } from '../core/known.ts';
import type { Transition } from '../core/transition.ts';
import { isKubeFailure } from '../kube/failure.ts';
import { IMAGE_TRUST_POLICIES, type Resource, TRUSTED_KEYS } from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { keyStatusChangesAt, sameKeyStatus, summariseKey } from '../outputs/key-status.ts';
import type { ReportOutcome } from '../outputs/metrics.ts';
import { policyStatusChangesAt, samePolicyStatus, summarisePolicy } from '../outputs/policy-status.ts';
import type { Board, Refreshed } from './board.ts';
import { type Controller, type ControllerObserver, createController, DONE, type Next } from './controller.ts';
import type { Enforcement } from './enforcement/enforcement.ts';
import type { StatusChange } from './news.ts';
import type { PolicyBook } from './policy-book.ts';
import type { ReportKeeper } from './report-keeper.ts';
import type { SignerBook } from './signers.ts';
import { createDependents, type Dependents, keyView, viewOf } from './views.ts';

/** What publishing works with. */
export interface PublishingOptions {
  readonly client: KubeClient;
  readonly board: Board;
  readonly book: PolicyBook;
  readonly signers: SignerBook;
  readonly enforcement: Pick<Enforcement, 'view'>;
  /** Absent: no reports are wanted. */
  readonly reports: ReportKeeper | undefined;
  /** `apiVersion` and kind of the reports that are wanted, for messages. */
  readonly reportKind: string;
  readonly clock: Clock;
  readonly observerOf: (controller: string) => ControllerObserver;
  /** The report of a workload says what it has to say; told before the workload counts as done. */
  readonly onPublished: (workload: string, signal: AbortSignal) => Promise<void>;
  /** Told of what came of a report. */
  readonly onReport: (outcome: ReportOutcome) => void;
  /** Told of a status that was written, over the one before. */
  readonly onStatus: (change: StatusChange) => void;
  /** Told of every change of a verdict, for events and logs. */
  readonly onTransition: (transition: Transition) => void;
}

/** The controllers that write. */
export interface Publishing {
  readonly controllers: readonly Controller[];
  /** The rows of a workload may be others. */
  workload(key: string, afterMs?: number): void;
  /** Makes the rows of a workload what they are by now, at once: for metrics and status. Its report is not written. */
  show(key: string): void;
  policy(name: string): void;
  key(name: string): void;
}

/** Field manager of what we write into `status`. */
export const STATUS_MANAGER = 'image-trust-operator-status';

/** How long changes are gathered before they are written, in milliseconds: verdicts of a pass come in hundreds. */
const GATHER_MS = { workload: 300, policy: 1_000, key: 2_000 } as const;
const WRITES_AT_ONCE = 8;

/** Makes the controllers. */
export function createPublishing(options: PublishingOptions): Publishing {
  const { clock, observerOf } = options;
  const written: Written = { policies: new Map(), keys: new Map() };
  const dependents = createDependents(options);
  const controller = (name: string, concurrency: number, reconcile: Reconcile): Controller =>
    createController({ name, clock, concurrency, reconcile, observer: observerOf(name) });
  const workloads = controller('report', WRITES_AT_ONCE, (key, signal) => publishWorkload(key, options, parts, signal));
  const policies = controller('policystatus', 2, (name, signal) => publishPolicy(name, options, written, signal));
  const keys = controller('trustedkeystatus', 2, (name, signal) =>
    publishKey(name, { options, written, dependents }, signal),
  );
  const parts: Publishing = {
    controllers: [workloads, policies, keys],
    workload: (key, afterMs = GATHER_MS.workload) => workloads.add(key, { afterMs }),
    show: (key) => void refresh(key, options, parts),
    policy: (name) => policies.add(name, { afterMs: GATHER_MS.policy }),
    key: (name) => {
      dependents.changed();
      keys.add(name, { afterMs: GATHER_MS.key });
    },
  };
  return parts;
}

type Reconcile = (key: string, signal: AbortSignal) => Promise<Next>;

/** The status that was written last, by name: newer than what the watch has brought back. */
interface Written {
  readonly policies: Map<string, Last<ImageTrustPolicyStatus>>;
  readonly keys: Map<string, Last<TrustedKeyStatus>>;
}

/** A status, and of which object: one that was removed and made anew has none of it. */
interface Last<S> {
  readonly uid: string | undefined;
  readonly status: S;
}

interface WithStatus<S> {
  readonly metadata: { readonly uid?: string };
  readonly status?: S;
}

function statusBefore<S>(object: WithStatus<S>, last: Last<S> | undefined): S | undefined {
  return last !== undefined && last.uid === object.metadata.uid ? last.status : object.status;
}

async function publishWorkload(
  key: string,
  options: PublishingOptions,
  publishing: Publishing,
  signal: AbortSignal,
): Promise<Next> {
  const { reports, onReport, onPublished } = options;
  const { rows, pending } = refresh(key, options, publishing);
  // Images that run and were not judged yet: what the report says of them stays until they are.
  if (rows.length === 0 && pending > 0) return DONE;
  const outcome = reports === undefined ? 'same' : await publishReport(key, rows, reports, signal);
  if (reports !== undefined) onReport(outcome);
  if (outcome !== 'unserved' && outcome !== 'failed') await onPublished(key, signal);
  return DONE;
}

/** Looks at a workload again, and tells of what changed. */
function refresh(
  key: string,
  { board, book, clock, onTransition }: PublishingOptions,
  publishing: Pick<Publishing, 'policy' | 'key'>,
): Pick<Refreshed, 'rows' | 'pending'> {
  const { rows, transitions, policies, pending } = board.refresh(key, new Date(clock.now()));
  for (const transition of transitions) onTransition(transition);
  for (const policy of policies) publishing.policy(policy);
  for (const name of new Set(policies.flatMap((policy) => book.get(policy)?.trustedKeys ?? []))) publishing.key(name);
  return { rows, pending };
}

/** A namespace that is going away takes nothing new, and what is in it goes with it. */
async function publishReport(
  key: string,
  rows: readonly KnownRow[],
  reports: ReportKeeper,
  signal: AbortSignal,
): Promise<ReportOutcome> {
  try {
    return await reports.publish(key, rows, signal);
  } catch (error) {
    const going = isKubeFailure(error, 'forbidden') && error.detail.reason === 'NamespaceTerminating';
    if (going || isKubeFailure(error, 'not-found')) return 'failed';
    throw error;
  }
}

async function publishPolicy(
  name: string,
  options: PublishingOptions,
  written: Written,
  signal: AbortSignal,
): Promise<Next> {
  const { book, clock, reports, reportKind } = options;
  const now = new Date(clock.now());
  const view = viewOf(name, options);
  if (view === undefined || book.get(name) === undefined) {
    written.policies.delete(name);
    return DONE;
  }
  const previous = statusBefore(view.policy, written.policies.get(name));
  const unserved = reports?.served === false ? { unservedReports: reportKind } : {};
  const status = summarisePolicy(view, now, { ...(previous === undefined ? {} : { previous }), ...unserved });
  if (!samePolicyStatus(previous, status) || isStale(view, previous, now)) {
    await writeStatus(options.client, IMAGE_TRUST_POLICIES, { name, kind: 'ImageTrustPolicy', status }, signal);
    written.policies.set(name, { uid: view.policy.metadata.uid, status });
    options.onStatus({
      regarding: identityOf(view.policy),
      before: previous?.conditions,
      after: status.conditions,
      progress: { before: previous?.progressive, after: status.progressive },
    });
  }
  return at(policyStatusChangesAt(view, now, status));
}

/**
 * A pass that changes nothing writes nothing; but the time of the last pass in the status must not grow so old that a
 * restart would take the policy for overdue.
 */
function isStale({ policy, lastPass }: PolicyView, previous: ImageTrustPolicyStatus | undefined, now: Date): boolean {
  if (lastPass?.completionTime === undefined) return false;
  const completed = previous?.lastPass?.completionTime;
  if (completed === undefined) return true;
  const staleness = parseDuration(policy.spec.verification.maxStaleness);
  return (
    lastPass.completionTime.getTime() > Date.parse(completed) && now.getTime() - Date.parse(completed) >= staleness / 2
  );
}

interface KeyDesk {
  readonly options: PublishingOptions;
  readonly written: Written;
  readonly dependents: Dependents;
}

async function publishKey(name: string, { options, written, dependents }: KeyDesk, signal: AbortSignal): Promise<Next> {
  const { signers, clock, client, onStatus } = options;
  const now = new Date(clock.now());
  const key = signers.key(name);
  if (key === undefined) {
    written.keys.delete(name);
    return DONE;
  }
  const view = keyView(key, signers, dependents);
  const previous = statusBefore(key, written.keys.get(name));
  const status = summariseKey(view, now, previous);
  if (!sameKeyStatus(previous, status)) {
    await writeStatus(client, TRUSTED_KEYS, { name, kind: 'TrustedKey', status }, signal);
    written.keys.set(name, { uid: key.metadata.uid, status });
    onStatus({ regarding: identityOf(key), before: previous?.conditions, after: status.conditions });
  }
  return at(keyStatusChangesAt(view, now));
}

function identityOf({ kind, metadata: { name, uid } }: ImageTrustPolicy | TrustedKey): ObjectIdentity {
  return { apiVersion: API_VERSION, kind, name, ...(uid === undefined ? {} : { uid }) };
}

interface StatusBody {
  readonly name: string;
  readonly kind: string;
  readonly status: unknown;
}

/** An object that is gone needs no status. */
async function writeStatus(
  client: KubeClient,
  resource: Resource,
  { name, kind, status }: StatusBody,
  signal: AbortSignal,
): Promise<void> {
  const body = { apiVersion: API_VERSION, kind, metadata: { name }, status };
  try {
    await client.apply(resource, body, { fieldManager: STATUS_MANAGER, subresource: 'status', signal });
  } catch (error) {
    if (!isKubeFailure(error, 'not-found')) throw error;
  }
}

function at(time: Date | undefined): Next {
  return time === undefined ? DONE : { kind: 'at', at: time };
}
