/**
 * A Kubernetes API server for tests, in memory on loopback: lists in pages, watches with bookmarks, server-side apply,
 * status subresources, CRDs, namespaces and garbage collection, as the real one does it as far as the operator can see
 * (test/cluster runs the same suites on both). Commits faults on request and logs every request.
 *
 *   await using api = await startApiServer();
 *   await api.apply(crd, policy, pod);                        // server-side apply, as `tests`
 *   api.fault({ match: /^watch pods/, times: 1, status: 410 });
 *   api.dropWatches('/pods', 'reset');  api.compact();  await api.stop();  await api.resume();
 *   api.requests.filter((r) => r.verb === 'patch' && r.userAgent.startsWith('image-trust'))
 *   writeFileSync(file, api.kubeconfig());
 *
 * As a process: node test/support/api-server/main.ts --port 8001 --kubeconfig /tmp/kubeconfig crds/*.yaml
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Access, createAccess, type User } from './access.ts';
import { createFaults, type Fault, type LoggedRequest } from './faults.ts';
import { handlerOf } from './handler.ts';
import { createKinds, keyOf, type ResourceKey } from './kinds.ts';
import { createLife, seed } from './life.ts';
import { type ApiObject, Refused } from './object.ts';
import { createStorage, objectKey, type Storage } from './storage.ts';
import { createWatches, errorLine, type OpenWatch } from './watch.ts';

export type { User } from './access.ts';
export type { Fault, LoggedRequest } from './faults.ts';
export type { ApiObject } from './object.ts';

export interface ApiServerOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** PEM; plain HTTP without. `ca` goes into the kubeconfig. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
  /** Who may ask, by bearer token; with it, a request with another token or none is answered 401. */
  readonly tokens?: Readonly<Record<string, User>>;
  /** Between bookmarks of a watch; default 0: those that `bookmark()` sends. */
  readonly bookmarkEveryMs?: number;
  /** Default: the machine's clock. */
  readonly now?: () => Date;
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: LoggedRequest[];
  readonly access: Access;
  /** Watches that are open. */
  readonly watches: ReadonlySet<OpenWatch>;
  /** Connections that clients have opened since the start. */
  connections(): number;
  /** A kubeconfig, with the token where one is given. */
  kubeconfig(token?: string): string;
  /** Puts objects in at once, status included, without requests. CRDs come first. */
  seed(objects: Iterable<ApiObject>): void;
  /** What is stored; `resource` is `group/plural`, `/pods` for the core group. */
  stored(resource: ResourceKey, namespace?: string): readonly ApiObject[];
  one(resource: ResourceKey, name: string, namespace?: string): ApiObject | undefined;
  /** Takes an object away without a request, as another client would. */
  drop(resource: ResourceKey, name: string, namespace?: string): void;
  /** Commits a fault from now on; gives the way to end it. */
  fault(fault: Fault): () => void;
  /** Ends or breaks open watches; all, or those of a resource. */
  dropWatches(resource?: ResourceKey, how?: 'end' | 'reset'): void;
  /** Sends an ERROR event on open watches and ends them; default 410 Expired. */
  failWatches(resource?: ResourceKey, code?: number, reason?: string): void;
  /** Sends bookmarks to those who asked for them. */
  bookmark(): void;
  /** Forgets history: watches from before and pages of lists that were begun meet a 410. */
  compact(): void;
  /** Stops listening and breaks every connection; what is stored stays. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  resume(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const now = options.now ?? (() => new Date());
  const storage = createStorage();
  const kinds = createKinds();
  const watches = createWatches(storage, { bookmarkEveryMs: options.bookmarkEveryMs ?? 0 });
  const ofResource = (resource: ResourceKey | undefined): readonly OpenWatch[] =>
    [...watches.open].filter((watch) => resource === undefined || watch.resource === resource);
  const dropWatches = (resource?: ResourceKey, how: 'end' | 'reset' = 'end'): void => {
    for (const watch of ofResource(resource)) watch[how]();
  };
  const life = createLife(storage, kinds, now, dropWatches);
  const access = createAccess();
  for (const [token, user] of Object.entries(options.tokens ?? {})) access.tokens.set(token, user);
  const requests: LoggedRequest[] = [];
  const faults = createFaults();
  const closed = options.tokens !== undefined;
  const handle = handlerOf({ storage, kinds, watches, life, access, closed, requests, faults, now });
  const listener = await listen(options, handle);
  seed(storage, kinds, life, FIRST, now);

  return {
    url: listener.url,
    requests,
    access,
    watches: watches.open,
    connections: listener.connections,
    kubeconfig: (token) => kubeconfigOf(listener.url, options.tls?.ca, token),
    seed: (objects) => seed(storage, kinds, life, objects, now),
    ...reading(storage),
    drop(resource, name, namespace) {
      const kind = kinds.all().find((each) => keyOf(each) === resource);
      const object = storage.get(resource, objectKey(namespace, name));
      if (kind !== undefined && object !== undefined) life.remove(kind, object);
    },
    fault: (fault) => faults.add(fault),
    dropWatches,
    failWatches(resource, code = 410, reason = 'Expired') {
      for (const watch of ofResource(resource)) {
        watch.write(errorLine(new Refused(code, reason, 'injected by a test')));
        watch.end();
      }
    },
    bookmark() {
      for (const watch of watches.open) watch.bookmark();
    },
    compact: () => storage.compact(),
    stop: listener.stop,
    resume: listener.resume,
    [Symbol.asyncDispose]: listener.stop,
  };
}

/** What every cluster has. */
const FIRST: readonly ApiObject[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
}));

function reading(storage: Storage): Pick<ApiServer, 'stored' | 'one'> {
  return {
    stored: (resource, namespace) => storage.list(resource, namespace === undefined ? '' : `${namespace}/`),
    one: (resource, name, namespace) => storage.get(resource, objectKey(namespace, name)),
  };
}

interface Listener {
  readonly url: string;
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
  readonly resume: () => Promise<void>;
}

async function listen(
  { tls, port = 0 }: ApiServerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  let opened = 0;
  const make = (): Server => {
    const server = tls === undefined ? createServer(handle) : createTlsServer({ key: tls.key, cert: tls.cert }, handle);
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => {
      opened += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    return server;
  };
  let server = make();
  const open = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', resolve);
    });
  await open(port);
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    connections: () => opened,
    async stop() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
    },
    async resume() {
      server = make();
      await open(bound);
    },
  };
}

function kubeconfigOf(server: string, ca: string | undefined, token: string | undefined): string {
  const authority = ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, ...authority } }],
    users: [{ name: 'test', user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
