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

/** Identity of a use, with its image and digest: equal for two values that say the same of the same container. */
export function keyOfUse(use: ImageUse): string {
  const { workload, pod, namespace, container, containerType, image, digest } = use;
  const owner = [workload.apiVersion, workload.kind, workload.name, workload.uid ?? ''];
  return JSON.stringify([
    namespace,
    ...owner,
    pod?.name ?? '',
    pod?.uid ?? '',
    containerType,
    container,
    image,
    digest,
  ]);
}

/** The order in which uses are listed everywhere: namespace, workload, Pod, kind of container, container. */
export function compareUses(a: ImageUse, b: ImageUse): number {
  const left = orderOf(a);
  const right = orderOf(b);
  const index = left.findIndex((part, at) => part !== right[at]);
  return index < 0 ? 0 : compareText(left[index] ?? '', right[index] ?? '');
}

/** Code unit order: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Init containers run first and are listed first. */
const TYPE_ORDER: Readonly<Record<ContainerType, string>> = {
  initContainer: '0',
  container: '1',
  ephemeralContainer: '2',
  imageVolume: '3',
};

function orderOf({ namespace, workload, pod, containerType, container, image, digest }: ImageUse): readonly string[] {
  const place = [namespace, workload.kind, workload.name, pod?.name ?? '', TYPE_ORDER[containerType], container];
  return [...place, image, digest ?? ''];
}
