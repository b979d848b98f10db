/**
 * One HTTP or HTTPS server with a few paths. Owns sockets, limits and the end; must never let a request wait for ever,
 * nor answer anything but GET and HEAD.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ListenAddress } from './address.ts';
import type { TlsMaterial } from './tls-material.ts';

/** An answer. */
export interface Answer {
  readonly status: number;
  /** Default text/plain. */
  readonly contentType?: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a path answers. `authorization` is the request's header. */
export type Handler = (request: { readonly authorization: string | undefined }) => Answer | Promise<Answer>;

/** A server that listens. */
export interface Endpoint {
  /** Host and port that it really listens on. */
  readonly address: AddressInfo;
  /** From now on connections are made with this. */
  setTls(material: TlsMaterial): void;
  /** Takes nothing more, lets answers under way be written for a second, and ends. */
  close(): Promise<void>;
}

/** What a server is made of. */
export interface EndpointOptions {
  readonly listen: ListenAddress;
  readonly routes: Readonly<Record<string, Handler>>;
  /** Absent: plain HTTP. */
  readonly tls?: TlsMaterial;
  /** Told of a handler that threw. */
  readonly onError: (path: string, error: unknown) => void;
}

const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 60_000, maxHeaderSize: 16_384 };
const MAX_CONNECTIONS = 200;
const CLOSE_MS = 1_000;

/** Listens. Rejects where the address cannot be had. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { listen, tls } = options;
  const listener: RequestListener = (request, response) => void respond(request, response, options);
  const secure = tls === undefined ? undefined : secureServer(tls, listener);
  const server = secure ?? createServer(LIMITS, listener);
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, listen);
  return {
    address: addressOf(server),
    setTls: (material) => secure?.setSecureContext(material),
    close: () => closed(server),
  };
}

function secureServer(tls: TlsMaterial, listener: RequestListener): ReturnType<typeof createTlsServer> {
  return createTlsServer(
    { ...LIMITS, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: LIMITS.headersTimeout },
    listener,
  );
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, onError }: EndpointOptions,
): Promise<void> {
  request.resume();
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const answer = await answerTo(request, path, routes).catch((error: unknown): Answer => {
    onError(path, error);
    return { status: 500, body: 'the request failed; see the log\n' };
  });
  write(request, response, answer);
}

async function answerTo(
  { method = '', headers }: IncomingMessage,
  path: string,
  routes: EndpointOptions['routes'],
): Promise<Answer> {
  const handler = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (handler === undefined) return { status: 404, body: `there is ${Object.keys(routes).join(', ')}\n` };
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, body: 'only GET\n', headers: { allow: 'GET, HEAD' } };
  return handler({ authorization: headers.authorization });
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: Answer,
): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    ...headers,
    'content-type': contentType ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  await promise;
  server.off('error', reject);
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return address;
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  server.close(() => resolve());
  server.closeIdleConnections();
  await promise;
  clearTimeout(late);
}
