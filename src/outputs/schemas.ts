/**
 * The documents that `-o json` and `-o yaml` write: their shape as schemas, from which the published JSON Schemas and
 * the types come. A field is only ever added; none is renamed or removed within one apiVersion.
 */
import * as z from 'zod';
import { API_VERSION } from '../api/group.ts';
import { REASONS, type Reason } from '../api/reasons.ts';
import { AuditResultSchema } from './holes/audit.ts';

const digest = z
  .string()
  .regex(/^sha(256:[a-f0-9]{64}|512:[a-f0-9]{128})$/)
  .describe('Digest of a manifest or blob.');
const reasons = Object.keys(REASONS).filter((name): name is Reason => Object.hasOwn(REASONS, name));
const reason = z.enum(reasons).describe('Reason of the verdict; see reasons.md.');
const text = z.string();
const count = z.int().min(0);

const Identity = z
  .strictObject({
    apiVersion: text,
    kind: text,
    namespace: text.exactOptional(),
    name: text,
    uid: text.describe('Absent where the manifest was never applied.').exactOptional(),
  })
  .describe('An object in the cluster.');

const Place = z
  .strictObject({
    repository: text.describe('Registry and repository: registry.example.com/team/app.'),
    via: z.enum(['signature-tag', 'attestation-tag', 'referrers-api', 'referrers-tag']).describe('How it was found.'),
    manifest: digest.describe('The manifest that carries the signature.'),
    blob: digest.describe('The blob with the signed payload, envelope or bundle: the identity of the signature.'),
  })
  .describe('Where the signature lies.');

const EvidenceSchema = z
  .strictObject({
    trustedKey: text.describe('Name of the TrustedKey that vouched.'),
    set: text.describe('Name of the attestor set that it counted for.'),
    proves: z
      .union([z.literal('signature'), z.strictObject({ predicateType: text })])
      .describe('A signature, or an attestation of this predicate type.'),
    subject: digest.describe('What the proof names: the digest that runs, or that of an index that contains it.'),
    family: text.describe('Signature format.'),
    place: Place,
    fingerprint: text.describe('SHA256: and unpadded base64 of the hash of the public key.'),
    identity: text.describe('Holder of the certificate.').exactOptional(),
    issuer: text.describe('OIDC issuer of a keyless certificate.').exactOptional(),
    signedAt: text.describe('Proven time of signing, RFC 3339, UTC.').exactOptional(),
    timeSource: z.enum(['transparency-log', 'timestamp-authority', 'signing-authority', 'none']),
    logIndex: text.describe('Index in the transparency log.').exactOptional(),
    annotations: z.record(text, text).describe('Signed annotations.'),
    notes: z.array(text).describe('Checks that were not made, or failures that are only logged.'),
  })
  .describe('A proof that counted.');

const Entry = z
  .strictObject({
    set: text,
    trustedKey: text,
    outcome: z.enum(['vouched', 'refused', 'unknown']),
    reason,
    message: text,
  })
  .describe('What one attestor entry found.');

const verdictFields = {
  reason,
  message: text.describe('What was expected, what was found, what to do. Stable from pass to pass.'),
  evidence: z.array(EvidenceSchema),
  entries: z.array(Entry),
  notes: z.array(text).describe('Says so where a limit cut what was looked at.'),
};

const useFields = {
  namespace: text,
  workload: Identity.describe('The top-level workload.'),
  pod: Identity.describe('The Pod; absent for a template.').exactOptional(),
  container: text.describe('Name of the container or image volume.'),
  containerType: z.enum(['container', 'initContainer', 'ephemeralContainer', 'imageVolume']),
  image: text.describe('The image as the spec writes it.'),
  reference: text.describe('The same, canonical.'),
  digest: digest.describe('The digest that runs; absent where it could not be found out.').exactOptional(),
  digestSource: z
    .enum(['status', 'spec', 'registry'])
    .describe('status: proven by the kubelet. spec: written there. registry: what the tag leads to now.'),
};

const UseSchema = z.strictObject(useFields).describe('An image use.');

const policyFields = {
  policy: text.describe('Name of the ImageTrustPolicy.'),
  severity: z.enum(['critical', 'high', 'medium', 'low', 'info']),
};

