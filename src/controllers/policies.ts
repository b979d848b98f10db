/**
 * Reconciles a policy: begins the passes that are due, wants its tasks, and says when to look at it again.
 * Must never look at an image itself, nor write anything.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Clock } from '../core/clock.ts';
import type { Coverage } from '../core/coverage.ts';
import { isUrgent, passDue } from '../core/due.ts';
import type { Why } from '../core/task.ts';
import { type Controller, type ControllerObserver, createController, DONE, type Next } from './controller.ts';
import { earliest, nextEdge, type PolicyBook } from './policy-book.ts';
import type { SignerBook } from './signers.ts';
import { priorityOf, type Verification } from './verification.ts';

/** What it is made of. */
export interface PoliciesOptions {
  readonly coverage: Coverage;
  readonly book: PolicyBook;
  readonly signers: SignerBook;
  readonly verification: Pick<Verification, 'want'>;
  readonly clock: Clock;
  readonly observer?: ControllerObserver;
  /** Are the registries reached in another way than when this was asked last? The first time they are not. */
  readonly settingsChanged: (policy: ImageTrustPolicy) => boolean;
  /** The status of the policy may be another now. */
  readonly onChange: (policy: string) => void;
  /** An exception began or ended: the rows of these workloads may be others. */
  readonly onExceptions: (workloads: Iterable<string>) => void;
}

/** Makes the controller. Keys are names of policies. */
export function createPolicies(options: PoliciesOptions): Controller {
  const { clock, observer } = options;
  return createController({
    name: 'imagetrustpolicy',
    clock,
    concurrency: 1,
    reconcile: (name) => Promise.resolve(reconcile(name, options)),
    ...(observer === undefined ? {} : { observer }),
  });
}

function reconcile(name: string, options: PoliciesOptions): Next {
  const { coverage, book, clock, signers, verification } = options;
  const now = new Date(clock.now());
  const policy = book.get(name)?.policy;
  options.onChange(name);
  if (policy === undefined) return DONE;
  if (ended(policy, now)) options.onExceptions(coverage.workloadsOf(name));
  const why = whyPass(policy, options, now);
  const digests = coverage.digestsOf(name);
  if (why !== undefined) book.begin(name, why, digests, now);
  // A change of a key or of the demands is no pass: the tasks see it for themselves, and somebody waits for them.
  const urgent = why === undefined || isUrgent(why);
  for (const digest of digests) verification.want({ policy: name, digest }, { priority: priorityOf(urgent) });
  const at = earliest([book.get(name)?.next, nextEdge(policy, signers, now), nextExpiry(policy, now)]);
  return at === undefined || policy.spec.verification.suspend ? waitFor(nextExpiry(policy, now)) : { kind: 'at', at };
}

function waitFor(at: Date | undefined): Next {
  return at === undefined ? DONE : { kind: 'at', at };
}

/** A policy that was never looked after begins with a pass; one that is suspended never does. */
function whyPass(policy: ImageTrustPolicy, { book, settingsChanged }: PoliciesOptions, now: Date): Why | undefined {
  const entry = book.get(policy.metadata.name);
  const changed = settingsChanged(policy);
  if (entry === undefined || entry.problem !== undefined) return undefined;
  const { pass, next, handledRequest } = entry;
  const due = passDue(policy, { handledRequest, next }, now);
  // The schedule waits for a pass that still runs; a person who asks does not.
  const runs = pass !== undefined && pass.completionTime === undefined;
  if (due === 'Requested') return runs && pass.reason === 'Requested' ? undefined : due;
  if (policy.spec.verification.suspend) return undefined;
  if (changed && pass !== undefined) return 'PolicyChanged';
  if (runs) return undefined;
  return pass === undefined ? 'NeverVerified' : due;
}

/** The next end of an exception. */
function nextExpiry({ spec }: ImageTrustPolicy, now: Date): Date | undefined {
  return earliest(spec.exceptions.map(endOf).filter((end) => end !== undefined && end > now));
}

/** How long after its end an exception is still worth a look: a reconciliation comes a little late. */
const LATE_MS = 60_000;

function ended({ spec }: ImageTrustPolicy, now: Date): boolean {
  return spec.exceptions
    .map(endOf)
    .some((end) => end !== undefined && end <= now && now.getTime() - end.getTime() < LATE_MS);
}

function endOf({ expiresAt }: ImageTrustPolicy['spec']['exceptions'][number]): Date | undefined {
  return expiresAt === undefined ? undefined : new Date(expiresAt);
}
