/**
 * The resources of the Kubernetes API that we speak to, and how their paths are spelled.
 * Owns names and paths; must never send anything.
 */
import { GROUP, KINDS, VERSION } from '../api/group.ts';

/** A resource type of the API. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Metadata of an object, as far as we read it (meta/v1 ObjectMeta). */
export interface KubeMetadata {
  readonly name: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly KubeOwnerReference[];
}

/** An owner of an object. */
export interface KubeOwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object as the API server tells it: its metadata, and JSON that nobody has looked at. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

/** An object to be written: any of ours by its interface, or a literal with whatever fields it has. */
export type KubeBody =
  | {
      readonly apiVersion: string;
      readonly kind: string;
      readonly metadata?: { readonly name?: string; readonly namespace?: string };
    }
  | {
      readonly apiVersion: string;
      readonly kind: string;
      readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly [field: string]: unknown };
      readonly [field: string]: unknown;
    };

/** An object by name. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const PODS: Resource = core('pods', 'Pod');
export const NAMESPACES: Resource = core('namespaces', 'Namespace', false);
export const SECRETS: Resource = core('secrets', 'Secret');
export const CONFIGMAPS: Resource = core('configmaps', 'ConfigMap');
export const SERVICE_ACCOUNTS: Resource = core('serviceaccounts', 'ServiceAccount');

export const TRUSTED_KEYS: Resource = ours('TrustedKey');
export const IMAGE_TRUST_POLICIES: Resource = ours('ImageTrustPolicy');

/** Reports of the Policy working group: what `--report-api wgpolicyk8s` writes. */
export const POLICY_REPORTS: Resource = {
  group: 'wgpolicyk8s.io',
  version: 'v1alpha2',
  plural: 'policyreports',
  kind: 'PolicyReport',
  namespaced: true,
};
/** Their successor: what `--report-api openreports` writes. */
export const OPEN_REPORTS: Resource = {
  group: 'openreports.io',
  version: 'v1alpha1',
  plural: 'reports',
  kind: 'Report',
  namespaced: true,
};
/** What Kyverno users have today. */
export const CLUSTER_POLICIES: Resource = {
  group: 'kyverno.io',
  version: 'v1',
  plural: 'clusterpolicies',
  kind: 'ClusterPolicy',
  namespaced: false,
};
/** Its successor for images. */
export const IMAGE_VALIDATING_POLICIES: Resource = {
  group: 'policies.kyverno.io',
  version: 'v1',
  plural: 'imagevalidatingpolicies',
  kind: 'ImageValidatingPolicy',
  namespaced: false,
};
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};
export const SUBJECT_ACCESS_REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};
export const CUSTOM_RESOURCE_DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** All of them. */
export const RESOURCES: readonly Resource[] = [
  PODS,
  NAMESPACES,
  SECRETS,
  CONFIGMAPS,
  SERVICE_ACCOUNTS,
  TRUSTED_KEYS,
  IMAGE_TRUST_POLICIES,
  POLICY_REPORTS,
  OPEN_REPORTS,
  CLUSTER_POLICIES,
  IMAGE_VALIDATING_POLICIES,
  LEASES,
  EVENTS,
  TOKEN_REVIEWS,
  SUBJECT_ACCESS_REVIEWS,
  CUSTOM_RESOURCE_DEFINITIONS,
];

/** `apiVersion` of the objects of a resource. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path of a group and version, where discovery lists its resources. */
export function groupPath({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === ''
    ? `/api/${encodeURIComponent(version)}`
    : `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`;
}

/** Path of a collection: of one namespace, or of all. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const within = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${groupPath(resource)}${within}/${encodeURIComponent(resource.plural)}`;
}

/** Path of an object, or of one of its subresources. Throws where a namespace is missing: that would name a collection. */
export function objectPath(resource: Resource, { namespace, name }: ObjectName, subresource?: string): string {
  if (name === '') throw new Error(`${resource.plural}: an object needs a name`);
  if (resource.namespaced && (namespace === undefined || namespace === '')) {
    throw new Error(`${resource.plural} ${name}: a namespaced object needs a namespace`);
  }
  const below = subresource === undefined ? '' : `/${encodeURIComponent(subresource)}`;
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}${below}`;
}

/** Key of an object among those of its resource: `namespace/name`, or `name` where it has no namespace. */
export function keyOfObject({ namespace, name }: ObjectName): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

function ours(kind: keyof typeof KINDS): Resource {
  return { group: GROUP, version: VERSION, plural: KINDS[kind].plural, kind, namespaced: false };
}
