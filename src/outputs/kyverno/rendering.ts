/**
 * What rendering takes and gives: the vocabulary of everybody who renders, applies, imports or proves Kyverno policies.
 * Shapes only.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { AdmissionKey } from '../../core/admission-key.ts';

/** Kinds of Kyverno policies that are rendered. */
export type KyvernoFormat = 'ClusterPolicy' | 'ImageValidatingPolicy';

/** What the rendered policy does with a Pod that it refuses. */
export type AdmissionMode = 'Audit' | 'Enforce';

/** Everything that a rendering depends on. */
export interface RenderRequest {
  readonly policy: ImageTrustPolicy;
  /** By name of the TrustedKey. One that is not there is missing, and vouches for nothing. */
  readonly keys: ReadonlyMap<string, AdmissionKey>;
  readonly format: KyvernoFormat;
  readonly mode: AdmissionMode;
  readonly now: Date;
}

/** A Kyverno policy, with every field that Kyverno would add: applying it twice changes nothing. */
export interface KyvernoObject {
  readonly apiVersion: string;
  readonly kind: KyvernoFormat;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    /** Absent where the ImageTrustPolicy has no uid, as in manifests. */
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** metav1.OwnerReference to the ImageTrustPolicy. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
}

/** Something that the rendered policy does otherwise than the engine, and that no rendering closes. */
export interface AdmissionDifference {
  /** A stable word for programs: one of DIFFERENCES in mapping.ts. */
  readonly name: string;
  /** Field of the ImageTrustPolicy or of a TrustedKey that it comes from. */
  readonly where: string;
  /** What happens, and what can be set against it. Stable from rendering to rendering. */
  readonly message: string;
}

/** Something that is let in although the ImageTrustPolicy forbids it. For condition AdmissionGaps. */
export type AdmissionGap = AdmissionDifference;

/** Something that is refused although the engine trusts it. For docs, `generate` and refusedOnRestart. */
export type AdmissionRefusal = AdmissionDifference;

/** A demand that the kind cannot express. */
export interface NotExpressible {
  /** A stable word for programs: one of DIFFERENCES in mapping.ts. */
  readonly name: string;
  /** Field of the ImageTrustPolicy, or `TrustedKey NAME, spec.…`. */
  readonly where: string;
  readonly format: KyvernoFormat;
  /** What is not expressible, and which format or setting can. */
  readonly message: string;
}

/** A TrustedKey that an attestor set names and that vouches for nothing now. */
export interface LeftOut {
  readonly trustedKey: string;
  readonly why: 'Missing' | 'NotReady' | 'Revoked' | 'OutsideValidity';
  readonly message: string;
}

interface RenderingFacts {
  readonly leftOut: readonly LeftOut[];
  /** Names of attestor sets that nobody can meet now: the policy refuses every image in scope (Enforce). */
  readonly unmeetable: readonly string[];
  /** The next moment at which the rendering changes by itself: an exception ends, a key's window opens or closes. */
  readonly changesAt?: Date;
}

/** A policy, or why there is none in this kind. */
export type Rendering =
  | (RenderingFacts & {
      readonly kind: 'rendered';
      readonly object: KyvernoObject;
      readonly gaps: readonly AdmissionGap[];
      readonly refusals: readonly AdmissionRefusal[];
    })
  | (RenderingFacts & { readonly kind: 'not-expressible'; readonly problems: readonly NotExpressible[] });

/** Which kinds of policies the API server serves. */
export interface ServedKyverno {
  /** kyverno.io/v1 ClusterPolicy */
  readonly clusterPolicy: boolean;
  /** policies.kyverno.io/v1 ImageValidatingPolicy */
  readonly imageValidatingPolicy: boolean;
}
