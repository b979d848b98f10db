/**
 * Decides the tasks that are due: the only place where the operator looks at images. Owns what one check takes: how
 * fresh the answers must be, how long it may last, and what follows when it fails. Must never decide anything itself,
 * nor let a fault of ours look like a verdict on an image.
 */
import type { Coverage, TaskName } from '../core/coverage.ts';
import type { Clock } from '../core/clock.ts';
import { isDigest } from '../core/digest.ts';
import { isUrgent, mayRemember, whyDue } from '../core/due.ts';
import type { ImageUse } from '../core/image-use.ts';
import type { Known } from '../core/known.ts';
import { formatReference } from '../core/reference.ts';
import type { Why } from '../core/task.ts';
import type { Verdict } from '../core/verdict.ts';
import { type AddOptions, PRIORITY } from '../kube/work-queue.ts';
import type { VerdictStore } from '../store/verdicts.ts';
import { unjudged } from '../verify/engine/judge.ts';
import { type Examined, verdictOnUse } from '../verify/engine/use.ts';
import type { CheckRequest } from './check.ts';
import { type Controller, type ControllerObserver, createController, DONE, type Next } from './controller.ts';
import { createLanes } from './lanes.ts';
import type { PolicyBook } from './policy-book.ts';
import { createRetries } from './retries.ts';

/** The controller of tasks. */
export interface Verification {
  readonly controller: Controller;
  /** A task may be due: it is looked into soon. `priority` as in the queue. */
  want(task: TaskName, options?: AddOptions): void;
  /** A task is gone. */
  forget(task: TaskName): void;
}

/** What it is made of. */
export interface VerificationOptions {
  readonly coverage: Coverage;
  readonly book: PolicyBook;
  readonly store: VerdictStore;
  /** Looks at one image. */
  readonly check: (request: CheckRequest, kill: AbortSignal) => Promise<Examined>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Tasks of one registry at once. */
  readonly concurrency: number;
  readonly observer?: ControllerObserver;
  /** Told of every check that was made. */
  readonly onChecked: (task: TaskName, why: Why, known: Known, seconds: number) => void;
  /** A pass is complete. */
  readonly onPass: (policy: string) => void;
}

/** Registries that may be slow at once before others wait for them. */
const LANES = 16;

/** Makes the controller; nothing is looked at before it runs. */
export function createVerification(options: VerificationOptions): Verification {
  const { clock, concurrency } = options;
  const wantedAt = new Map<string, number>();
  const want = (task: TaskName, add?: AddOptions): void => {
    const key = keyOf(task);
    if (!wantedAt.has(key)) wantedAt.set(key, clock.now());
    controller.add(key, add);
  };
  const retries = createRetries(() => clock.now(), options.random);
  const lanes = createLanes(concurrency, (key, urgent) => controller.add(key, { priority: priorityOf(urgent) }));
  const desk: Desk = { options, retries, lanes, wantedAt, want };
  const controller = createController({
    name: 'verification',
    clock,
    concurrency: concurrency * LANES,
    reconcile: (key, kill) => reconcile(key, desk, kill),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  });
  return {
    controller,
    want,
    forget(task): void {
      wantedAt.delete(keyOf(task));
      retries.forget(keyOf(task));
    },
  };
}

/** The priority of work that answers a change, and of that which does not. */
export function priorityOf(urgent: boolean): number {
  return urgent ? PRIORITY.changed : PRIORITY.background;
}

interface Desk extends Pick<Verification, 'want'> {
  readonly options: VerificationOptions;
  readonly retries: ReturnType<typeof createRetries>;
  readonly lanes: ReturnType<typeof createLanes>;
  /** Since when a task is wanted, in milliseconds: answers from before are not good enough. */
  readonly wantedAt: Map<string, number>;
}

async function reconcile(key: string, desk: Desk, kill: AbortSignal): Promise<Next> {
  const task = taskOf(key);
  const now = new Date(desk.options.clock.now());
  const due = situationOf(task, desk, now);
  if (due === undefined) {
    desk.lanes.decline(key);
    return notDue(task, desk, now);
  }
  if (!desk.lanes.enter(due.registry, key, isUrgent(due.why))) return DONE;
  try {
    return await decide(task, due, desk, kill);
  } finally {
    desk.lanes.leave(due.registry);
  }
}

