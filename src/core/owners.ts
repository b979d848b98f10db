/**
 * Owner chains: from a Pod up to the object that a person wrote. Follows controller references generically, so that
 * Rollouts and other custom kinds count as workloads too. Must never guess an owner from a name.
 */
import type { ObjectIdentity } from './image-use.ts';
import type { Workload } from './workload.ts';

/** Answers about the owners of a fixed list of workloads. */
export interface TopOwners {
  /** The top-level workload of this one: the last owner that is known, at the least itself. */
  topOf(workload: Workload): ObjectIdentity;
  /** The listed workloads on the way up, itself first. */
  chainOf(workload: Workload): readonly Workload[];
}

/** Chains in a cluster are three long; a longer one is a loop or a joke. */
const MAX_DEPTH = 16;

/** Indexes the workloads by identity. */
export function topOwners(workloads: readonly Workload[]): TopOwners {
  const byUid = new Map(
    workloads.flatMap((each) => (each.identity.uid === undefined ? [] : [[each.identity.uid, each]])),
  );
  const byName = new Map(workloads.map((each) => [nameKey(each.identity), each]));
  const find = (identity: ObjectIdentity): Workload | undefined =>
    (identity.uid === undefined ? undefined : byUid.get(identity.uid)) ?? sameObject(identity, byName);
  const chainOf = (workload: Workload): readonly Workload[] => {
    const chain = [workload];
    let next = ownerOf(workload, find);
    while (next !== undefined && !chain.includes(next) && chain.length < MAX_DEPTH) {
      chain.push(next);
      next = ownerOf(next, find);
    }
    return chain;
  };
  return { chainOf, topOf: (workload) => topOf(chainOf(workload).at(-1) ?? workload) };
}

function ownerOf(workload: Workload, find: (identity: ObjectIdentity) => Workload | undefined): Workload | undefined {
  return workload.controller === undefined ? undefined : find(workload.controller);
}

/** A static Pod is owned by its Node, which is no workload: the Pod stands for itself. */
function topOf(last: Workload): ObjectIdentity {
  const { controller } = last;
  if (controller === undefined || (controller.kind === 'Node' && controller.apiVersion === 'v1')) return last.identity;
  return controller;
}

/** By name where a uid is missing on one side; two different uids are two objects, one of which is gone. */
function sameObject(identity: ObjectIdentity, byName: ReadonlyMap<string, Workload>): Workload | undefined {
  const found = byName.get(nameKey(identity));
  const replaced = identity.uid !== undefined && found?.identity.uid !== undefined;
  return replaced ? undefined : found;
}

/** The version of an API says nothing about the object: apps/v1 and apps/v1beta2 serve the same one. */
function nameKey({ apiVersion, kind, namespace, name }: ObjectIdentity): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return [group, kind, namespace ?? '', name].join('/');
}
