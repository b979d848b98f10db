/**
 * From a Pod as the API server tells it to the little that the inventory keeps of it. Owns what is shared: a thousand
 * Pods of one ReplicaSet hold one set of labels, one reference and one owner between them. Must never keep the Pod.
 */
import type { ObjectIdentity } from '../core/image-use.ts';
import { createLru } from '../core/lru.ts';
import type { Field } from '../core/manifests/field.ts';
import { readPulls, readWorkload } from '../core/manifests/read-workload.ts';
import type { ContainerImage, PullIdentity, Workload } from '../core/workload.ts';
import type { KubeObject } from '../kube/resource.ts';

/** Distinct values of each sort that are shared. */
const MAX_SHARED = 20_000;

/**
 * Reads Pods. Undefined for an object that is none: without a name or containers. `withPulls`: what they are pulled with
 * is kept too.
 */
export function createPodProjection(withPulls = false): (pod: KubeObject) => Workload | undefined {
  const pulls = createShare<PullIdentity>();
  const containers = createShare<ContainerImage>();
  const labels = createShare<Workload['podLabels']>();
  const texts = createShare<string>();
  const owners = createShare<ObjectIdentity>();
  return (pod) => {
    const root: Field = { value: pod, path: [], report: ignore };
    const workload = readWorkload({ apiVersion: 'v1', kind: 'Pod' }, root);
    if (workload === undefined) return undefined;
    const { identity, controller } = workload;
    const namespace = texts(identity.namespace, identity.namespace);
    const pulled = withPulls ? readPulls(root) : undefined;
    return {
      identity: { ...identity, namespace },
      ...(controller === undefined ? {} : { controller: owners(ownerKey(controller), controller) }),
      podLabels: labels(JSON.stringify(workload.podLabels), workload.podLabels),
      containers: workload.idle ? [] : workload.containers.map((one) => containers(containerKey(one), one)),
      isPod: true,
      idle: workload.idle,
      ...(pulled === undefined ? {} : { pulls: pulls(JSON.stringify(pulled), pulled) }),
    };
  };
}

/** The API server has checked the Pod; an image that no registry could serve never ran. */
const ignore: Field['report'] = () => undefined;

function containerKey({ name, type, image, imageID }: ContainerImage): string {
  return JSON.stringify([name, type, image, imageID]);
}

function ownerKey({ apiVersion, kind, namespace = '', name, uid = '' }: ObjectIdentity): string {
  return JSON.stringify([apiVersion, kind, namespace, name, uid]);
}

/** The first value that came under a key, for all that come after. */
function createShare<T extends object | string>(): (key: string, value: T) => T {
  const shared = createLru<T>(MAX_SHARED);
  return (key, value) => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    shared.set(key, value);
    return value;
  };
}
