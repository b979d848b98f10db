/**
 * The spec of an ImageValidatingPolicy (policies.kyverno.io/v1). Owns its fields, each of which Kyverno would default
 * is written. Must never let an image in scope pass without a call that proves it.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import { createAttestors } from './cel-attestors.ts';
import { coversImage } from './cel-images.ts';
import { imageLists, matchConditions, matchConstraints } from './cel-pods.ts';
import { attestationCondition } from './cel-attestation.ts';
import { celClause, type CelClaim } from './cel-verification.ts';
import { matchesAnyGlob } from './cel.ts';
import type { DemandedSet } from './demands.ts';
import type { Ledger } from './ledger.ts';
import type { RenderRequest } from './rendering.ts';
import type { Scope } from './scope.ts';
import type { Reading } from './verifier.ts';

/** What a spec is made of. */
export interface SpecParts {
  readonly request: RenderRequest;
  readonly scope: Scope;
  readonly sets: readonly DemandedSet[];
  readonly reading: Reading;
  readonly ledger: Ledger;
}

/** predicateType of a signature of cosign 3. With it demanded, an attestation does not pass for a signature. */
export const SIGNATURE_STATEMENT = 'https://sigstore.dev/cosign/sign/v1';

/** The spec. */
export function imageValidatingPolicySpec(parts: SpecParts): Readonly<Record<string, unknown>> {
  const { request, scope } = parts;
  const { spec } = request.policy;
  const { kyverno } = spec.enforcement;
  const enforce = request.mode === 'Enforce';
  const attestors = createAttestors();
  const validations = parts.sets.flatMap((set) => validationsOf(set, parts, attestors));
  const mutateDigest = enforce && kyverno.mutateDigest && !spec.digest.requireInSpec;
  if (mutateDigest) parts.ledger.note('repeatedImages', 'spec.enforcement.kyverno.mutateDigest');
  return {
    evaluation: { mode: 'Kubernetes', admission: { enabled: true }, background: { enabled: false } },
    // A fault of Kyverno must not refuse anything while it only watches.
    failurePolicy: enforce ? kyverno.failurePolicy : 'Ignore',
    webhookConfiguration: { timeoutSeconds: kyverno.webhookTimeoutSeconds },
    validationActions: [enforce ? 'Deny' : 'Audit'],
    validationConfigurations: {
      mutateDigest,
      verifyDigest: spec.digest.requireInSpec,
      // The expressions demand a proof of every image themselves; Kyverno's own check knows no exceptions.
      required: false,
    },
    matchConstraints: matchConstraints(scope),
    matchConditions: matchConditions(scope),
    matchImageReferences: [imageReference(scope)],
    images: imageLists(),
    ...(spec.registry.insecure ? { credentials: { allowInsecureRegistry: true } } : {}),
    attestors: attestors.declared(),
    ...attestationsOf(parts),
    validations,
  };
}

function imageReference({ images, excluded }: Scope): Readonly<Record<string, string>> {
  if (images.includes('*') && excluded.length === 0) return { glob: '*' };
  return { expression: coversImage('ref', images, excluded) };
}

/** Statements that are asked for: that of signatures, and those of the policy. */
function attestationsOf({ request, sets, reading }: SpecParts): Readonly<Record<string, unknown>> {
  const signature = reading === 'bundle' && sets.some(({ attestation }) => attestation === undefined);
  const own = request.policy.spec.attestations.map(({ type }, index) => ({ name: nameOf(index), intoto: { type } }));
  const all = [...(signature ? [{ name: 'signature', intoto: { type: SIGNATURE_STATEMENT } }] : []), ...own];
  return all.length === 0 ? {} : { attestations: all };
}

function nameOf(index: number): string {
  return `attestation_${index + 1}`;
}

function validationsOf(
  set: DemandedSet,
  parts: SpecParts,
  attestors: ReturnType<typeof createAttestors>,
): readonly Readonly<Record<string, string>>[] {
  const claim = claimOf(set, parts);
  const what = whatOf(set, parts.request.policy);
  if (set.clauses.length === 0) {
    const message = `${what}: no TrustedKey that may vouch now can meet it`;
    return [{ message, expression: ofEveryImage('false', parts.scope) }];
  }
  return set.clauses.map((clause) => {
    const keys = [...new Set(clause.vouchers.flatMap(({ verifiers }) => verifiers.map((one) => one.trustedKey)))];
    const message = `${what}: ${clause.count} of ${keys.map((key) => `TrustedKey ${key}`).join(', ')} must vouch for each image`;
    return { message, expression: ofEveryImage(celClause(clause, claim, attestors), parts.scope) };
  });
}

function whatOf({ name, attestation }: DemandedSet, { spec }: ImageTrustPolicy): string {
  const type = attestation === undefined ? undefined : spec.attestations[attestation]?.type;
  return type === undefined ? `attestor set "${name}"` : `attestor set "${name}" for attestation ${type}`;
}

function claimOf({ attestation }: DemandedSet, { request, reading, ledger }: SpecParts): CelClaim {
  if (attestation === undefined) return reading === 'bundle' ? { attestation: 'signature' } : {};
  const condition = attestationCondition(request.policy.spec.attestations[attestation], attestation, ledger);
  return { attestation: nameOf(attestation), ...(condition === undefined ? {} : { condition }) };
}

/** All lists of a Pod in which images stand; `images` holds those in scope alone. */
const EVERY_IMAGE = '(images.containers + images.initContainers + images.ephemeralContainers + images.volumes)';

function ofEveryImage(test: string, { exceptions }: Scope): string {
  const excepted = exceptions.map(
    ({ images, namespaces }) => `(${matchesAnyGlob('request.namespace', namespaces)} && ${coversImage('i', images)})`,
  );
  const any = [...excepted, excepted.length === 0 ? test : `(${test})`].join('\n|| ');
  return `${EVERY_IMAGE}.all(i,\n${any})`;
}
