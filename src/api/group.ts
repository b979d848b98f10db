/**
 * Names of the API: group, version, kinds, labels, annotations and finalizer-free field managers.
 * Owns spellings that other programs rely on; must never hold logic.
 */

/** API group of both kinds. */
export const GROUP = 'imagetrust.dev';
/** The one version that is served and stored. */
export const VERSION = 'v1alpha1';
/** `apiVersion` of both kinds. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** kubectl category: `kubectl get imagetrust`. */
export const CATEGORY = 'imagetrust';

/** How a kind is spelled wherever Kubernetes asks for it. */
export interface KindNames {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
}

/** Both kinds by name. Cluster-scoped. */
export const KINDS = {
  TrustedKey: { kind: 'TrustedKey', plural: 'trustedkeys', singular: 'trustedkey', shortName: 'tkey' },
  ImageTrustPolicy: {
    kind: 'ImageTrustPolicy',
    plural: 'imagetrustpolicies',
    singular: 'imagetrustpolicy',
    shortName: 'itp',
  },
} as const satisfies Record<string, KindNames>;

/** A kind of ours. */
export type KindName = keyof typeof KINDS;

/** Labels on objects that are made for a policy (reports, Kyverno policies). Values fit the 63 characters of a label. */
export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
  policyName: `${GROUP}/policy-name`,
} as const;

/** Annotations that users write. */
export const ANNOTATIONS = {
  /** Any new value asks for a verification now; echoed in `status.lastHandledRequestedAt`. */
  requestedAt: `${GROUP}/requestedAt`,
} as const;
