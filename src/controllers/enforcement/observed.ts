/**
 * A Kyverno policy in the cluster, as far as we read it: whose it is, what it says, and whether Kyverno is ready to
 * enforce it, in both shapes of status. Owns what counts as ours; must never take another's policy for it.
 */
import { createHash } from 'node:crypto';
import { LABELS } from '../../api/group.ts';
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { KubeObject, KubeOwnerReference, Resource } from '../../kube/resource.ts';
import { CLUSTER_POLICIES, IMAGE_VALIDATING_POLICIES } from '../../kube/resource.ts';
import { canonical } from '../../outputs/canonical.ts';
import type { AdmissionMode, KyvernoFormat } from '../../outputs/kyverno/rendering.ts';
import { MANAGER } from '../../outputs/kyverno/render.ts';

/** Field manager of what we write into Kyverno policies. */
export const ENFORCEMENT_MANAGER = 'image-trust-operator';

/** Where policies of a kind lie. */
export const KYVERNO_RESOURCES: Readonly<Record<KyvernoFormat, Resource>> = {
  ClusterPolicy: CLUSTER_POLICIES,
  ImageValidatingPolicy: IMAGE_VALIDATING_POLICIES,
};

/** What Kyverno says of a policy. `pending`: nothing yet. */
export interface Readiness {
  readonly state: 'ready' | 'refused' | 'pending';
  readonly message: string;
}

/** A Kyverno policy that is there. */
export interface ObservedPolicy {
  readonly format: KyvernoFormat;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The ImageTrustPolicy that its label names; empty where it names none. */
  readonly policyName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly KubeOwnerReference[];
  /** Was it written by our field manager? A copy that somebody made of ours has labels like ours, and is not. */
  readonly written: boolean;
  /** Identity of what it says: `specIdOf`. */
  readonly specId: string;
  readonly mode: AdmissionMode;
  readonly readiness: Readiness;
  /** It is being deleted. */
  readonly going: boolean;
}

/** Identity of a spec; equal for what we send and what the API server returns of it, where it adds nothing. */
export function specIdOf(spec: unknown): string {
  return createHash('sha256').update(canonical(spec)).digest('hex');
}

/** What is kept of an object. */
export function observe(format: KyvernoFormat, object: KubeObject): ObservedPolicy {
  const { metadata } = object;
  const labels = metadata.labels ?? {};
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations ?? {};
  return {
    format,
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    policyName: labels[LABELS.managedBy] === MANAGER ? (labels[LABELS.policyName] ?? '') : '',
    labels,
    annotations,
    owners: metadata.ownerReferences ?? [],
    written: managersOf(object).includes(ENFORCEMENT_MANAGER),
    specId: specIdOf(object['spec']),
    mode: modeOf(format, fieldsOf(object['spec'])),
    readiness: format === 'ClusterPolicy' ? legacyReadiness(object['status']) : readinessOf(object['status']),
    going: metadata.deletionTimestamp !== undefined,
  };
}

/**
 * Is it the policy of this ImageTrustPolicy? By its labels, as long as no other object owns it; or by its owner, where
 * somebody took the labels away.
 */
export function isOf(policy: ImageTrustPolicy, { policyName, owners }: ObservedPolicy): boolean {
  const { name, uid } = policy.metadata;
  const controller = owners.find((owner) => owner.controller === true);
  if (controller !== undefined && uid !== undefined && controller.uid === uid) return true;
  return policyName === name && (controller === undefined || controller.kind === policy.kind);
}

/** Copied by kubectl from manifest to object; long, and nobody's business. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function managersOf({ metadata }: KubeObject): readonly unknown[] {
  const fields: unknown = 'managedFields' in metadata ? metadata.managedFields : undefined;
  return Array.isArray(fields) ? fields.map((entry: unknown) => fieldsOf(entry)['manager']) : [];
}

/** What it does to a Pod that it refuses. Whatever does not say Audit alone is taken for the stricter. */
function modeOf(format: KyvernoFormat, spec: Readonly<Record<string, unknown>>): AdmissionMode {
  const actions = format === 'ClusterPolicy' ? [spec['validationFailureAction']] : spec['validationActions'];
  return Array.isArray(actions) && actions.length > 0 && actions.every(isHarmless) ? 'Audit' : 'Enforce';
}

function isHarmless(action: unknown): boolean {
  return action === 'Audit' || action === 'Warn';
}

/** `status.conditions[Ready]` of a ClusterPolicy. */
function legacyReadiness(status: unknown): Readiness {
  const { conditions } = fieldsOf(status);
  const ready = Array.isArray(conditions) ? conditions.map(fieldsOf).find(({ type }) => type === 'Ready') : undefined;
  if (ready === undefined) return PENDING;
  const message = textOf(ready['message']);
  return ready['status'] === 'True' ? { state: 'ready', message } : { state: 'refused', message };
}

/** `status.conditionStatus` of an ImageValidatingPolicy, where kstatus and kubectl wait do not look. */
function readinessOf(status: unknown): Readiness {
  const { conditionStatus } = fieldsOf(status);
  const { ready, message, conditions } = fieldsOf(conditionStatus);
  if (ready === true) return { state: 'ready', message: textOf(message) };
  const failing = Array.isArray(conditions) ? conditions.map(fieldsOf).filter((one) => one['status'] === 'False') : [];
  if (failing.length === 0 && textOf(message) === '') return PENDING;
  const said = failing.map(({ type, message: why }) => `${textOf(type)}: ${textOf(why)}`);
  return { state: 'refused', message: [textOf(message), ...said].filter((one) => one !== '').join('; ') };
}

const PENDING: Readiness = { state: 'pending', message: '' };

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
