/**
 * ImageTrustPolicy: which images must be vouched for by whom, when they are looked at again, and what is enforced.
 * The schema is the source of the CRD, of the types and of the checks of the command line. No logic but rules
 * between fields.
 */
import * as z from 'zod';
import { Attestation, attestorSets } from './attestor.ts';
import { Enforcement } from './enforcement.ts';
import { API_VERSION } from './group.ts';
import { ImageTrustPolicyStatus } from './image-trust-policy-status.ts';
import { LabelSelector } from './label-selector.ts';
import { ObjectMeta } from './metadata.ts';
import { RegistryAccess } from './registry-access.ts';
import { matching, ruled } from './rule.ts';
import { cron, duration, imageGlob, listOf, namespaceGlob, setOf, text, timeSpan, timestamp } from './scalars.ts';

const Match = z.strictObject({
  namespaces: setOf(namespaceGlob(), 128)
    .describe('Namespaces, as names or globs. Default: all. Example: [production, team-*].')
    .default([]),
  excludeNamespaces: setOf(namespaceGlob(), 128)
    .describe('Namespaces that are left out, as names or globs.')
    .default([]),
  namespaceSelector: LabelSelector.describe('Labels of namespaces.').exactOptional(),
  podSelector: LabelSelector.describe('Labels of Pods.').exactOptional(),
});
/** Which Pods a policy looks at. */
export type Match = z.output<typeof Match>;

const Exception = z.strictObject({
  images: setOf(imageGlob(), 64).min(1).describe('Images that are excepted, as globs.'),
  namespaces: setOf(namespaceGlob(), 128)
    .describe('Where, as names or globs. Default: wherever the policy holds.')
    .default([]),
  reason: text(1024).describe('Why, for the reports. Example: INC-42.'),
  expiresAt: timestamp()
    .describe('When the exception ends; from then on the images are judged. RFC 3339. Absent: never.')
    .exactOptional(),
});
/** Images that are not judged for a while. */
export type Exception = z.output<typeof Exception>;

const Verification = z.strictObject({
  schedule: cron()
    .default('*/30 * * * *')
    .describe(
      'When all images are verified again: five cron fields. Passes of several policies are spread. Default */30 * * * *.',
    ),
  timeZone: ruled(
    text(64),
    matching(
      /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/,
      'write a time zone of the IANA database, such as Europe/Berlin or UTC',
    ),
  )
    .default('UTC')
    .describe('Time zone of the schedule, IANA name. Default UTC. Example: Europe/Berlin.'),
  timeout: timeSpan()
    .default('30s')
    .describe(
      'How long the check of one image may take, retries included. Duration of minutes and seconds; default 30s.',
    ),
  maxStaleness: duration()
    .default('24h')
    .describe('Age of the last complete pass from which condition Overdue is set. Duration; default 24h.'),
  suspend: z.boolean().default(false).describe('Do not verify; what was found stays. Default false.'),
});
/** When and how images are looked at again. */
export type Verification = z.output<typeof Verification>;

const DigestRules = z.strictObject({
  requireInSpec: z.boolean().default(false).describe('Images of specs must be written with a digest. Default false.'),
  onTagDrift: z
    .enum(['Ignore', 'Warn', 'Fail'])
    .default('Warn')
    .describe(
      'What it means that a tag now leads to another digest than the one that runs: nothing, a warning, a rejection. Default Warn.',
    ),
});

/** What an ImageTrustPolicy wants. */
export const ImageTrustPolicySpec = z.strictObject({
  images: setOf(imageGlob(), 256)
    .min(1)
    .describe(
      'Images that the policy judges, as globs: * crosses /, ? is one character. Without a registry: docker.io. Example: [registry.example.com/*].',
    ),
  excludeImages: setOf(imageGlob(), 256).describe('Images that it leaves out, as globs.').default([]),
  match: Match.prefault({}).describe('Pods that it looks at. Default: all.'),
  attestors: attestorSets(16).describe('Who must vouch for an image. Every set must hold.'),
  attestations: listOf(Attestation, 16).describe('Attestations that must be there as well.').default([]),
  digest: DigestRules.prefault({}).describe('Rules on digests and moving tags.'),
  exceptions: listOf(Exception, 64).describe('Images that are not judged for a while.').default([]),
  verification: Verification.prefault({}).describe('When and how images are looked at again.'),
  registry: RegistryAccess.prefault({}).describe('How the registries are reached.'),
  severity: z
    .enum(['critical', 'high', 'medium', 'low', 'info'])
    .default('high')
    .describe('Severity of violations in reports. Default high.'),
  enforcement: Enforcement.prefault({}).describe('What is enforced at the door, by a generated Kyverno policy.'),
});
/** What an ImageTrustPolicy wants. */
export type ImageTrustPolicySpec = z.output<typeof ImageTrustPolicySpec>;

/** ImageTrustPolicy as the API serves it; the output has every default applied. */
export const ImageTrustPolicy = ruled(
  z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('ImageTrustPolicy'),
    metadata: ObjectMeta,
    spec: ImageTrustPolicySpec.describe('What must be trusted, by whom, and when that is checked.'),
    status: ImageTrustPolicyStatus.describe('What the operator found. Written by the operator alone.').exactOptional(),
  }),
  {
    cel: 'size(self.metadata.name) <= 63',
    message: 'write a metadata.name of at most 63 characters, for it becomes a label and the name of a Kyverno policy',
    path: [],
    holds: ({ metadata }) => metadata.name.length <= 63,
  },
);
/** ImageTrustPolicy with every default applied. */
export type ImageTrustPolicy = z.output<typeof ImageTrustPolicy>;
/** ImageTrustPolicy as a user writes it. */
export type ImageTrustPolicyInput = z.input<typeof ImageTrustPolicy>;
