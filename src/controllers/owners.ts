/**
 * Owner chains in a cluster: from a Pod up to the object that a person wrote, by controller references alone, whatever
 * the kinds. Reads metadata only, each owner once. Must never guess an owner from a name, nor wait for one for ever.
 */
import type { ObjectIdentity } from '../core/image-use.ts';
import { createLru, type Lru } from '../core/lru.ts';
import type { Workload } from '../core/workload.ts';
import { isKubeFailure } from '../kube/failure.ts';
import { apiVersionOf, type KubeMetadata, type Resource } from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';

/**
 * What an owner reference leads to. `hidden`: it may be there, but we may not read it or do not know its kind; that may
 * change, so it holds until a time (milliseconds).
 */
type Owner =
  | { readonly kind: 'found'; readonly identity: ObjectIdentity; readonly controller: ObjectIdentity | undefined }
  | { readonly kind: 'gone' }
  | { readonly kind: 'hidden'; readonly until: number };

/** Where a chain ends. */
export interface ChainEnd {
  readonly top: ObjectIdentity;
  /** Who owns `top` could not be read; when it is worth another try, in milliseconds. */
  readonly againAt?: number;
}

/** Times of owner chains, in milliseconds. */
export interface OwnerTimes {
  readonly now: () => number;
  /** For how long an owner that may not be read, or of a kind that is not served, is not asked for again. */
  readonly hiddenMs: number;
}

/** Finds the resource of a kind; undefined where the API server serves none. */
export type ResourceLookup = (
  type: Pick<ObjectIdentity, 'apiVersion' | 'kind'>,
  signal: AbortSignal,
) => Promise<Resource | undefined>;

/** What of a client is needed. */
export type OwnerClient = Pick<KubeClient, 'getMetadata' | 'listPage'>;

/** Answers about owners. */
export interface OwnerChains {
  /** The top-level workload of a Pod: itself where nobody controls it. Throws KubeFailure for what may heal soon. */
  topOf(workload: Workload, signal: AbortSignal): Promise<ChainEnd>;
  /** The same by what was read so far: the first owner of which nothing is known stands for what is above it. */
  nearestOf(workload: Workload): ObjectIdentity;
  /** Reads owners of many Pods by lists in place of one request each. */
  prime(workloads: readonly Workload[], signal: AbortSignal): Promise<void>;
  /** Somebody found an owner missing that was there: ask again. */
  forget(identity: ObjectIdentity): void;
}

/** Chains in a cluster are three long; a longer one is a loop or a joke. */
const MAX_DEPTH = 16;
const MAX_OWNERS = 50_000;
/** From so many unknown owners of a kind on, a list costs less than asking for each. */
const LIST_FROM = 50;
const PAGE = 500;

/** Chains over this client. */
export function createOwnerChains(
  client: OwnerClient,
  lookup: ResourceLookup,
  { now, hiddenMs }: OwnerTimes,
): OwnerChains {
  const owners = createLru<Owner>(MAX_OWNERS);
  const flights = new Map<string, Promise<Owner>>();
  const ask = async (identity: ObjectIdentity, signal: AbortSignal): Promise<Owner> => {
    const read = await readOwner(client, lookup, identity, signal);
    return read.kind === 'hidden' ? { ...read, until: now() + hiddenMs } : read;
  };
  const ownerOf = (identity: ObjectIdentity, signal: AbortSignal): Owner | Promise<Owner> => {
    const key = keyOf(identity);
    const known = owners.get(key);
    if (known !== undefined && !(known.kind === 'hidden' && known.until <= now())) return known;
    const asked = flights.get(key);
    if (asked !== undefined) return asked;
    // What is forgotten while it is being read was read too early.
    const isCurrent = (): boolean => flights.get(key) === flight;
    const flight: Promise<Owner> = ask(identity, signal)
      .then((owner) => {
        if (isCurrent()) owners.set(key, owner);
        return owner;
      })
      .finally(() => {
        if (isCurrent()) flights.delete(key);
      });
    flights.set(key, flight);
    return flight;
  };
  return {
    topOf: (workload, signal) => follow(workload, (identity) => ownerOf(identity, signal)),
    prime: (workloads, signal) =>
      prime(workloads, owners, (first) => listOwners(client, lookup, { first, owners, signal })),
    nearestOf: (workload) => nearest(workload, owners),
    forget(identity): void {
      owners.delete(keyOf(identity));
      flights.delete(keyOf(identity));
    },
  };
}

async function follow(
  workload: Workload,
  ownerOf: (identity: ObjectIdentity) => Owner | Promise<Owner>,
): Promise<ChainEnd> {
  let step = begin(workload);
  while (step.next !== undefined) step = climb(step, step.next, await ownerOf(step.next));
  const { top, againAt } = step;
  return againAt === undefined ? { top } : { top, againAt };
}

function nearest(workload: Workload, owners: Lru<Owner>): ObjectIdentity {
  let step = begin(workload);
  while (step.next !== undefined) step = climb(step, step.next, owners.get(keyOf(step.next)));
  return step.top;
}

