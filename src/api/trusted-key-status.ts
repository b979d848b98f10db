/** Status of a TrustedKey: what the operator found. Owns the shape; written by the operator alone. */
import * as z from 'zod';
import { conditions } from './condition.ts';
import { mapListOf, text, timestamp } from './scalars.ts';

const count = z.int().min(0);

/** Status of a TrustedKey. Counts and samples only: lists that grow with the cluster are in reports. */
export const TrustedKeyStatus = z.strictObject({
  observedGeneration: z
    .int()
    .min(-1)
    .describe('Generation that the status is about. -1: not looked at yet.')
    .exactOptional(),
  keys: mapListOf(
    z.strictObject({
      fingerprint: text(128).describe('SHA256: and unpadded base64 of the hash of the public key (SPKI).'),
      algorithm: text(64).describe('Algorithm of the key. Example: ECDSA-P256.'),
      notAfter: timestamp().describe('When its certificate expires. RFC 3339; absent for bare keys.').exactOptional(),
    }),
    'fingerprint',
    64,
  )
    .describe('The keys and certificates that were read.')
    .exactOptional(),
  dependents: z
    .strictObject({
      policies: count.describe('ImageTrustPolicies that name the key.'),
      images: count.describe('Images (digests) for which it vouches.'),
      workloads: count.describe('Workloads that run them.'),
      solelyDependentWorkloads: count.describe('Workloads that nobody else vouches for: they would fall with the key.'),
    })
    .describe('Who depends on the key.')
    .exactOptional(),
  conditions: conditions().describe('Ready, Expiring, RotationDue, Reconciling, Stalled.').exactOptional(),
});
/** Status of a TrustedKey. */
export type TrustedKeyStatus = z.output<typeof TrustedKeyStatus>;
