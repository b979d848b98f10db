/**
 * Tells what changed: a log line at once, events a moment later, gathered, so that a revoked key is one event on each
 * policy. Owns the gathering; what is news is said in outputs/events.ts.
 */
import type { Condition } from '../api/condition.ts';
import { API_VERSION } from '../api/group.ts';
import type { Clock } from '../core/clock.ts';
import type { ObjectIdentity } from '../core/image-use.ts';
import { formatReference } from '../core/reference.ts';
import type { Transition } from '../core/transition.ts';
import type { Recorder } from '../kube/recorder.ts';
import { enforcementEvents, type ProgressChange, progressEvents } from '../outputs/enforcement-events.ts';
import { conditionEvents, lifecycleEvents, policyEvents, workloadEvents } from '../outputs/events.ts';
import { shownWorkload } from '../outputs/policy-tally.ts';
import { type Controller, createController, DONE } from './controller.ts';
import type { OperatorLog } from './log.ts';
import type { PolicyBook } from './policy-book.ts';

/** A status of ours that turned into another. */
export interface StatusChange {
  readonly regarding: ObjectIdentity;
  readonly before: readonly Condition[] | undefined;
  readonly after: readonly Condition[] | undefined;
  /** How far mode Progressive had come, and has; absent for keys and in the other modes. */
  readonly progress?: ProgressChange;
}

/** The teller. */
export interface News {
  readonly controller: Controller;
  tell(transition: Transition): void;
  /** A status of ours was written. */
  tellStatus(change: StatusChange): void;
}

/** What it is made of. */
export interface NewsOptions {
  readonly recorder: Recorder;
  readonly book: PolicyBook;
  readonly log: OperatorLog;
  readonly clock: Clock;
}

/** How long transitions are gathered before they become events, in milliseconds. */
const GATHER_MS = 1_500;

/** Makes the teller. */
export function createNews({ recorder, book, log, clock }: NewsOptions): News {
  let gathered: Transition[] = [];
  const identityOf = (name: string): ObjectIdentity => {
    const uid = book.get(name)?.policy.metadata.uid;
    return { apiVersion: API_VERSION, kind: 'ImageTrustPolicy', name, ...(uid === undefined ? {} : { uid }) };
  };
  const controller = createController({
    name: 'news',
    clock,
    concurrency: 1,
    reconcile: () => {
      const transitions = gathered;
      gathered = [];
      for (const event of policyEvents(transitions, identityOf)) recorder.record(event);
      for (const event of workloadEvents(transitions, identityOf)) recorder.record(event);
      return Promise.resolve(DONE);
    },
  });
  return {
    controller,
    tellStatus({ regarding, before, after, progress }): void {
      const events = [
        ...conditionEvents(regarding, before, after),
        ...lifecycleEvents(regarding, before, after),
        ...enforcementEvents(regarding, before, after),
        ...(progress === undefined ? [] : progressEvents(regarding, progress)),
      ];
      for (const event of events) recorder.record(event);
    },
    tell(transition): void {
      log.info('verdict changed', fieldsOf(transition));
      gathered.push(transition);
      controller.add('gathered', { afterMs: GATHER_MS });
    },
  };
}

function fieldsOf({ policy, use, from, to }: Transition): Readonly<Record<string, unknown>> {
  return {
    policy,
    workload: shownWorkload(use),
    container: use.container,
    image: use.image,
    reference: formatReference(use.reference),
    digest: use.digest,
    from: from?.state ?? 'none',
    to: to.state,
    reason: to.reason,
    detail: to.message,
  };
}
