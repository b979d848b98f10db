/**
 * The spec of a ClusterPolicy (kyverno.io/v1). Owns its rules; every field that Kyverno would default is written. Must
 * never use matchConditions, which switch its verification off, nor its cache, which outlives a tag.
 */
import { clusterAttestorSet, nobodySet } from './cluster-attestors.ts';
import { clusterGlobs, HUB_PATHS } from './cluster-globs.ts';
import { hostRule } from './cluster-hosts.ts';
import { IMAGE_EXTRACTORS, matchOf, type Region, regionsOf, WHEN_IMAGES_CHANGE } from './cluster-pods.ts';
import type { Clause } from './clauses.ts';
import type { DemandedSet } from './demands.ts';
import { SIGNATURE_STATEMENT, type SpecParts } from './image-validating-policy.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The spec. */
export function clusterPolicySpec(parts: SpecParts): Fields {
  const { request, scope, ledger } = parts;
  const { kyverno } = request.policy.spec.enforcement;
  const verifications = verificationsOf(parts);
  const regions = regionsOf(scope, ledger);
  const rules = regions.flatMap((region, index) =>
    rulesOf(parts, region, verifications, regions.length === 1 ? '' : `-${index + 1}`),
  );
  return {
    admission: true,
    background: false,
    emitWarning: false,
    validationFailureAction: request.mode,
    webhookConfiguration: {
      // A registry that is down must not refuse anything while Kyverno only watches.
      failurePolicy: request.mode === 'Enforce' ? kyverno.failurePolicy : 'Ignore',
      timeoutSeconds: kyverno.webhookTimeoutSeconds,
    },
    rules: [...rules, ...hostRule(parts)],
  };
}

/** What one rule verifies: one kind of signature. */
interface Verification {
  readonly name: string;
  readonly fields: Fields;
}

/** A rule for each kind of signature. What nobody can meet needs no other rule beside it. */
function verificationsOf(parts: SpecParts): readonly Verification[] {
  if (parts.sets.some(({ clauses }) => clauses.length === 0))
    return [{ name: 'images', fields: { type: 'Cosign', attestors: [nobodySet()] } }];
  const signatures = parts.sets.filter(({ attestation }) => attestation === undefined);
  const sorted = signatures.flatMap((set) => set.clauses.map((clause) => sortedClause(clause, set, parts)));
  const cosign = sorted.flatMap((one) => one.cosign);
  const notation = sorted.flatMap((one) => one.notation).map((clause) => clusterAttestorSet(clause, 'legacy'));
  const attestations = attestationsOf(parts);
  const all: readonly Verification[] = [
    { name: 'images', fields: cosignFields(cosign, attestations, parts) },
    { name: 'images-notation', fields: { type: 'Notary', attestors: notation } },
  ];
  const needed = [cosign.length + attestations.length > 0, notation.length > 0];
  return all.filter((_, index) => needed[index]);
}

/** Bundles are demanded as statements of signatures, so that an attestation does not pass for one. */
function cosignFields(cosign: readonly Clause[], attestations: readonly Fields[], { reading }: SpecParts): Fields {
  const sets = cosign.map((clause) => clusterAttestorSet(clause, reading));
  if (reading !== 'bundle')
    return {
      type: 'Cosign',
      ...(sets.length === 0 ? {} : { attestors: sets }),
      ...(attestations.length === 0 ? {} : { attestations }),
    };
  const signature = sets.length === 0 ? [] : [{ name: 'signature', type: SIGNATURE_STATEMENT, attestors: sets }];
  return { type: 'SigstoreBundle', attestations: [...signature, ...attestations] };
}

/** A clause in the rule of its kind; one of both kinds comes apart only where every signer of it must vouch. */
function sortedClause(
  clause: Clause,
  { where }: DemandedSet,
  { ledger }: SpecParts,
): { readonly cosign: readonly Clause[]; readonly notation: readonly Clause[] } {
  const notation = clause.vouchers.filter(isNotation);
  if (notation.length === 0) return { cosign: [clause], notation: [] };
  const cosign = clause.vouchers.filter((voucher) => !isNotation(voucher));
  if (cosign.length === 0) return { cosign: [], notation: [clause] };
  if (clause.count < clause.vouchers.length) ledger.note('mixedSet', where);
  return {
    cosign: [{ count: cosign.length, vouchers: cosign }],
    notation: [{ count: notation.length, vouchers: notation }],
  };
}

