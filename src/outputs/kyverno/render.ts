/**
 * ImageTrustPolicy and TrustedKeys → the Kyverno policy that enforces them at the door. Pure: everything that it depends
 * on is in the request. Must never return a policy that is weaker than the ImageTrustPolicy without naming the gap, and
 * never one that did not pass its own check.
 */
import { API_VERSION, KINDS, LABELS } from '../../api/group.ts';
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import { demandPolicy } from './check.ts';
import { clusterPolicySpec } from './cluster-policy.ts';
import { type DemandedSet, demandsAt, windowEdges } from './demands.ts';
import { imageValidatingPolicySpec, type SpecParts } from './image-validating-policy.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { kyvernoName } from './names.ts';
import type { KyvernoFormat, KyvernoObject, Rendering, RenderRequest, ServedKyverno } from './rendering.ts';
import { exceptionEnds, scopeAt } from './scope.ts';
import type { Reading } from './verifier.ts';

/** `apiVersion` by kind. */
export const KYVERNO_VERSIONS = {
  ClusterPolicy: 'kyverno.io/v1',
  ImageValidatingPolicy: 'policies.kyverno.io/v1',
} as const satisfies Record<KyvernoFormat, string>;

/** Value of the label managed-by on everything that is generated. */
export const MANAGER = 'image-trust-operator';

/** Renders a policy, or says what the kind cannot express. Throws only for a fault of the renderer itself. */
export function renderKyverno(request: RenderRequest): Rendering {
  const { policy, format, now } = request;
  const ledger = createLedger(format);
  const reading = readingOf(policy, format);
  const scope = scopeAt(policy, now, ledger);
  const { sets, leftOut } = demandsAt(request, reading, ledger);
  if (sets.some(readsCosign)) noteFormat(policy, reading, ledger);
  noteSettings(policy, ledger);
  const parts: SpecParts = { request, scope, sets, reading, ledger };
  const changesAt = nextAfter(now, [...exceptionEnds(policy), ...windowEdges(request)]);
  const facts = {
    leftOut,
    unmeetable: sets.filter(({ clauses }) => clauses.length === 0).map(({ name }) => name),
    ...(changesAt === undefined ? {} : { changesAt }),
  };
  // Not even tried where it is known not to be expressible: the parts need not bear it.
  const spec = ledger.problems.length > 0 ? undefined : specOf(parts);
  if (spec === undefined || ledger.problems.length > 0)
    return { kind: 'not-expressible', problems: ledger.problems, ...facts };
  const object = objectOf(policy, format, spec);
  demandPolicy(object);
  return { kind: 'rendered', object, gaps: ledger.gaps, refusals: ledger.refusals, ...facts };
}

/** The kind for a policy in a cluster that serves these kinds; undefined where Kyverno has none that is asked for. */
export function chooseFormat(policy: ImageTrustPolicy, served: ServedKyverno): KyvernoFormat | undefined {
  const { format } = policy.spec.enforcement.kyverno;
  if (format === 'ClusterPolicy') return served.clusterPolicy ? format : undefined;
  if (format === 'ImageValidatingPolicy') return served.imageValidatingPolicy ? format : undefined;
  if (served.imageValidatingPolicy) return 'ImageValidatingPolicy';
  return served.clusterPolicy ? 'ClusterPolicy' : undefined;
}

/** A ClusterPolicy reads one format, and of the two the one that every registry can serve. */
function readingOf({ spec }: ImageTrustPolicy, format: KyvernoFormat): Reading {
  const { signatureFormat } = spec.enforcement.kyverno;
  if (signatureFormat === 'Bundle') return 'bundle';
  return format === 'ClusterPolicy' ? 'legacy' : 'any';
}

function specOf(parts: SpecParts): Readonly<Record<string, unknown>> | undefined {
  return parts.request.format === 'ClusterPolicy' ? clusterPolicySpec(parts) : imageValidatingPolicySpec(parts);
}

/** Can a signature of cosign vouch through it? Notary signatures have no formats. */
function readsCosign({ attestation, clauses }: DemandedSet): boolean {
  const verifiers = clauses.flatMap(({ vouchers }) => vouchers.flatMap((voucher) => voucher.verifiers));
  return attestation === undefined && verifiers.some(({ type }) => type !== 'notation');
}

function noteFormat({ spec }: ImageTrustPolicy, reading: Reading, ledger: Ledger): void {
  const field = 'spec.enforcement.kyverno.signatureFormat';
  const features = { Any: 'anyFormat', Legacy: 'legacyFormat', Bundle: 'bundleFormat' } as const;
  ledger.note(features[spec.enforcement.kyverno.signatureFormat], field);
  if (reading === 'any') ledger.note('bundleHidesTag', field);
  if (reading !== 'bundle') ledger.note('signatureManifests', field);
}

function noteSettings({ spec }: ImageTrustPolicy, ledger: Ledger): void {
  const { signatureFormat } = spec.enforcement.kyverno;
  if (spec.attestations.length > 0) {
    const attested = { Any: 'attestations', Legacy: 'attestationsLegacy', Bundle: 'attestationsBundle' } as const;
    ledger.note(attested[signatureFormat], 'spec.attestations');
  }
  if (spec.registry.credentials.length > 0) ledger.note('credentials', 'spec.registry.credentials');
  if (spec.registry.mirrors.length > 0) ledger.note('mirrors', 'spec.registry.mirrors');
  if (spec.registry.caRef !== undefined) ledger.note('mirrors', 'spec.registry.caRef');
}

function objectOf(
  policy: ImageTrustPolicy,
  format: KyvernoFormat,
  spec: Readonly<Record<string, unknown>>,
): KyvernoObject {
  const { name, uid } = policy.metadata;
  const { kind } = KINDS.ImageTrustPolicy;
  const owner = { apiVersion: API_VERSION, kind, name, uid: uid ?? '', controller: true, blockOwnerDeletion: false };
  return {
    apiVersion: KYVERNO_VERSIONS[format],
    kind: format,
    metadata: {
      name: kyvernoName(name),
      labels: { [LABELS.managedBy]: MANAGER, [LABELS.partOf]: MANAGER, [LABELS.policyName]: name },
      annotations: annotationsOf(policy, format),
      ...(uid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec,
  };
}

function annotationsOf({ metadata, spec }: ImageTrustPolicy, format: KyvernoFormat): Readonly<Record<string, string>> {
  return {
    'policies.kyverno.io/title': `Image trust: ${metadata.name}`,
    'policies.kyverno.io/category': 'Image Trust',
    'policies.kyverno.io/severity': spec.severity,
    'policies.kyverno.io/description': `Generated from ImageTrustPolicy ${metadata.name}. Changes made here are undone: change that one.`,
    // Pods only, so that templates stay as they are in Git.
    ...(format === 'ClusterPolicy' ? { 'pod-policies.kyverno.io/autogen-controllers': 'none' } : {}),
  };
}

function nextAfter(now: Date, moments: readonly Date[]): Date | undefined {
  return moments.filter((moment) => moment > now).toSorted((a, b) => a.getTime() - b.getTime())[0];
}
