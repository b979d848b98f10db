/**
 * What came of the Kyverno policy of one ImageTrustPolicy: what its status says of it. Shape only; the enforcement
 * controller fills it.
 */
import type { Condition } from '../api/condition.ts';
import type { ReasonFor } from '../api/condition-reasons.ts';
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';

/** What came of the Kyverno policy. */
export interface EnforcementView {
  /** Condition EnforcementReady. */
  readonly ready: {
    readonly status: Condition['status'];
    readonly reason: ReasonFor<'EnforcementReady'>;
    readonly message: string;
  };
  /** What Kyverno lets in and no rendering closes, as sentences; condition AdmissionGaps. */
  readonly gaps: readonly string[];
  /** The policy that is there. */
  readonly kyverno?: NonNullable<ImageTrustPolicyStatus['kyverno']>;
}
