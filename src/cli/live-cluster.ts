/**
 * The cluster as it is at this moment, read through the API server: policies, keys, what they refer to, and what runs.
 * Owns which objects are read; must never write one, nor hold more of a Pod than the inventory does.
 */
import { createOwnerChains } from '../controllers/owners.ts';
import { createPodProjection } from '../controllers/pod-projection.ts';
import type { ImageUse } from '../core/image-use.ts';
import { usesOfPod } from '../core/inventory.ts';
import { at } from '../core/manifests/field.ts';
import type { ManifestDocument } from '../core/manifests/load.ts';
import { keyOfNamed, type NamedObject, referencesIn } from '../core/named-object.ts';
import { createPullIndex, type PullIndex } from '../core/pull-index.ts';
import type { Workload } from '../core/workload.ts';
import { isKubeFailure } from '../kube/failure.ts';
import {
  apiVersionOf,
  CONFIGMAPS,
  IMAGE_TRUST_POLICIES,
  type KubeObject,
  NAMESPACES,
  PODS,
  type Resource,
  SECRETS,
  TRUSTED_KEYS,
} from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { mapConcurrently } from './concurrently.ts';

/** What was read. */
export interface LiveCluster {
  /** Policies, keys, namespaces, and the Secrets and ConfigMaps that policies and keys name. */
  readonly documents: readonly ManifestDocument[];
  /** What the Pods run, under their top-level workloads. */
  readonly uses: readonly ImageUse[];
  /** Who pulls what. */
  readonly pulls: PullIndex;
  /** What could not be read and is not there in consequence, a sentence each. */
  readonly notes: readonly string[];
}

/** Objects per page. A Pod may have 100 KiB. */
const PAGE = 100;
const AT_ONCE = 8;
/** How documents of the cluster are called in messages. */
const PLACE = 'cluster';

/**
 * Reads the cluster. `given`: objects from files, which stand in place of those of the same kind and name in the
 * cluster: so a policy can be tried on what runs before it is applied. Throws KubeFailure.
 */
export async function readLiveCluster(
  client: KubeClient,
  given: readonly ManifestDocument[],
  signal: AbortSignal,
): Promise<LiveCluster> {
  const stands = new Set(given.map((document) => nameKey(document.kind, document.object)));
  const ours = await Promise.all(
    [IMAGE_TRUST_POLICIES, TRUSTED_KEYS, NAMESPACES].map((resource) => listAll(client, resource, signal)),
  );
  const listed = ours.flat().filter(({ kind, object }) => !stands.has(nameKey(kind, object)));
  const named = referencesIn([...given, ...listed].filter(isOurs).map(({ object }) => object));
  const missing = named.filter((one) => !stands.has(`${one.kind} ${one.namespace}/${one.name}`));
  const read = await mapConcurrently(missing, AT_ONCE, (one) => readNamed(client, one, signal));
  return {
    documents: [...listed, ...read.filter((one) => typeof one !== 'string')],
    notes: read.filter((one) => typeof one === 'string'),
    ...(await readUses(client, signal)),
  };
}

function isOurs({ kind }: ManifestDocument): boolean {
  return kind === IMAGE_TRUST_POLICIES.kind || kind === TRUSTED_KEYS.kind;
}

/** All objects of a resource; none where the API server does not serve it. */
async function listAll(client: KubeClient, resource: Resource, signal: AbortSignal): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = [];
  try {
    for await (const page of pagesOf(client, resource, signal))
      documents.push(...page.map((object) => documentOf(resource, object)));
  } catch (error) {
    if (!isKubeFailure(error, 'not-found')) throw error;
  }
  return documents;
}

async function* pagesOf(
  client: KubeClient,
  resource: Resource,
  signal: AbortSignal,
): AsyncGenerator<readonly KubeObject[], void, undefined> {
  let token: string | undefined;
  do {
    const page = await client.listPage(resource, { limit: PAGE, continue: token, signal });
    yield page.items;
    token = page.continue;
  } while (token !== undefined);
}

/** The API server leaves kind and apiVersion out in lists. */
function documentOf(resource: Resource, { metadata, ...rest }: KubeObject): ManifestDocument {
  const { managedFields: _, ...told } = { managedFields: undefined, ...metadata };
  const apiVersion = apiVersionOf(resource);
  return {
    file: PLACE,
    document: 1,
    path: [],
    apiVersion,
    kind: resource.kind,
    object: { ...rest, apiVersion, kind: resource.kind, metadata: told },
    positionOf: () => undefined,
  };
}

/** What a key or policy names; a sentence where it is not to be had. */
async function readNamed(
  client: KubeClient,
  named: NamedObject,
  signal: AbortSignal,
): Promise<ManifestDocument | string> {
  const resource = named.kind === 'Secret' ? SECRETS : CONFIGMAPS;
  try {
    return documentOf(resource, await client.get(resource, named, { signal }));
  } catch (error) {
    if (!isKubeFailure(error, 'not-found', 'forbidden')) throw error;
    const why = error.detail.kind === 'forbidden' ? 'may not be read by you' : 'is not there';
    return `${keyOfNamed(named)} ${why}: what needs it is judged without it`;
  }
}

async function readUses(client: KubeClient, signal: AbortSignal): Promise<Pick<LiveCluster, 'uses' | 'pulls'>> {
  const project = createPodProjection(true);
  const pulls = createPullIndex();
  const pods: Workload[] = [];
  for await (const page of pagesOf(client, PODS, signal)) {
    pods.push(
      ...page
        .map(project)
        .filter((pod) => pod !== undefined)
        .filter((pod) => !pod.idle),
    );
  }
  // One look at one moment: nothing is asked for twice.
  const once = { now: () => 0, hiddenMs: 1 };
  const owners = createOwnerChains(client, (type, lookup) => client.resourceOf(type, { signal: lookup }), once);
  await owners.prime(pods, signal);
  const uses = await mapConcurrently(pods, AT_ONCE, async (pod) =>
    usesOfPod(pod, (await owners.topOf(pod, signal)).top),
  );
  for (const pod of pods) pulls.set(`${pod.identity.namespace}/${pod.identity.name}`, pod);
  return { uses: uses.flat(), pulls };
}

/** Cluster-scoped kinds have no namespace, whatever a manifest says; the others have `default` where they say none. */
function nameKey(kind: string, object: ManifestDocument['object']): string {
  const root = { value: object, path: [], report: () => undefined };
  const textAt = (field: string): string => {
    const { value } = at(root, 'metadata', field);
    return typeof value === 'string' ? value : '';
  };
  const scoped = kind === SECRETS.kind || kind === CONFIGMAPS.kind;
  return scoped ? `${kind} ${textAt('namespace') || 'default'}/${textAt('name')}` : `${kind} ${textAt('name')}`;
}
