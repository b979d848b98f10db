/**
 * What the status of an ImageTrustPolicy says of its enforcement: EnforcementReady, AdmissionGaps, the Kyverno policy,
 * and how far mode Progressive has come. Pure. Must never touch Ready, nor forget what an earlier life of the program
 * wrote before this one has looked.
 */
import type { Condition } from '../api/condition.ts';
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import type { PolicyView } from '../core/known.ts';
import { advance, type Progress, turnsAt } from '../core/progressive.ts';
import { type Finding, rfc3339 } from './conditions.ts';
import type { PolicyTally } from './policy-tally.ts';

type Previous = ImageTrustPolicyStatus | undefined;

/** Conditions of the enforcement. */
export function enforcementFindings({ enforcement }: PolicyView): readonly Finding[] {
  if (enforcement === undefined) return [];
  const { ready, gaps } = enforcement;
  const status = gaps.length === 0 ? 'False' : 'True';
  return [
    { type: 'EnforcementReady', ...ready },
    { type: 'AdmissionGaps', status, reason: 'GapsOpen', message: gaps.join('; ') },
  ];
}

/** The conditions that stay as they were, for the Kyverno policy has not been looked at in this life of the program. */
export function carriedConditions({ enforcement }: PolicyView, previous: Previous): readonly Condition[] {
  if (enforcement !== undefined) return [];
  return (previous?.conditions ?? []).filter(({ type }) => type === 'EnforcementReady' || type === 'AdmissionGaps');
}

/** The Kyverno policy that is there, and how many workloads it would not let in again. */
export function admissionOf(
  { enforcement }: PolicyView,
  { refused }: PolicyTally,
  previous: Previous,
): Pick<ImageTrustPolicyStatus, 'kyverno' | 'refusedOnRestart'> {
  const kyverno = enforcement === undefined ? previous?.kyverno : enforcement.kyverno;
  return kyverno === undefined ? {} : { refusedOnRestart: refused.workloads, kyverno };
}

/** How far mode Progressive has come by now. */
export function progressiveOf(
  { policy, pending, lastPass }: PolicyView,
  { images, refused, unchecked }: PolicyTally,
  { previous, now }: { readonly previous: Previous; readonly now: Date },
): Pick<ImageTrustPolicyStatus, 'progressive'> {
  const { mode, progressive } = policy.spec.enforcement;
  if (mode !== 'Progressive') return {};
  const facts = {
    inTheWay: images.rejected + images.unknown + refused.trustedImages,
    pending: pending.tasks,
    unchecked: unchecked.size,
    ...(lastPass === undefined ? {} : { lastPass }),
  };
  const { compliantSince, lastPassTime, ...rest } = advance(progressIn(previous), progressive, facts, now);
  return {
    progressive: {
      ...rest,
      ...(compliantSince === undefined ? {} : { compliantSince: rfc3339(compliantSince) }),
      ...(lastPassTime === undefined ? {} : { lastPassTime: rfc3339(lastPassTime) }),
    },
  };
}

/** When mode Progressive turns by nothing but time. */
export function progressiveTurnsAt({ policy }: PolicyView, status: Previous): Date | undefined {
  const { mode, progressive } = policy.spec.enforcement;
  const progress = progressIn(status);
  return mode === 'Progressive' && progress !== undefined ? turnsAt(progress, progressive) : undefined;
}

function progressIn(status: Previous): Progress | undefined {
  if (status?.progressive === undefined) return undefined;
  const { compliantSince, lastPassTime, ...rest } = status.progressive;
  return {
    ...rest,
    ...(compliantSince === undefined ? {} : { compliantSince: new Date(compliantSince) }),
    ...(lastPassTime === undefined ? {} : { lastPassTime: new Date(lastPassTime) }),
  };
}
