/**
 * The inventory: which digests run, and where. Owns how workloads become image uses, and the map from digest to uses
 * with its changes. Must never look anything up: a use whose digest is not known here says so.
 */
import type { Digest } from './digest.ts';
import { compareUses, type ImageUse, keyOfUse, type ObjectIdentity } from './image-use.ts';
import { topOwners } from './owners.ts';
import { formatReference } from './reference.ts';
import { digestOfImageID } from './running-digest.ts';
import type { ContainerImage, Workload } from './workload.ts';

/** Uses by digest, and those whose digest is not known yet. Both in the order of `compareUses`, digests ascending. */
export interface Inventory {
  readonly byDigest: ReadonlyMap<Digest, readonly ImageUse[]>;
  readonly unresolved: readonly ImageUse[];
}

/** What changed from one inventory to another. A use whose digest changed is in both lists. */
export interface InventoryDiff {
  readonly appeared: readonly ImageUse[];
  readonly disappeared: readonly ImageUse[];
}

/**
 * The image uses of workloads. A template counts only while no Pod that came of it is there, and once per workload:
 * a Deployment, its ReplicaSet and their Pods are one workload. What is idle has no uses.
 */
export function usesOf(workloads: readonly Workload[]): readonly ImageUse[] {
  const tops = topOwners(workloads);
  const live = workloads.filter((workload) => !workload.idle);
  const withPods = new Set(live.filter((workload) => workload.isPod).flatMap((pod) => tops.chainOf(pod)));
  const counted = live.filter((workload) => workload.isPod || !withPods.has(workload));
  const uses = counted.flatMap((workload) => {
    const top = tops.topOf(workload);
    return workload.containers.map((container) => useOf(workload, top, container));
  });
  return distinct(uses);
}

/** The uses of one Pod, under the workload that it was found to belong to. */
export function usesOfPod(pod: Workload, workload: ObjectIdentity): readonly ImageUse[] {
  const { controller: _, ...alone } = pod;
  return usesOf([alone]).map((use) => ({ ...use, workload }));
}

/** Builds an inventory. */
export function inventoryOf(uses: readonly ImageUse[]): Inventory {
  const sorted = distinct(uses);
  const known = Map.groupBy(sorted, (use) => use.digest);
  const digests = [...known.keys()].filter((digest) => digest !== undefined).sort();
  return {
    byDigest: new Map(digests.map((digest) => [digest, known.get(digest) ?? []])),
    unresolved: known.get(undefined) ?? [],
  };
}

/** All uses of an inventory, sorted. */
export function usesIn(inventory: Inventory): readonly ImageUse[] {
  return [...inventory.byDigest.values(), inventory.unresolved].flat().sort(compareUses);
}

/** The inventory with these uses as well. */
export function addUses(inventory: Inventory, uses: readonly ImageUse[]): Inventory {
  return inventoryOf([...usesIn(inventory), ...uses]);
}

/** The inventory without these uses; those that it does not have change nothing. */
export function removeUses(inventory: Inventory, uses: readonly ImageUse[]): Inventory {
  const gone = new Set(uses.map(keyOfUse));
  return inventoryOf(usesIn(inventory).filter((use) => !gone.has(keyOfUse(use))));
}

/** What came and what went. */
export function diffInventories(before: Inventory, after: Inventory): InventoryDiff {
  const old = new Set(usesIn(before).map(keyOfUse));
  const now = new Set(usesIn(after).map(keyOfUse));
  return {
    appeared: usesIn(after).filter((use) => !old.has(keyOfUse(use))),
    disappeared: usesIn(before).filter((use) => !now.has(keyOfUse(use))),
  };
}

/** The references that a registry must resolve, canonical, each once, sorted. */
export function unresolvedReferences(uses: readonly ImageUse[]): readonly string[] {
  const open = uses.filter((use) => use.digest === undefined);
  return [...new Set(open.map((use) => formatReference(use.reference)))].sort();
}

/** Fills in digests that a registry resolved, by canonical reference. What was known without it stays as it was. */
export function withResolvedDigests(
  uses: readonly ImageUse[],
  digests: ReadonlyMap<string, Digest>,
): readonly ImageUse[] {
  return uses.map((use) => {
    const digest = use.digest === undefined ? digests.get(formatReference(use.reference)) : undefined;
    return digest === undefined ? use : { ...use, digest, digestSource: 'registry' };
  });
}

function useOf(workload: Workload, top: ImageUse['workload'], container: ContainerImage): ImageUse {
  return {
    workload: top,
    ...(workload.isPod ? { pod: workload.identity } : {}),
    namespace: workload.identity.namespace,
    podLabels: workload.podLabels,
    container: container.name,
    containerType: container.type,
    image: container.image,
    reference: container.reference,
    ...runningDigest(container),
  };
}

type RunningDigest = Pick<ImageUse, 'digest' | 'digestSource'>;

/** Pods of one workload hold one container image between them, and so one text of its digest. */
const RUNNING_DIGESTS = new WeakMap<ContainerImage, RunningDigest>();

function runningDigest(container: ContainerImage): RunningDigest {
  const read = RUNNING_DIGESTS.get(container) ?? readRunningDigest(container);
  RUNNING_DIGESTS.set(container, read);
  return read;
}

function readRunningDigest({ imageID, reference }: ContainerImage): RunningDigest {
  const proven = imageID === undefined ? undefined : digestOfImageID(imageID);
  if (proven !== undefined) return { digest: proven, digestSource: 'status' };
  if (reference.digest !== undefined) return { digest: reference.digest, digestSource: 'spec' };
  return { digestSource: 'registry' };
}

function distinct(uses: readonly ImageUse[]): readonly ImageUse[] {
  return [...new Map(uses.map((use) => [keyOfUse(use), use])).values()].sort(compareUses);
}