const Judged = z
  .strictObject({
    ...policyFields,
    ...useFields,
    state: z.enum(['verified', 'rejected', 'unknown']).describe('unknown: could not be checked; not a rejection.'),
    ...verdictFields,
    refusedOnRestart: z
      .strictObject({
        reason: text.describe('The reason of the verdict, or a word for what Kyverno decides otherwise.'),
        message: text.describe('Why, and what can be done.'),
      })
      .describe('Present where the Kyverno policy would refuse the Pod (in mode Audit: report), were it created again.')
      .exactOptional(),
  })
  .describe('An image use under a policy that judged it.');

const Excepted = z
  .strictObject({
    ...policyFields,
    ...useFields,
    state: z.literal('excepted'),
    exception: z.strictObject({ reason: text, expiresAt: text.describe('Absent: for good.').exactOptional() }),
  })
  .describe('An image use that an exception of the policy covers.');

const stateCounts = { total: count, verified: count, rejected: count, unknown: count };

/** What `image-trust scan -o json` writes. */
export const ScanResultSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('ScanResult'),
    summary: z.strictObject({ ...stateCounts, excepted: count, uncovered: count }),
    results: z.array(z.discriminatedUnion('state', [Judged, Excepted])).describe('One per policy and image use.'),
    uncovered: z.array(UseSchema).describe('Image uses that no policy covers.'),
  })
  .describe('Result of image-trust scan.');
/** What `image-trust scan -o json` writes. */
export type ScanDocument = z.output<typeof ScanResultSchema>;

/** What `image-trust verify -o json` writes. */
export const VerifyResultSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('VerifyResult'),
    summary: z.strictObject(stateCounts),
    results: z
      .array(
        z.strictObject({
          image: text.describe('The image as it was given.'),
          reference: text.describe('The same, canonical.'),
          digest: digest.describe('What it leads to; absent where that could not be found out.').exactOptional(),
          state: z.enum(['verified', 'rejected', 'unknown']),
          ...verdictFields,
        }),
      )
      .describe('One per image, in the order in which they were given.'),
  })
  .describe('Result of image-trust verify.');
/** What `image-trust verify -o json` writes. */
export type VerifyDocument = z.output<typeof VerifyResultSchema>;

const KeySchema = z
  .strictObject({
    name: text,
    type: z.enum(['publicKey', 'certificate', 'keyless', 'notation']),
    state: z.enum(['Active', 'Retiring', 'Revoked']).describe('spec.lifecycle.state.'),
    ready: z.boolean().describe('Its material was read, and is what it should be.'),
    bornAt: text
      .describe('RFC 3339: validFrom, else when it was created; absent where neither is known.')
      .exactOptional(),
    expiresAt: text
      .describe('RFC 3339: the first end of a certificate or of its validity; absent: none.')
      .exactOptional(),
    keys: z.array(
      z.strictObject({
        fingerprint: text.describe('SHA256: and unpadded base64 of the hash of the public key (SPKI).'),
        algorithm: text,
        notAfter: text.describe('RFC 3339; absent for bare keys.').exactOptional(),
      }),
    ),
    dependents: z.strictObject({ policies: count, images: count, workloads: count, solelyDependentWorkloads: count }),
    solelyDependent: z
      .array(z.strictObject({ namespace: text, kind: text, name: text }))
      .describe('Workloads that nobody else vouches for: they would fall with the key.'),
    conditions: z
      .array(z.strictObject({ type: text, status: text, reason: text, message: text }))
      .describe('As in the status of the TrustedKey; see conditions.md.'),
  })
  .describe('A TrustedKey.');
/** A TrustedKey as it is written. */
export type KeyDocument = z.output<typeof KeySchema>;

/** What `image-trust keys -o json` writes. */
export const KeysResultSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('KeysResult'),
    keys: z.array(KeySchema).describe('By name.'),
  })
  .describe('Result of image-trust keys.');
/** What `image-trust keys -o json` writes. */
export type KeysDocument = z.output<typeof KeysResultSchema>;

/** Evidence as it is written. */
export type EvidenceDocument = z.output<typeof EvidenceSchema>;
/** An image use as it is written. */
export type UseDocument = z.output<typeof UseSchema>;

/** The published JSON Schemas by file name, for `docs/`. */
export function publishedSchemas(): Readonly<Record<string, unknown>> {
  return {
    'audit-result.schema.json': published(AuditResultSchema),
    'scan-result.schema.json': published(ScanResultSchema),
    'verify-result.schema.json': published(VerifyResultSchema),
    'keys-result.schema.json': published(KeysResultSchema),
  };
}

function published(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { target: 'draft-2020-12' });
}
