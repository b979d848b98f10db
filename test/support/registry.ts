/**
 * An OCI registry for tests, on loopback, in memory: pull and push as cosign, notation and crane do them, with or
 * without the referrers API, with authentication and with faults on request. Every request is logged.
 *
 *   await using registry = await startRegistry({ layouts: layoutsBelow('test/fixtures', 'app'), referrersApi: false });
 *   registry.host                                  // 127.0.0.1:PORT, in plain HTTP unless `tls` is given
 *   registry.fault({ match: '/manifests/v1', times: 2, status: 503, headers: { 'retry-after': '1' } });
 *   registry.requests.filter((r) => r.status === 304)
 *
 * As a process: node test/support/registry.ts --port 5055 --fixtures test/fixtures --prefix app [--no-referrers-api]
 * It prints `listening on 127.0.0.1:5055` and ends on SIGTERM.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type AuthMode, createGatekeeper, type Gatekeeper } from './registry-auth.ts';
import { createFaults, type Fault, type FaultBox, type Reply, send } from './registry-faults.ts';
import { answerPush, type Uploads } from './registry-push.ts';
import {
  layoutsBelow,
  loadLayout,
  referrersOf,
  repositoryIn,
  sha256,
  type Store,
  type StoredRepository,
} from './registry-store.ts';

export { addBlob, addImage, addManifest, addReferrer, layoutsBelow, sha256 } from './registry-store.ts';

export interface TestRegistryOptions {
  /** Repository name → OCI layout folder. */
  readonly layouts?: Readonly<Record<string, string>>;
  /** Default true. */
  readonly referrersApi?: boolean;
  readonly auth?: AuthMode;
  /** Default 0: any free port. */
  readonly port?: number;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether tags and referrers carry an ETag. Default true. */
  readonly etags?: boolean;
  /** Referrers per page. Default: all. */
  readonly pageSize?: number;
}

export interface RequestLogEntry {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly status: number;
  /** The Authorization header that came with it. */
  readonly authorization: string | undefined;
}

export interface TestRegistry extends AsyncDisposable {
  /** host:port. */
  readonly host: string;
  readonly url: string;
  readonly requests: RequestLogEntry[];
  readonly gatekeeper: Gatekeeper;
  /** The repository, made where it is missing: change what lies there as you like. */
  repository(name: string): StoredRepository;
  /** Commits a fault from now on; gives the way to end it. */
  fault(fault: Fault): () => void;
  /** The most requests that were being answered at the same time. */
  peak(): number;
  close(): Promise<void>;
}

interface Served {
  readonly store: Store;
  readonly options: TestRegistryOptions;
  readonly gatekeeper: Gatekeeper;
  readonly uploads: Uploads;
}

export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const store: Store = new Map();
  for (const [name, folder] of Object.entries(options.layouts ?? {})) loadLayout(store, name, folder);
  const faults = createFaults();
  const requests: RequestLogEntry[] = [];
  let base = '';
  const gatekeeper = createGatekeeper(options.auth ?? { type: 'none' }, () => base);
  const served: Served = { store, options, gatekeeper, uploads: new Map() };
  const load = { now: 0, peak: 0 };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    load.now += 1;
    load.peak = Math.max(load.peak, load.now);
    response.on('close', () => {
      load.now -= 1;
    });
    void handle(served, { request, response, faults, requests });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer({ ...options.tls }, listener);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  base = `${options.tls === undefined ? 'http' : 'https'}://${host}`;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    host,
    url: base,
    requests,
    gatekeeper,
    repository: (name) => repositoryIn(store, name),
    fault: (fault) => faults.add(fault),
    peak: () => load.peak,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly faults: FaultBox;
  readonly requests: RequestLogEntry[];
}

