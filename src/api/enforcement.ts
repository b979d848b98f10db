/** What is enforced at the door: the generated Kyverno policy of an ImageTrustPolicy. Shape only; outputs render it. */
import * as z from 'zod';
import { duration } from './scalars.ts';

const KyvernoSettings = z.strictObject({
  format: z
    .enum(['Auto', 'ClusterPolicy', 'ImageValidatingPolicy'])
    .default('Auto')
    .describe(
      'Kind of the generated policy. Auto: ImageValidatingPolicy where Kyverno serves policies.kyverno.io/v1, else ClusterPolicy. Default Auto.',
    ),
  signatureFormat: z
    .enum(['Any', 'Legacy', 'Bundle'])
    .default('Any')
    .describe(
      'What your signers write. Legacy: signature tags (cosign 2). Bundle: Sigstore bundles (cosign 3). With one of the two named the generated policy is tight. Default Any.',
    ),
  mutateDigest: z
    .boolean()
    .default(true)
    .describe(
      'Pin tags to the verified digest in Pods at admission, in mode Enforce; templates stay as they are in Git. Without it a tag can move between check and pull. Default true.',
    ),
  failurePolicy: z
    .enum(['Fail', 'Ignore'])
    .default('Fail')
    .describe('What happens to a Pod while Kyverno cannot decide. Fail: refused. Ignore: let in. Default Fail.'),
  webhookTimeoutSeconds: z
    .int()
    .min(1)
    .max(30)
    .default(30)
    .describe('How long the API server waits for Kyverno. Seconds, 1 to 30; default 30.'),
});

const Progressive = z.strictObject({
  compliantFor: duration()
    .default('24h')
    .describe('How long every image must have been trusted without a break. Duration; default 24h.'),
  minimumPasses: z.int().min(1).max(1000).default(3).describe('Complete passes in that time, at least. Default 3.'),
});

/** What is enforced at the door. */
export const Enforcement = z.strictObject({
  mode: z
    .enum(['Disabled', 'Audit', 'Enforce', 'Progressive'])
    .default('Audit')
    .describe(
      'Disabled: no Kyverno policy. Audit: Kyverno reports. Enforce: Kyverno refuses. Progressive: Audit, then Enforce once compliant (see progressive). Default Audit.',
    ),
  progressive: Progressive.prefault({}).describe('When mode Progressive turns to Enforce.'),
  kyverno: KyvernoSettings.prefault({}).describe('How the Kyverno policy is written.'),
});
/** What is enforced at the door. */
export type Enforcement = z.output<typeof Enforcement>;