/** On the way up: how far it came, and what is above that as far as is known. */
interface Step extends ChainEnd {
  readonly next?: ObjectIdentity | undefined;
  readonly depth: number;
}

function begin({ identity, controller }: Workload): Step {
  return { top: identity, next: ownerAbove(controller), depth: 0 };
}

function climb({ top, depth }: Step, next: ObjectIdentity, owner: Owner | undefined): Step {
  if (owner === undefined) return { top: next, depth };
  if (owner.kind === 'gone') return { top, depth };
  if (owner.kind === 'hidden') return { top: next, againAt: owner.until, depth };
  const above = depth + 1 < MAX_DEPTH ? ownerAbove(owner.controller) : undefined;
  return { top: owner.identity, next: above, depth: depth + 1 };
}

/** A static Pod is owned by its Node, which is no workload: the Pod stands for itself. */
function ownerAbove(identity: ObjectIdentity | undefined): ObjectIdentity | undefined {
  return identity?.kind === 'Node' && identity.apiVersion === 'v1' ? undefined : identity;
}

async function prime(
  workloads: readonly Workload[],
  owners: Lru<Owner>,
  list: (first: ObjectIdentity) => Promise<void>,
): Promise<void> {
  let wanted = workloads.flatMap(({ controller }) => (controller === undefined ? [] : [controller]));
  for (let depth = 0; wanted.length > 0 && depth < MAX_DEPTH; depth++) {
    const missing = distinct(wanted.filter((one) => !owners.has(keyOf(one)) && ownerAbove(one) !== undefined));
    for (const group of Map.groupBy(missing, ({ apiVersion, kind }) => `${apiVersion} ${kind}`).values()) {
      const [first] = group;
      if (first !== undefined && group.length >= LIST_FROM) await list(first);
    }
    wanted = missing.flatMap((one) => controllerOf(owners.get(keyOf(one))));
  }
}

interface Listing {
  readonly first: ObjectIdentity;
  readonly owners: Lru<Owner>;
  readonly signal: AbortSignal;
}

async function listOwners(
  client: OwnerClient,
  lookup: ResourceLookup,
  { first, owners, signal }: Listing,
): Promise<void> {
  try {
    const resource = await lookup(first, signal);
    if (resource === undefined) return;
    let token: string | undefined;
    do {
      const page = await client.listPage(resource, { metadataOnly: true, limit: PAGE, continue: token, signal });
      for (const { metadata } of page.items) {
        const found = foundOwner(resource, metadata);
        owners.set(keyOf(found.identity), found);
      }
      token = page.continue;
    } while (token !== undefined);
  } catch (error) {
    // Whoever may get single objects may be forbidden to list them all; then each is asked for.
    if (!isKubeFailure(error)) throw error;
  }
}

async function readOwner(
  client: OwnerClient,
  lookup: ResourceLookup,
  identity: ObjectIdentity,
  signal: AbortSignal,
): Promise<Exclude<Owner, { kind: 'hidden' }> | { readonly kind: 'hidden' }> {
  try {
    const resource = await lookup(identity, signal);
    if (resource === undefined) return { kind: 'hidden' };
    const { name, namespace } = identity;
    const { metadata } = await client.getMetadata(resource, resource.namespaced ? { name, namespace } : { name }, {
      signal,
    });
    // Another object under the same name is another object: the owner is gone.
    const replaced = identity.uid !== undefined && metadata.uid !== identity.uid;
    return replaced ? { kind: 'gone' } : foundOwner(resource, metadata);
  } catch (error) {
    if (isKubeFailure(error, 'not-found')) return { kind: 'gone' };
    if (isKubeFailure(error, 'forbidden', 'unauthorized', 'invalid')) return { kind: 'hidden' };
    throw error;
  }
}

function foundOwner(resource: Resource, metadata: KubeMetadata): Extract<Owner, { kind: 'found' }> {
  const { name, namespace, uid } = metadata;
  const owner = metadata.ownerReferences?.find((candidate) => candidate.controller === true);
  return {
    kind: 'found',
    identity: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
    },
    controller:
      owner === undefined
        ? undefined
        : {
            apiVersion: owner.apiVersion,
            kind: owner.kind,
            ...(namespace === undefined ? {} : { namespace }),
            name: owner.name,
            uid: owner.uid,
          },
  };
}

function controllerOf(owner: Owner | undefined): readonly ObjectIdentity[] {
  return owner?.kind === 'found' && owner.controller !== undefined ? [owner.controller] : [];
}

function distinct(identities: readonly ObjectIdentity[]): readonly ObjectIdentity[] {
  return [...new Map(identities.map((identity) => [keyOf(identity), identity])).values()];
}

function keyOf({ uid, apiVersion, kind, namespace, name }: ObjectIdentity): string {
  return uid ?? JSON.stringify([apiVersion, kind, namespace ?? '', name]);
}
