/**
 * What a cluster has beside its API server, as far as the demo needs it: a kubelet, which writes what runs into the
 * status of Pods, and where no kube-controller-manager does it, the controllers that make Pods of Deployments.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../support/api-server/object.ts';
import type { ClusterClient, Loose } from '../support/cluster/client.ts';
import { controllerOf } from '../support/cluster/scene.ts';
import type { Images } from './images.ts';

interface PodSpec {
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}
interface DeploymentSpec {
  readonly selector: object;
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
}

/** Gives every Deployment its ReplicaSet and that its Pod, each owned by the one before. */
export async function makePods(client: ClusterClient): Promise<void> {
  for (const listed of await client.list('apps/v1', 'Deployment')) {
    // The items of a list do not say their kind.
    const deployment: ApiObject = { ...listed, apiVersion: 'apps/v1', kind: 'Deployment' };
    const { name, namespace } = deployment.metadata;
    const { selector, template } = deployment['spec'] as DeploymentSpec;
    const { labels } = template.metadata;
    const owned = (rest: string, owner: ApiObject | undefined) => ({
      name: `${name}-${rest}`,
      namespace,
      labels,
      ownerReferences: [controllerOf(owner)],
    });
    const [set] = await client.apply({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: owned('1', deployment),
      spec: { replicas: 1, selector, template },
    });
    await client.apply({ apiVersion: 'v1', kind: 'Pod', metadata: owned('1-a', set), spec: template.spec });
  }
}

/** Runs every Pod that does not run yet, until `count` Pods have been seen or the time is up. */
export async function runPods(client: ClusterClient, images: Images, count: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  const done = new Set<string>();
  for (;;) {
    await runNewPods(client, images, done);
    if (done.size >= count) return;
    if (Date.now() > deadline) throw new Error(`expected ${count} Pods within 20 s, found ${done.size}`);
    await delay(100);
  }
}

/** Runs every Pod whose uid is not in `done`, and adds it there. */
export async function runNewPods(client: ClusterClient, images: Images, done: Set<string>): Promise<void> {
  for (const pod of await client.list('v1', 'Pod')) {
    const { uid = '' } = pod.metadata;
    if (done.has(uid)) continue;
    await client.applyStatus(runningAs(pod, images));
    done.add(uid);
  }
}

const STARTED = '2026-01-01T00:00:00Z';

function runningAs(pod: ApiObject, images: Images): Loose {
  const { name, namespace } = pod.metadata;
  const { containers } = pod['spec'] as PodSpec;
  const states = containers.map(({ name: container, image }) => {
    const imageID = images.imageID(image);
    const common = { name: container, image, restartCount: 0 };
    if (imageID === undefined)
      return { ...common, imageID: '', ready: false, state: { waiting: { reason: 'ErrImagePull' } } };
    return {
      ...common,
      imageID,
      ready: true,
      started: true,
      state: { running: { startedAt: STARTED } },
    };
  });
  const isReady = states.every(({ ready }) => ready);
  // Deployments wait for this condition before they take the Pods of before away.
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: STARTED }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    status: { phase: isReady ? 'Running' : 'Pending', conditions, containerStatuses: states },
  };
}
