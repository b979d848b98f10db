/** Status of an ImageTrustPolicy: counts, the last pass, and a few of the worst. Owns the shape; written by the operator alone. */
import * as z from 'zod';
import { conditions } from './condition.ts';
import { REASONS, type Reason } from './reasons.ts';
import { listOf, text, timestamp } from './scalars.ts';

const count = z.int().min(0);

const reasonNames = Object.keys(REASONS).filter((name): name is Reason => Object.hasOwn(REASONS, name));

const Tally = z.strictObject({
  total: count.describe('All of them.'),
  verified: count.describe('Trusted.'),
  rejected: count.describe('Checked, and not trusted.'),
  unknown: count.describe('Could not be checked.'),
});

const Sample = z.strictObject({
  workload: text(1024).describe('Kind, namespace and name. Example: Deployment shop/cart.'),
  container: text(63).describe('Container or volume.'),
  image: text(1024).describe('Image as the spec writes it.'),
  digest: text(160).describe('Digest that runs.').exactOptional(),
  reason: z.enum(reasonNames).describe('Reason of the verdict.'),
  message: z.string().max(1024).describe('What was expected, what was found, what to do.'),
});

/** Status of an ImageTrustPolicy. What grows with the cluster is in the reports. */
export const ImageTrustPolicyStatus = z.strictObject({
  observedGeneration: z
    .int()
    .min(-1)
    .describe('Generation that the status is about. -1: not looked at yet.')
    .exactOptional(),
  lastHandledRequestedAt: z
    .string()
    .max(256)
    .describe('Value of the annotation imagetrust.dev/requestedAt that was handled last.')
    .exactOptional(),
  lastPass: z
    .strictObject({
      startTime: timestamp().describe('When it began. RFC 3339.'),
      completionTime: timestamp().describe('When it ended. RFC 3339; absent while it runs.').exactOptional(),
      reason: text(64).describe('Why it ran. Example: Due.'),
    })
    .describe('The last pass over all images.')
    .exactOptional(),
  nextPassTime: timestamp().describe('When the next pass is due. RFC 3339.').exactOptional(),
  images: Tally.describe('Distinct images (digests) by verdict.').exactOptional(),
  workloads: Tally.describe('Workloads by the worst verdict of their images.').exactOptional(),
  refusedOnRestart: count
    .describe('Running Pods whose image Kyverno would refuse now, were they started again.')
    .exactOptional(),
  samples: listOf(Sample, 20).describe('At most 20 of the worst; all are in the reports.').exactOptional(),
  kyverno: z
    .strictObject({
      kind: text(64).describe('Kind of the generated policy.'),
      name: text(253).describe('Its name.'),
      ready: z.boolean().describe('Does Kyverno enforce it?'),
      mode: z.enum(['Audit', 'Enforce']).describe('What it does to a Pod that it refuses.'),
    })
    .describe('The generated Kyverno policy.')
    .exactOptional(),
  conditions: conditions()
    .describe('Ready, Compliant, Overdue, EnforcementReady, AdmissionGaps, Reconciling, Stalled.')
    .exactOptional(),
});
/** Status of an ImageTrustPolicy. */
export type ImageTrustPolicyStatus = z.output<typeof ImageTrustPolicyStatus>;
