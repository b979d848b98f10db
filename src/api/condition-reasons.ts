/**
 * The reasons that our conditions give, with their meaning: the second half of the vocabulary of condition.ts.
 * Owns the words; must never decide when one applies.
 */
import type { ConditionType } from './condition.ts';

interface ConditionReasonRow {
  /** Conditions that may have it. */
  readonly on: readonly ConditionType[];
  readonly meaning: string;
}

/** Every reason of a condition. The order is the order of the documentation. */
export const CONDITION_REASONS = {
  Succeeded: { on: ['Ready'], meaning: 'Everything was read and done; what was found is in the other conditions.' },
  Progressing: {
    on: ['Ready', 'Compliant', 'Reconciling'],
    meaning: 'Images have yet to be verified under the policy and the trust of now.',
  },
  ProgressingWithRetry: {
    on: ['Reconciling'],
    meaning: 'Something outside does not answer (a registry, a trust root). It is tried again; old verdicts stand.',
  },
  Suspended: {
    on: ['Ready', 'Compliant', 'Overdue'],
    meaning: 'spec.verification.suspend is true: nothing is verified, what was found stays.',
  },
  ReportsUnavailable: {
    on: ['Ready'],
    meaning: 'Verified and counted, but the API server does not serve the kind of reports: install its CRD.',
  },
  InvalidSpec: {
    on: ['Ready', 'Stalled'],
    meaning: 'A field cannot be used as it is, such as a time zone that does not exist: the message names it.',
  },
  TrustedKeyNotReady: {
    on: ['Ready', 'Stalled'],
    meaning: 'An attestor set cannot be met, for TrustedKeys that it names are missing or cannot be used.',
  },
  MaterialUnusable: {
    on: ['Ready', 'Stalled'],
    meaning: 'The material of the TrustedKey is missing or malformed: the message says where and what.',
  },
  TrustRootUnavailable: {
    on: ['Ready', 'Stalled'],
    meaning: 'The Sigstore trust root that the TrustedKey needs cannot be had.',
  },
  KmsUnavailable: {
    on: ['Ready', 'Stalled'],
    meaning: 'The public key cannot be had from the key management service.',
  },
  Retiring: { on: ['Ready'], meaning: 'The key still vouches; its dependents are to be signed by another one.' },
  Revoked: { on: ['Ready'], meaning: 'The key was read and vouches for nothing, for its lifecycle says so.' },
  AllVerified: { on: ['Compliant'], meaning: 'Every image that runs under the policy is trusted.' },
  NoImages: { on: ['Compliant'], meaning: 'No image that runs is judged by the policy.' },
  ImagesRejected: { on: ['Compliant'], meaning: 'At least one image was checked, and is not trusted.' },
  ImagesUnknown: {
    on: ['Compliant'],
    meaning: 'No image is rejected, but of at least one nobody could find out whether it is trusted.',
  },
  PassOverdue: { on: ['Overdue'], meaning: 'No pass over all images was completed within maxStaleness.' },
  ChecksFailing: {
    on: ['Overdue'],
    meaning: 'Images could not be checked for longer than maxStaleness: their last verdicts are that old.',
  },
  ExpiresWithin30Days: { on: ['Expiring'], meaning: 'Something that the key rests on expires within 30 days.' },
  ExpiresWithin14Days: { on: ['Expiring'], meaning: 'The same, within 14 days.' },
  ExpiresWithin7Days: { on: ['Expiring'], meaning: 'The same, within 7 days.' },
  Expired: { on: ['Expiring'], meaning: 'The same, and its time has come.' },
  PolicyReady: {
    on: ['EnforcementReady'],
    meaning: 'Kyverno took the generated policy and says that it is ready; the message names it and its mode.',
  },
  PolicyPending: {
    on: ['EnforcementReady'],
    meaning: 'The Kyverno policy is being written, or Kyverno has not said yet that it is ready.',
  },
  PolicyNotReady: {
    on: ['EnforcementReady'],
    meaning: 'Kyverno took the policy, and says that it is not ready; its message is passed on.',
  },
  EnforcementDisabled: {
    on: ['EnforcementReady'],
    meaning: 'spec.enforcement.mode is Disabled: no Kyverno policy is wanted, and none is there.',
  },
  NotExpressible: {
    on: ['EnforcementReady'],
    meaning: 'A Kyverno policy of that kind cannot say what the spec says: the message names field and way out.',
  },
  KyvernoAbsent: {
    on: ['EnforcementReady'],
    meaning: 'The API server does not serve the kind of Kyverno policy that is wanted: Kyverno is not installed.',
  },
  KyvernoUnavailable: {
    on: ['EnforcementReady'],
    meaning: 'The Kyverno policy could not be read or written just now; it is tried again, and what is there stays.',
  },
  PolicyRefused: {
    on: ['EnforcementReady'],
    meaning: 'The API server, or the webhook of Kyverno, refuses the policy: its message is passed on.',
  },
  NameTaken: {
    on: ['EnforcementReady'],
    meaning: 'An object with the name of the Kyverno policy is there that is not ours. It is left alone.',
  },
  ProbeFailed: {
    on: ['EnforcementReady'],
    meaning: 'Kyverno says that the policy is ready, but a Pod that was tried (--probe-admission) was decided wrongly.',
  },
  InternalError: {
    on: ['EnforcementReady'],
    meaning:
      'A fault of image-trust-operator itself: nothing is written for the policy until it is mended. Please report it.',
  },
  GapsOpen: {
    on: ['AdmissionGaps'],
    meaning: 'Kyverno lets in what the policy forbids, and no way of writing it closes that: the message lists what.',
  },
  RotationPeriodPassed: { on: ['RotationDue'], meaning: 'The key is older than lifecycle.rotateEvery.' },
} as const satisfies Record<string, ConditionReasonRow>;

/** A reason of a condition. */
export type ConditionReason = keyof typeof CONDITION_REASONS;

/** The reasons that one type of condition may have. */
export type ReasonFor<T extends ConditionType> = {
  [R in ConditionReason]: T extends (typeof CONDITION_REASONS)[R]['on'][number] ? R : never;
}[ConditionReason];