function isNotation({ verifiers }: Clause['vouchers'][number]): boolean {
  return verifiers.every(({ type }) => type === 'notation');
}

function attestationsOf({ request, sets, reading, ledger }: SpecParts): readonly Fields[] {
  return request.policy.spec.attestations.map(({ type, conditions, expression }, index) => {
    const own = sets.filter(({ attestation }) => attestation === index);
    if (conditions !== undefined) ledger.note('conditions', `spec.attestations[${index}].conditions`);
    if (expression !== undefined) ledger.note('expression', `spec.attestations[${index}].expression`);
    const trees = conditions === undefined ? [] : [conditions];
    return {
      name: `attestation_${index + 1}`,
      type,
      attestors: own.flatMap(({ clauses }) => clauses.map((clause) => clusterAttestorSet(clause, reading))),
      ...(trees.length === 0 ? {} : { conditions: trees.map(({ any, all }) => withoutEmpty({ any, all })) }),
    };
  });
}

function withoutEmpty(lists: Readonly<Record<string, readonly unknown[]>>): Fields {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

/** The rules of a region: one for names that wildcards mean as they stand, one for official images of Docker Hub. */
function rulesOf(
  parts: SpecParts,
  region: Region,
  verifications: readonly Verification[],
  suffix: string,
): readonly Fields[] {
  const { scope, ledger } = parts;
  const images = clusterGlobs(scope.images, 'spec.images', ledger);
  const excepted = region.exceptions.flatMap((exception) => exception.images);
  const skipped = clusterGlobs([...scope.excluded, ...excepted], 'spec.excludeImages', ledger);
  // Left out too much would be verified too little: these would also leave out names with a path.
  for (const glob of skipped.official) ledger.note('globShape', `spec.excludeImages: ${glob}`);
  const skip = skipped.references;
  const official = [...HUB_PATHS, ...skip];
  return verifications.flatMap((verification) => [
    ...(images.references.length === 0
      ? []
      : [ruleOf(parts, region, verification, { suffix, references: images.references, skip })]),
    ...(images.official.length === 0
      ? []
      : [
          ruleOf(parts, region, verification, {
            suffix: `-official${suffix}`,
            references: images.official,
            skip: official,
          }),
        ]),
  ]);
}

interface RuleImages {
  readonly suffix: string;
  readonly references: readonly string[];
  readonly skip: readonly string[];
}

function ruleOf(
  { request, scope }: SpecParts,
  region: Region,
  { name, fields }: Verification,
  { suffix, references, skip }: RuleImages,
): Fields {
  const { digest, enforcement, registry } = request.policy.spec;
  const { requireInSpec } = digest;
  const secrets = registry.credentials.map(({ secretRef }) => `${secretRef.namespace}/${secretRef.name}`);
  const access = {
    allowInsecureRegistry: registry.insecure,
    ...(secrets.length === 0 ? {} : { secrets }),
  };
  const verification = {
    ...fields,
    failureAction: request.mode,
    imageReferences: references,
    ...(skip.length === 0 ? {} : { skipImageReferences: skip }),
    mutateDigest: request.mode === 'Enforce' && enforcement.kyverno.mutateDigest && !requireInSpec,
    verifyDigest: requireInSpec,
    // true would refuse signed ephemeral containers, for Kyverno does not find its own note on them.
    required: false,
    useCache: false,
    ...(registry.insecure || secrets.length > 0 ? { imageRegistryCredentials: access } : {}),
  };
  return {
    name: `${name}${suffix}`,
    skipBackgroundRequests: true,
    ...matchOf(scope, region),
    preconditions: WHEN_IMAGES_CHANGE,
    imageExtractors: IMAGE_EXTRACTORS,
    verifyImages: [verification],
  };
}
