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

const Progress = z.strictObject({
  phase: z
    .enum(['Audit', 'Enforce'])
    .describe('Audit until every image was trusted for long enough, then Enforce; never back by itself.'),
  compliantSince: timestamp()
    .describe('Since when every image that runs is trusted. RFC 3339; absent while one is not.')
    .exactOptional(),
  passes: count.describe('Complete passes since then, as far as they are needed (minimumPasses).'),
  lastPassTime: timestamp().describe('Passes that ended by then have been counted. RFC 3339.').exactOptional(),
  inTheWay: count.describe('Images that are not trusted, or that Kyverno would refuse: the samples have the worst.'),
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
    .describe(
      'Running workloads whose Pods the Kyverno policy would refuse (in mode Audit: report), were they created again now.',
    )
    .exactOptional(),
  samples: listOf(Sample, 20)
    .describe('At most 20 of the worst: what is not trusted, then what Kyverno would refuse. All are in the reports.')
    .exactOptional(),
  progressive: Progress.describe('How far mode Progressive has come; absent in the other modes.').exactOptional(),
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
