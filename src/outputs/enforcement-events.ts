/**
 * Events of the enforcement: what becomes of the Kyverno policy, and the steps of mode Progressive. Pure. Must never
 * tell of what is only on its way, nor of a state that was there before.
 */
import type { Condition } from '../api/condition.ts';
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import type { ObjectIdentity } from '../core/image-use.ts';
import { printable } from '../core/printable.ts';
import { bounded } from './conditions.ts';
import type { EventDraft } from './events.ts';

type Progressive = ImageTrustPolicyStatus['progressive'];

/** How far mode Progressive had come, and has. */
export interface ProgressChange {
  readonly before: Progressive;
  readonly after: Progressive;
}

/** An event where EnforcementReady turned: Kyverno has the policy, or something keeps it from that. */
export function enforcementEvents(
  regarding: ObjectIdentity,
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): readonly EventDraft[] {
  const was = before?.find(({ type }) => type === 'EnforcementReady');
  const is = after?.find(({ type }) => type === 'EnforcementReady');
  if (is === undefined || !isNews(was, is)) return [];
  const isWished = is.reason === 'PolicyReady' || is.reason === 'EnforcementDisabled';
  return [draft(regarding, isWished ? 'Normal' : 'Warning', is.reason, is.message)];
}

/** A message that changes is news too: another mode, another kind, another field that cannot be expressed. */
function isNews(was: Condition | undefined, is: Condition): boolean {
  if (is.status === 'Unknown') return false;
  // A cluster that never had Kyverno.
  if (was === undefined) return is.reason !== 'KyvernoAbsent';
  return was.status !== is.status || was.reason !== is.reason || was.message !== is.message;
}

/** An event at each step of mode Progressive. */
export function progressEvents(regarding: ObjectIdentity, { before, after }: ProgressChange): readonly EventDraft[] {
  if (after === undefined) return [];
  if (before === undefined) {
    const note = 'mode Progressive began: Kyverno reports until every image has been trusted for long enough';
    return [draft(regarding, 'Normal', 'ProgressiveStarted', note), ...stepOf(regarding, START, after)];
  }
  return stepOf(regarding, before, after);
}

const START: NonNullable<Progressive> = { phase: 'Audit', passes: 0, inTheWay: 0 };

function stepOf(
  regarding: ObjectIdentity,
  before: NonNullable<Progressive>,
  after: NonNullable<Progressive>,
): readonly EventDraft[] {
  if (after.phase === 'Enforce') {
    if (before.phase === 'Enforce') return [];
    const note = `every image has been trusted since ${after.compliantSince ?? 'long enough'}: Kyverno refuses from now on`;
    return [draft(regarding, 'Normal', 'ProgressiveEnforced', note)];
  }
  if (before.inTheWay === 0 && after.inTheWay > 0) {
    const note = `${after.inTheWay} image${after.inTheWay === 1 ? ' is' : 's are'} in the way of Enforce: the time begins anew`;
    return [draft(regarding, 'Warning', 'ProgressiveHeldUp', note)];
  }
  if (before.compliantSince === undefined && after.compliantSince !== undefined) {
    const note = 'every image that runs is trusted: the time until Enforce runs';
    return [draft(regarding, 'Normal', 'ProgressiveCompliant', note)];
  }
  return [];
}

function draft(regarding: ObjectIdentity, type: EventDraft['type'], reason: string, note: string): EventDraft {
  return { regarding, type, reason, action: 'Reconcile', note: bounded(printable(note), 1024) };
}