/** A task that is due, and all that its check rests on: taken at one moment, so that a change under way shows after it. */
interface Due {
  readonly why: Why;
  readonly request: CheckRequest;
  readonly trustId: string;
  readonly references: readonly string[];
  readonly registry: string;
}

function situationOf(task: TaskName, { options, retries, wantedAt }: Desk, now: Date): Due | undefined {
  const { coverage, book, store } = options;
  const policy = coverage.policy(task.policy);
  const uses = coverage.judgedUsesOf(task, now);
  if (policy === undefined || uses.length === 0) return undefined;
  const timing = book.timing(policy, now);
  const references = [...new Set(uses.map((use) => formatReference(use.reference)))];
  const retry = retries.retryAt(keyOf(task));
  const facts = { known: store.get(task), references, ...(retry === undefined ? {} : { retryAt: new Date(retry) }) };
  const why = whyDue(timing, facts, now);
  if (why === undefined) return undefined;
  const since = wantedAt.get(keyOf(task)) ?? now.getTime();
  const pass = why === timing.pass?.reason ? timing.pass.startTime.getTime() : 0;
  const notBefore = mayRemember(why) ? 0 : Math.max(since, pass);
  const request = { policy, digest: task.digest, uses, now, notBefore };
  return { why, request, trustId: timing.trustId, references, registry: registryOf(uses) };
}

async function decide(task: TaskName, due: Due, desk: Desk, kill: AbortSignal): Promise<Next> {
  const { options, wantedAt } = desk;
  const { request, trustId, references, registry } = due;
  wantedAt.delete(keyOf(task));
  const examined = await examine(request, options, kill);
  const ended = new Date(options.clock.now());
  const known = options.store.record(task, { ...examined, trustId, references, at: request.now });
  options.onChecked(task, due.why, known, Math.max(0, ended.getTime() - request.now.getTime()) / 1000);
  settle(task, options, request.now);
  return follow(task, desk, { verdicts: verdictsOf(request, examined), registry });
}

function notDue(task: TaskName, { options, retries, wantedAt }: Desk, now: Date): Next {
  wantedAt.delete(keyOf(task));
  settle(task, options, now);
  const retry = retries.retryAt(keyOf(task));
  return retry === undefined || retry <= now.getTime() ? DONE : { kind: 'at', at: new Date(retry) };
}

function settle({ policy, digest }: TaskName, { book, clock, onPass }: VerificationOptions, lookedAt: Date): void {
  if (book.settled(policy, digest, { lookedAt, now: new Date(clock.now()) })) onPass(policy);
}

/** A fault of ours is no verdict: the task stays unknown, and says so. */
async function examine(request: CheckRequest, options: VerificationOptions, kill: AbortSignal): Promise<Examined> {
  try {
    return await options.check(request, kill);
  } catch (error) {
    if (kill.aborted) throw error;
    const message = `the check failed: ${error instanceof Error ? error.message : 'unknown fault'}`;
    return { verdict: unjudged('InternalError', message), leads: new Map() };
  }
}

function verdictsOf({ uses, policy }: CheckRequest, examined: Examined): readonly Verdict[] {
  return [examined.verdict, ...uses.map((use) => verdictOnUse(examined, use, policy))];
}

interface Outcome {
  readonly verdicts: readonly Verdict[];
  readonly registry: string;
}

/** What could not be checked is tried again; what could tells the others that the registry is there. */
function follow(task: TaskName, { retries, want }: Desk, { verdicts, registry }: Outcome): Next {
  const key = keyOf(task);
  const failed = verdicts.find((verdict) => verdict.state === 'unknown');
  if (failed !== undefined) {
    const at = retries.failed(key, registry, failed.reason);
    return at === undefined ? DONE : { kind: 'at', at: new Date(at) };
  }
  for (const follower of retries.succeeded(key, registry)) want(taskOf(follower), { priority: PRIORITY.background });
  return DONE;
}

/** The registry that a task keeps busy: that of its first use, in the order of names. */
function registryOf(uses: readonly ImageUse[]): string {
  return uses.map((use) => use.reference.registry).reduce((a, b) => (a < b ? a : b));
}

function keyOf({ policy, digest }: TaskName): string {
  return `${policy}/${digest}`;
}

function taskOf(key: string): TaskName {
  const slash = key.lastIndexOf('/');
  const digest = key.slice(slash + 1);
  if (!isDigest(digest)) throw new Error(`no task has the key ${key}`);
  return { policy: key.slice(0, slash), digest };
}
