/**
 * One container's image in one Pod or Pod template: what the spec names and which digest runs.
 * Owns the shape; it is made in inventory.ts and read by everything.
 */
import type { Digest } from './digest.ts';
import type { ImageReference } from './reference.ts';

/** Where in a Pod an image is used. */
export type ContainerType = 'container' | 'initContainer' | 'ephemeralContainer' | 'imageVolume';

/** An object by its identity in a cluster; `uid` is absent in manifests that were never applied. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** One use of an image. */
export interface ImageUse {
  /** The top-level workload: the Pod's controller as far up as it is known, else the object itself. */
  readonly workload: ObjectIdentity;
  /** The Pod, where there is one (not for templates of a Deployment and the like). */
  readonly pod?: ObjectIdentity;
  readonly namespace: string;
  /** Labels of the Pod or of the template: what podSelector sees. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** Container or volume name. */
  readonly container: string;
  readonly containerType: ContainerType;
  /** The image exactly as the spec writes it. */
  readonly image: string;
  readonly reference: ImageReference;
  /** The digest that runs: proven by `status…imageID`, else the digest in the spec, else absent until a registry resolves the tag. */
  readonly digest?: Digest;
  /** Where `digest` comes from. `registry`: not known here, the tag must be (or was) resolved. */
  readonly digestSource: 'status' | 'spec' | 'registry';
}
