/**
 * Conditions as a status carries them: what we find now, over what was written before. Owns the times of transitions
 * and which conditions are left out. Must never change a condition that says the same as before.
 */
import { CONDITION_TYPES, type Condition, type ConditionType } from '../api/condition.ts';
import type { ReasonFor } from '../api/condition-reasons.ts';
import { compareText } from '../core/image-use.ts';

/** A condition as it is found, each type with the reasons that belong to it. */
export type Finding = {
  [T in ConditionType]: {
    readonly type: T;
    readonly status: Condition['status'];
    readonly reason: ReasonFor<T>;
    /** For people. Stable while the facts are: no times of checks, no durations. */
    readonly message: string;
  };
}[ConditionType];

/** Which object the conditions are about, and when. */
export interface ConditionContext {
  readonly generation: number;
  readonly now: Date;
}

/** More than a person reads; the API takes 32,768. */
const MAX_MESSAGE = 2048;

/**
 * The conditions to write, in the order of the documentation. `lastTransitionTime` stays while `status` does
 * (metav1.Condition). A condition of abnormal polarity stands only while it is True: kstatus reads a `Stalled` or
 * `Reconciling` that is there, and people read one that is not as "nothing wrong".
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  found: readonly Finding[],
  { generation, now }: ConditionContext,
): Condition[] {
  return inOrder(
    found.filter(({ type, status }) => CONDITION_TYPES[type].polarity === 'normal' || status === 'True'),
  ).map(({ type, status, reason, message }) => {
    const before = previous?.find((condition) => condition.type === type);
    const since = before?.status === status ? before.lastTransitionTime : rfc3339(now);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: since,
      reason,
      message: bounded(message, MAX_MESSAGE),
    };
  });
}

/** In the order of the documentation. */
export function inOrder<C extends { readonly type: string }>(conditions: readonly C[]): C[] {
  return conditions.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || compareText(a.type, b.type));
}

/** A time as metav1.Time writes it: RFC 3339 in UTC, whole seconds. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A text of at most so many characters, well-formed where it is cut: the API server takes no other. */
export function bounded(text: string, limit: number): string {
  return (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`).toWellFormed();
}

const ORDER: readonly string[] = Object.keys(CONDITION_TYPES);
