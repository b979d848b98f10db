/**
 * The verbs of the Kubernetes API over one connection. Owns how a verb becomes a request (paths, queries, media types);
 * must never retry a write, cache an object, or look into one beyond its metadata.
 */
import type { KubeConnection, Lane } from './connection.ts';
import { demandEvent, demandObject, pageOf, resourcesIn } from './answer-shape.ts';
import { isKubeFailure } from './failure.ts';
import { jsonLines } from './json-lines.ts';
import { createRequester, type KubeRequest, type RequestObservation, type Requester } from './request.ts';
import {
  collectionPath,
  groupPath,
  type KubeBody,
  type KubeObject,
  keyOfObject,
  type ObjectName,
  objectPath,
  type Resource,
} from './resource.ts';
import type { KubeClient, RemoveOptions, Selection, WatchEvent, WatchOptions } from './verbs.ts';

export type * from './verbs.ts';

/** What a client is made of. */
export interface ClientOptions {
  /** How we are called in the server's audit log. Default `image-trust-operator`. */
  readonly userAgent?: string;
  /** `streams`: calls never wait behind others (the Lease). Default `calls`. */
  readonly lane?: Lane;
  /** Told of every request that was sent. */
  readonly onRequest?: (observation: RequestObservation) => void;
  /** Limit of one call in milliseconds. Default 30 s; a page of a list has twice as long. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** How much later than the server we end a watch. */
const GRACE_MS = 10_000;

/** Makes a client. */
export function createKubeClient(connection: KubeConnection, options: ClientOptions = {}): KubeClient {
  const requester = createRequester(connection, options.userAgent ?? 'image-trust-operator', options.onRequest);
  const defaults = { lane: options.lane ?? ('calls' as const), timeoutMs: options.timeoutMs ?? TIMEOUT_MS };
  const call = async (request: Call): Promise<KubeObject> =>
    demandObject(request.where, await requester.exchange({ ...defaults, ...request }));
  return {
    ...readers(requester, defaults, call),
    apply: (resource, object, { fieldManager, subresource, force = true, signal }) =>
      call({
        ...written('PATCH', 'apply', resource, object),
        path: objectPath(resource, nameOf(resource, object), subresource),
        query: { fieldManager, force },
        headers: { 'content-type': 'application/apply-patch+yaml' },
        repeatable: true,
        signal,
      }),
    create: (resource, object, { dryRun = false, signal }) =>
      call({
        ...written('POST', 'create', resource, object),
        path: collectionPath(resource, object.metadata?.namespace),
        query: { dryRun: dryRun ? 'All' : undefined },
        signal,
      }),
    replace: (resource, object, { subresource, fieldManager, signal }) =>
      call({
        ...written('PUT', 'replace', resource, object),
        path: objectPath(resource, nameOf(resource, object), subresource),
        query: { fieldManager },
        signal,
      }),
    remove: (resource, name, removal) => remove(requester, defaults, { resource, name }, removal),
  };
}

type Defaults = Pick<KubeRequest, 'lane' | 'timeoutMs'>;
type Call = Omit<KubeRequest, keyof Defaults>;

function readers(
  requester: Requester,
  defaults: Defaults,
  call: (request: Call) => Promise<KubeObject>,
): Pick<KubeClient, 'get' | 'getMetadata' | 'listPage' | 'watch' | 'serves' | 'resourceOf'> {
  const get = (resource: Resource, name: ObjectName, signal: AbortSignal, accept: string): Promise<KubeObject> =>
    call({
      ...read(`get ${resource.plural} ${keyOfObject(name)}`, signal),
      path: objectPath(resource, name),
      headers: { accept },
    });
  return {
    get: (resource, name, { signal }) => get(resource, name, signal, JSON_ONLY),
    getMetadata: (resource, name, { signal }) => get(resource, name, signal, METADATA),
    listPage: async (resource, options) => {
      const where = `list ${resource.plural}`;
      const { limit, continue: token } = options;
      const body = await requester.exchange({
        ...defaults,
        ...read(where, options.signal),
        timeoutMs: defaults.timeoutMs * 2,
        path: collectionPath(resource, options.namespace),
        query: { ...selectors(options), limit, continue: token },
        headers: { accept: options.metadataOnly === true ? METADATA_LIST : JSON_ONLY },
      });
      return pageOf(where, body);
    },
    watch: (resource, options) => watch(requester, resource, options),
    serves: async (resource, { signal }) =>
      resourcesIn(await discover(requester, defaults, resource, signal), resource).some(
        ({ plural }) => plural === resource.plural,
      ),
    resourceOf: resourceLookup(requester, defaults),
  };
}

/** The discovery document of a group and version; an empty one where the server has no such group. */
async function discover(
  requester: Requester,
  defaults: Defaults,
  group: Pick<Resource, 'group' | 'version'>,
  signal: AbortSignal,
): Promise<string> {
  const path = groupPath(group);
  try {
    return await requester.exchange({ ...defaults, ...read(`discover ${path}`, signal), path });
  } catch (error) {
    if (isKubeFailure(error, 'not-found')) return '{}';
    throw error;
  }
}

function resourceLookup(requester: Requester, defaults: Defaults): KubeClient['resourceOf'] {
  const known = new Map<string, Resource>();
  return async ({ apiVersion, kind }, { signal }) => {
    const found = known.get(`${apiVersion} ${kind}`);
    if (found !== undefined) return found;
    const slash = apiVersion.indexOf('/');
    const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
    const list = await discover(requester, defaults, { group, version }, signal);
    for (const resource of resourcesIn(list, { group, version })) {
      const key = `${apiVersion} ${resource.kind}`;
      if (!known.has(key)) known.set(key, resource);
    }
    return known.get(`${apiVersion} ${kind}`);
  };
}

const JSON_ONLY = 'application/json';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

function read(where: string, signal: AbortSignal): Pick<KubeRequest, 'method' | 'repeatable' | 'where' | 'signal'> {
  return { method: 'GET', repeatable: true, where, signal };
}

function written(
  method: 'PATCH' | 'POST' | 'PUT',
  verb: string,
  resource: Resource,
  object: KubeBody,
): Pick<KubeRequest, 'method' | 'where' | 'body' | 'headers' | 'repeatable'> {
  const { name = '', namespace } = object.metadata ?? {};
  return {
    method,
    where: `${verb} ${resource.plural} ${keyOfObject({ namespace, name })}`.trimEnd(),
    body: JSON.stringify(object),
    headers: { 'content-type': JSON_ONLY },
    repeatable: false,
  };
}

async function* watch(requester: Requester, resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { signal, resourceVersion, timeoutSeconds } = options;
  const request: KubeRequest = {
    ...read(`watch ${resource.plural}`, signal),
    repeatable: false,
    lane: 'streams',
    timeoutMs: timeoutSeconds * 1000 + GRACE_MS,
    path: collectionPath(resource, options.namespace),
    query: { ...selectors(options), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds },
    headers: { accept: options.metadataOnly === true ? METADATA : JSON_ONLY },
  };
  const answer = await requester.open(request);
  options.onOpen?.();
  try {
    for await (const value of jsonLines(answer.chunks)) yield demandEvent(request.where, value);
  } catch (error) {
    throw requester.failureOf(request, error);
  } finally {
    answer.close();
  }
}

async function remove(
  requester: Requester,
  defaults: Defaults,
  { resource, name }: { readonly resource: Resource; readonly name: ObjectName },
  { signal, uid, resourceVersion }: RemoveOptions,
): Promise<boolean> {
  const preconditions = { uid, resourceVersion };
  try {
    await requester.exchange({
      ...defaults,
      method: 'DELETE',
      path: objectPath(resource, name),
      headers: { 'content-type': JSON_ONLY },
      body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy: 'Background' }),
      repeatable: false,
      where: `delete ${resource.plural} ${keyOfObject(name)}`,
      signal,
    });
    return true;
  } catch (error) {
    if (isKubeFailure(error, 'not-found')) return false;
    throw error;
  }
}

function selectors({ fieldSelector, labelSelector }: Selection): NonNullable<KubeRequest['query']> {
  return { fieldSelector, labelSelector };
}

function nameOf(resource: Resource, { metadata }: KubeBody): ObjectName {
  return { name: metadata?.name ?? '', namespace: resource.namespaced ? metadata?.namespace : undefined };
}
