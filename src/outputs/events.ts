/**
 * Events: what a transition is told as, on the workload and on the policy, and what a status is told as when it turns.
 * Pure. Owns what is news: trust lost, trust regained, an image that is refused from the start. Must never tell of an
 * outage over which a verdict stands, nor the same thing twice.
 */
import type { Condition, ConditionType } from '../api/condition.ts';
import { compareText, type ObjectIdentity } from '../core/image-use.ts';
import { keyOfWorkload } from '../core/known.ts';
import { printable } from '../core/printable.ts';
import type { Transition } from '../core/transition.ts';
import type { Verdict } from '../core/verdict.ts';
import { bounded } from './conditions.ts';
import { shownWorkload } from './policy-tally.ts';
import { containerName } from './lines.ts';

/** What happened, as events.k8s.io/v1 takes it; the recorder cuts notes at 1,024 bytes. */
export interface EventDraft {
  readonly regarding: ObjectIdentity;
  readonly related?: ObjectIdentity;
  readonly type: 'Normal' | 'Warning';
  /** The reason of the verdict or of the condition. */
  readonly reason: string;
  readonly action: 'Verify' | 'Reconcile';
  readonly note: string;
}

/** Events on the workloads of these transitions: one for each policy, container and piece of news. */
export function workloadEvents(
  transitions: readonly Transition[],
  policyOf: (name: string) => ObjectIdentity,
): readonly EventDraft[] {
  const told = newsOf(transitions).map(({ news, transition }): EventDraft => {
    const { use, to, policy } = transition;
    return {
      regarding: { ...use.workload, namespace: use.workload.namespace ?? use.namespace },
      related: policyOf(policy),
      type: TYPES[news],
      reason: to.reason,
      action: 'Verify',
      note: noteOf(`${SAID[news]}: ${containerName(use)}, ${use.image} (policy ${policy}): ${to.message}`),
    };
  });
  return distinct(told);
}

/** Events on the policies: one for each piece of news and reason, however many workloads it is about. */
export function policyEvents(
  transitions: readonly Transition[],
  policyOf: (name: string) => ObjectIdentity,
): readonly EventDraft[] {
  const groups = Map.groupBy(newsOf(transitions), ({ news, transition: { policy, to } }) =>
    JSON.stringify([policy, news, to.reason]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { news, transition } = first;
    const { policy, to } = transition;
    const note = noteOf(`${SAID[news]}: ${workloadsOf(group.map((one) => one.transition))}: ${to.message}`);
    return [{ regarding: policyOf(policy), type: TYPES[news], reason: to.reason, action: 'Verify', note } as const];
  });
}

/**
 * Events on an object of ours whose conditions turned: what wants attention and was not there before. `before` is
 * undefined where nobody knows what was there; then nothing is news.
 */
export function conditionEvents(
  regarding: ObjectIdentity,
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): readonly EventDraft[] {
  if (before === undefined) return [];
  const said = new Map(before.map((condition) => [condition.type, condition]));
  return (after ?? []).flatMap((condition): readonly EventDraft[] => {
    const { type, status, reason, message } = condition;
    if (!ALARMING.has(type) || status !== 'True' || said.get(type)?.reason === reason) return [];
    return [{ regarding, type: 'Warning', reason, action: 'Reconcile', note: noteOf(message) }];
  });
}

/** An event on a TrustedKey whose life went on: told once, by what its Ready says. */
export function lifecycleEvents(
  regarding: ObjectIdentity,
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): readonly EventDraft[] {
  const was = before?.find(({ type }) => type === 'Ready');
  const is = after?.find(({ type }) => type === 'Ready');
  if (was === undefined || is === undefined || was.reason === is.reason) return [];
  if (is.reason !== 'Revoked' && is.reason !== 'Retiring') return [];
  const type = is.reason === 'Revoked' ? 'Warning' : 'Normal';
  return [{ regarding, type, reason: is.reason, action: 'Reconcile', note: noteOf(is.message) }];
}

/** Pieces of news. `lost`: it was trusted, or refused for another reason. `doubted`: it was trusted, and now nobody can say. */
type News = 'lost' | 'refused' | 'doubted' | 'regained';

const TYPES: Readonly<Record<News, EventDraft['type']>> = {
  lost: 'Warning',
  refused: 'Warning',
  doubted: 'Warning',
  regained: 'Normal',
};

const SAID: Readonly<Record<News, string>> = {
  lost: 'no longer trusted',
  refused: 'not trusted',
  doubted: 'no longer known to be trusted',
  regained: 'trusted again',
};

/** Conditions whose coming is news. Reconciling is work; Ready follows Stalled. */
const ALARMING: ReadonlySet<string> = new Set<ConditionType>([
  'Stalled',
  'Overdue',
  'Expiring',
  'RotationDue',
  'AdmissionGaps',
]);

const MAX_NAMED = 3;

interface Told {
  readonly news: News;
  readonly transition: Transition;
}

function newsOf(transitions: readonly Transition[]): readonly Told[] {
  return transitions.flatMap((transition) => {
    const news = newsIn(transition.from, transition.to);
    return news === undefined ? [] : [{ news, transition }];
  });
}

/**
 * What is news: a verdict that was established and fell or rose, and a refusal, also the first. The first `verified`
 * of an image is no news, nor is that something could not be checked which never was.
 */
function newsIn(from: Verdict | undefined, to: Verdict): News | undefined {
  const was = from?.state;
  switch (to.state) {
    case 'rejected':
      if (was === 'verified') return 'lost';
      return from?.reason === to.reason ? undefined : 'refused';
    case 'unknown':
      return was === 'verified' ? 'doubted' : undefined;
    case 'verified':
      return was === 'rejected' ? 'regained' : undefined;
  }
}

/** `Deployment shop/cart`, or `67 workloads (Deployment shop/a, …)`. */
function workloadsOf(transitions: readonly Transition[]): string {
  const names = new Map(transitions.map(({ use }) => [keyOfWorkload(use), shownWorkload(use)]));
  const sorted = [...names.values()].sort(compareText);
  if (sorted.length === 1) return sorted[0] ?? '';
  const more = sorted.length > MAX_NAMED ? ', …' : '';
  return `${sorted.length} workloads (${sorted.slice(0, MAX_NAMED).join(', ')}${more})`;
}

/** Several Pods of one workload tell the same. */
function distinct(events: readonly EventDraft[]): readonly EventDraft[] {
  return [...new Map(events.map((event) => [JSON.stringify(event), event])).values()];
}

function noteOf(text: string): string {
  return bounded(printable(text), 1024);
}