async function handle(served: Served, { request, response, faults, requests }: Exchange): Promise<void> {
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  const fault = faults.take(`${method} ${path}`, request.headers.authorization);
  if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  const body = method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : await readAll(request);
  const reply = answer(served, request, body);
  requests.push({ method, path, status: fault?.status ?? reply.status, authorization: request.headers.authorization });
  send(request, response, reply, fault);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const ROUTE = /^\/v2\/(.+?)\/(manifests|blobs\/uploads|blobs|referrers|tags)(?:\/([^/]*))?$/;

function answer(served: Served, request: IncomingMessage, body: Buffer): Reply {
  const url = new URL(request.url ?? '/', 'http://registry');
  const method = request.method ?? 'GET';
  if (url.pathname === '/token')
    return served.gatekeeper.issue(request, url, new URLSearchParams(body.toString('utf8')));
  const [, name = '', kind = '', reference = ''] = ROUTE.exec(url.pathname) ?? [];
  const pulls = method === 'GET' || method === 'HEAD';
  const refusal = served.gatekeeper.refuse(request, name, !pulls);
  if (refusal !== undefined) return refusal;
  if (url.pathname === '/v2/') return { status: 200, body: Buffer.from('{}') };
  if (!pulls)
    return answerPush(
      { ...served, referrersApi: served.options.referrersApi ?? true },
      { method, name, kind, reference, url, body, request },
    );
  const repository = served.store.get(name);
  if (repository === undefined) return failure(404, 'NAME_UNKNOWN');
  if (kind === 'manifests') return manifest(served, repository, reference, request);
  if (kind === 'blobs') return blob(repository, reference);
  if (kind === 'tags') return json({ name, tags: [...repository.tags.keys()].sort() });
  if (kind === 'referrers' && (served.options.referrersApi ?? true))
    return referrers(served, { repository, name, reference }, { url, request });
  return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('404 page not found') };
}

function manifest(
  { options }: Served,
  repository: StoredRepository,
  reference: string,
  request: IncomingMessage,
): Reply {
  const digest = reference.includes(':') ? reference : repository.tags.get(reference);
  const stored = digest === undefined ? undefined : repository.manifests.get(digest);
  if (stored === undefined || digest === undefined) return failure(404, 'MANIFEST_UNKNOWN');
  const etag = `"${digest}"`;
  const headers = {
    'content-type': stored.mediaType,
    'docker-content-digest': digest,
    ...(options.etags === false ? {} : { etag }),
  };
  if (options.etags !== false && request.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
  return { status: 200, headers, body: stored.bytes };
}

function blob(repository: StoredRepository, digest: string): Reply {
  const body = repository.blobs.get(digest);
  if (body === undefined) return failure(404, 'BLOB_UNKNOWN');
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'docker-content-digest': digest },
    body,
  };
}

function referrers(
  { options }: Served,
  { repository, name, reference }: { repository: StoredRepository; name: string; reference: string },
  { url, request }: { url: URL; request: IncomingMessage },
): Reply {
  const all = referrersOf(repository, reference);
  const start = Number(url.searchParams.get('n') ?? 0);
  const end = start + (options.pageSize ?? all.length);
  const reply = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: all.slice(start, end),
  });
  const etag = `"${sha256(reply.body ?? '')}"`;
  if (options.etags !== false && request.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
  const link = end < all.length ? { link: `</v2/${name}/referrers/${reference}?n=${end}>; rel="next"` } : {};
  const type = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
  return { ...reply, headers: { ...type, ...link, ...(options.etags === false ? {} : { etag }) } };
}

function json(value: object): Reply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

function failure(status: number, code: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message: code }] })),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      fixtures: { type: 'string' },
      prefix: { type: 'string', default: 'app' },
      'no-referrers-api': { type: 'boolean', default: false },
    },
  });
  const layouts = values.fixtures === undefined ? {} : layoutsBelow(values.fixtures, values.prefix);
  const registry = await startRegistry({
    layouts,
    port: Number(values.port),
    referrersApi: !values['no-referrers-api'],
  });
  console.log(`listening on ${registry.host}`);
  process.once('SIGTERM', () => void registry.close());
  process.once('SIGINT', () => void registry.close());
}

if (import.meta.main) await main();
