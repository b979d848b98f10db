/**
 * From Pods to image uses: each Pod under its top-level workload, in the coverage. Owns the first reading of all of
 * them, before which nobody may call a workload gone. Must never read more of an owner than its metadata.
 */
import type { Clock } from '../core/clock.ts';
import type { Coverage } from '../core/coverage.ts';
import { usesOfPod } from '../core/inventory.ts';
import type { PullIndex } from '../core/pull-index.ts';
import type { Workload } from '../core/workload.ts';
import { isKubeFailure } from '../kube/failure.ts';
import type { Reflector } from '../kube/reflector.ts';
import { type Controller, type ControllerObserver, createController, DONE, type Next } from './controller.ts';
import type { OwnerChains } from './owners.ts';

/** What it is made of. */
export interface PodsOptions {
  readonly pods: Pick<Reflector<Workload>, 'get' | 'list'>;
  readonly owners: OwnerChains;
  readonly coverage: Coverage;
  /** Told of every Pod; absent where nobody asks who pulls what. */
  readonly pulls: PullIndex | undefined;
  readonly clock: Clock;
  readonly observer?: ControllerObserver;
}

/** The controller of Pods. Keys are `namespace/name`. */
export interface Pods {
  readonly controller: Controller;
  /**
   * Takes all Pods in; resolves when each has its workload. Those whose owners cannot be read for long stand under the
   * nearest one that is known, and are tried again: one kind that fails keeps nobody from all the others. Rejects when
   * the signal fires.
   */
  load(signal: AbortSignal): Promise<void>;
}

const AT_ONCE = 16;
/** Pods that are taken in before others may run: a Pod costs about 20 µs. */
const CHUNK = 250;
const AGAIN_MS = 1_000;
/** How long the first reading waits for owners that cannot be read, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Makes the controller. */
export function createPods({ pods, owners, coverage, pulls, clock, observer }: PodsOptions): Pods {
  const take = async (key: string, signal: AbortSignal): Promise<Next> => {
    const pod = pods.get(key);
    pulls?.set(key, pod);
    if (pod === undefined || pod.idle) {
      coverage.setUses(key, []);
      return DONE;
    }
    const { top, againAt } = await owners.topOf(pod, signal);
    // What came in while the owners were read is what counts.
    if (pods.get(key) === pod) coverage.setUses(key, usesOfPod(pod, top));
    return againAt === undefined ? DONE : { kind: 'at', at: new Date(againAt) };
  };
  const controller = createController({
    name: 'pod',
    clock,
    concurrency: AT_ONCE,
    reconcile: take,
    ...(observer === undefined ? {} : { observer }),
  });
  const takeFirst = async (pod: Workload, signal: AbortSignal): Promise<void> => {
    const next = await take(keyOf(pod), signal);
    if (next.kind === 'at') controller.add(keyOf(pod), { afterMs: Math.max(0, next.at.getTime() - clock.now()) });
  };
  const standIn = (pod: Workload): void => {
    if (pods.get(keyOf(pod)) === pod) coverage.setUses(keyOf(pod), usesOfPod(pod, owners.nearestOf(pod)));
    controller.add(keyOf(pod));
  };
  return {
    controller,
    async load(signal): Promise<void> {
      const all = [...pods.list()].filter((pod) => !pod.idle);
      await owners.prime(all, signal);
      const until = clock.now() + PATIENCE_MS;
      let missing = await takeAll(all, (pod) => takeFirst(pod, signal));
      while (missing.length > 0 && clock.now() < until) {
        await clock.sleep(AGAIN_MS, signal);
        missing = await takeAll(missing, (pod) => takeFirst(pod, signal));
      }
      for (const pod of missing) standIn(pod);
    },
  };
}

/** Takes all of them in, some at once; those that failed are left over. */
async function takeAll(all: readonly Workload[], take: (pod: Workload) => Promise<void>): Promise<Workload[]> {
  const failed: Workload[] = [];
  for (let at = 0; at < all.length; at += CHUNK) {
    const results = await Promise.allSettled(all.slice(at, at + CHUNK).map(take));
    for (const [index, result] of results.entries()) {
      const pod = all[at + index];
      if (result.status === 'fulfilled' || pod === undefined) continue;
      if (!isKubeFailure(result.reason)) throw result.reason;
      failed.push(pod);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return failed;
}

function keyOf({ identity }: Workload): string {
  return `${identity.namespace}/${identity.name}`;
}
