/**
 * An object that runs containers, as the inventory reads it: a Pod, or something with a Pod template.
 * Owns the shape; manifests/read-workload.ts makes it from an object. Must never hold more of an object than this:
 * the operator keeps one of these for every Pod of a cluster.
 */
import type { ContainerType, ObjectIdentity } from './image-use.ts';
import type { ImageReference } from './reference.ts';
import type { Labels } from './selector.ts';

/** The image of one container or image volume. */
export interface ContainerImage {
  readonly name: string;
  readonly type: ContainerType;
  /** As the spec writes it. */
  readonly image: string;
  readonly reference: ImageReference;
  /** `status…imageID` of the container, as the kubelet writes it; absent or empty where nothing has run yet. */
  readonly imageID?: string;
}

/** What the kubelet pulls the images of a Pod with, in the Pod's namespace. */
export interface PullIdentity {
  readonly serviceAccount: string;
  /** Names of the Secrets that the Pod itself names. */
  readonly secrets: readonly string[];
}

/** A Pod, or an object with a Pod template. */
export interface Workload {
  /** Always with a namespace. */
  readonly identity: ObjectIdentity & { readonly namespace: string };
  /** The owner reference that has `controller: true`. */
  readonly controller?: ObjectIdentity;
  /** Labels of the Pod, or of the template. */
  readonly podLabels: Labels;
  readonly containers: readonly ContainerImage[];
  readonly isPod: boolean;
  /** Nothing of it runs or will: a Pod that ended, a Job that is done, an old ReplicaSet scaled to none. */
  readonly idle: boolean;
  /** Of a Pod, where somebody asked for it. */
  readonly pulls?: PullIdentity;
}
