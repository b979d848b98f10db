/**
 * Conditions of our status: the schema that Kubernetes prescribes, and the types that we set, each with its meaning.
 * Owns the vocabulary; must never decide one.
 */
import * as z from 'zod';
import { mapListOf, text, timestamp } from './scalars.ts';

/** One condition, as metav1.Condition. */
export const Condition = z.strictObject({
  type: text(316).describe('Type of the condition, in CamelCase. Example: Ready.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
  observedGeneration: z.int().min(0).describe('Generation of the object that the condition is about.').exactOptional(),
  lastTransitionTime: timestamp().describe('When status last changed. RFC 3339.'),
  reason: text(1024).describe('Why, as one CamelCase word for programs. Example: Succeeded.'),
  message: z.string().max(32_768).describe('Why, as a sentence for humans.'),
});
/** One condition, as metav1.Condition. */
export type Condition = z.output<typeof Condition>;

/** The list of conditions of a status. */
export function conditions(): z.ZodArray<typeof Condition> {
  return mapListOf(Condition, 'type', 16);
}

interface ConditionMeaning {
  /** `normal`: True is good. `abnormal`: present only while True, and True wants attention (as kstatus reads it). */
  readonly polarity: 'normal' | 'abnormal';
  readonly meaning: string;
}

/** The condition types that we set. The order is the order of the documentation. */
export const CONDITION_TYPES = {
  Ready: { polarity: 'normal', meaning: 'Our own work on the object is done: its material is parsed, its pass ran.' },
  Compliant: {
    polarity: 'normal',
    meaning: 'Every image that runs under the policy is trusted. Violations never touch Ready.',
  },
  Overdue: { polarity: 'abnormal', meaning: 'The last complete pass is older than verification.maxStaleness.' },
  EnforcementReady: {
    polarity: 'normal',
    meaning: 'The Kyverno policy exists, says what the policy says, and Kyverno accepted it.',
  },
  AdmissionGaps: { polarity: 'abnormal', meaning: 'What the Kyverno policy lets in and cannot be closed, listed.' },
  Expiring: { polarity: 'abnormal', meaning: 'A certificate, root or key expires within 30 days.' },
  RotationDue: { polarity: 'abnormal', meaning: 'The key is older than lifecycle.rotateEvery.' },
  Reconciling: { polarity: 'abnormal', meaning: 'Work is under way, or is tried again after a failure outside.' },
  Stalled: {
    polarity: 'abnormal',
    meaning: 'The spec cannot be used until somebody changes it; nothing is tried again.',
  },
} as const satisfies Record<string, ConditionMeaning>;

/** A condition type of ours. */
export type ConditionType = keyof typeof CONDITION_TYPES;
