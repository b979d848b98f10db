/**
 * One HTTP exchange: a request out, a whole bounded body back. Owns the connections (kept alive, bounded per host),
 * TLS roots and proxies, and that a connection made for a registry's errand is of no use to another. Must never retry,
 * redirect, or know what a token is.
 */
import { getCACertificates } from 'node:tls';
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { invalid } from '../core/failure.ts';
import { hostnameOf } from './host.ts';
import { type ProxyEnvironment, proxyFor } from './proxy.ts';
import type { Errand, Reach } from './reach.ts';

/** A request. `maxBytes` caps the body of an answer that succeeds. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** host[:port] of the registry that sends us there, where the address is not its own. */
  readonly sentBy?: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** For messages. */
  readonly where: string;
}

/** An answer. The body of one that failed is cut at 16 KiB: it is read for an error code only. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** PEM certificates that are trusted beside those of the system: for all hosts, or by host[:port]. */
export interface CaOptions {
  readonly all?: string;
  readonly hosts?: Readonly<Record<string, string>>;
}

/** What a transport is made of. Times in milliseconds. */
export interface TransportOptions {
  readonly connectionsPerHost: number;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly ca?: CaOptions | undefined;
  readonly proxy?: ProxyEnvironment | undefined;
  readonly reach: Reach;
  /** Hosts (without port) that any registry may send us to, wherever they are. */
  readonly allowPrivate: ReadonlySet<string>;
}

/** Sends requests. `exchange` throws what undici or the system throws, the signal's reason, or Failure invalid. */
export interface Transport {
  exchange(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const ERROR_BODY_BYTES = 16 * 1024;
const MAX_ORIGINS = 256;

/** Makes a transport with one pool of connections per origin. */
export function createTransport(options: TransportOptions): Transport {
  const pools = new Map<string, Dispatcher>();
  const poolOf = (request: HttpRequest): Dispatcher => {
    const { url } = request;
    const errand = errandOf(request, options);
    const key = errand === undefined ? url.origin : `${url.origin} ${errand.kinds.join(' ')}`;
    const existing = pools.get(key);
    if (existing !== undefined) return existing;
    const pool = openPool(url, options, errand);
    pools.set(key, pool);
    retireOldest(pools);
    return pool;
  };
  return {
    exchange: async (request) => exchange(poolOf(request), request),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** Where the registry may send us; undefined where it is the registry itself that is asked, or a place that is allowed. */
function errandOf({ url, sentBy, where }: HttpRequest, { reach, allowPrivate }: TransportOptions): Errand | undefined {
  const hostname = hostnameOf(url.host);
  if (sentBy === undefined || allowPrivate.has(hostname)) return undefined;
  const errand = { hostname, kinds: reach.kindsFor(sentBy), where };
  reach.demandHost(errand);
  return errand;
}

/** Registries redirect to as many hosts as they like: the oldest connections are closed once their requests are done. */
function retireOldest(pools: Map<string, Dispatcher>): void {
  const oldest = pools.entries().next();
  if (pools.size <= MAX_ORIGINS || oldest.done === true) return;
  const [origin, pool] = oldest.value;
  pools.delete(origin);
  pool.close().catch(() => undefined);
}

function openPool(url: URL, options: TransportOptions, errand: Errand | undefined): Dispatcher {
  const pem = [options.ca?.all, options.ca?.hosts?.[url.host]].filter((text) => text !== undefined);
  const tls = pem.length === 0 ? {} : { ca: [...getCACertificates('default'), ...pem] };
  const common = {
    connections: options.connectionsPerHost,
    headersTimeout: options.idleTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    keepAliveTimeout: 30_000,
    allowH2: false,
  };
  const proxy = options.proxy === undefined ? undefined : proxyFor(url, options.proxy);
  if (proxy !== undefined) return new ProxyAgent({ ...common, uri: proxy, requestTls: tls });
  return new Pool(url.origin, { ...common, connect: connectorOf(url, tls, options, errand) });
}

/** Connections to a registry itself tell where it is; those on its errands go where it may send us. */
function connectorOf(
  { host }: URL,
  tls: { readonly ca?: string[] },
  { connectTimeoutMs: timeout, reach }: TransportOptions,
  errand: Errand | undefined,
): buildConnector.connector {
  const plain = { ...tls, timeout, allowH2: false };
  if (errand !== undefined) return buildConnector({ ...plain, lookup: reach.lookup(errand) });
  const connect = buildConnector(plain);
  return (target, callback) =>
    connect(target, (...result) => {
      const address = result[1]?.remoteAddress;
      if (address !== undefined) reach.connected(host, address);
      callback(...result);
    });
}

/** Dispatched without a stream in between: at thousands of answers a second the stream is what costs. */
function exchange(pool: Dispatcher, request: HttpRequest): Promise<HttpAnswer> {
  const { url, method, headers, body, signal } = request;
  return new Promise((resolve, reject) => {
    const collector = createCollector(request);
    let controller: Dispatcher.DispatchController | undefined;
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const stop = (error: Error): void => {
      settle(() => reject(error));
      controller?.abort(error);
    };
    const onAbort = (): void => stop(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    pool.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body: body ?? null },
      {
        onRequestStart: (started) => {
          controller = started;
          if (signal.aborted) started.abort(new Error('aborted'));
        },
        onResponseStart: (_, status, answered) => collector.start(status, answered),
        onResponseData: (_, chunk) => {
          const problem = collector.take(chunk);
          if (problem !== undefined) stop(problem);
        },
        onResponseEnd: () => settle(() => resolve(collector.answer())),
        onResponseError: (_, error) => settle(() => reject(error)),
      },
    );
  });
}

interface Collector {
  start(status: number, headers: HttpAnswer['headers']): void;
  /** The problem, where the body grows beyond its cap. */
  take(chunk: Uint8Array): Error | undefined;
  answer(): HttpAnswer;
}

function createCollector({ maxBytes, where }: HttpRequest): Collector {
  const chunks: Uint8Array[] = [];
  let status = 0;
  let headers: HttpAnswer['headers'] = {};
  let length = 0;
  return {
    start: (code, answered) => {
      status = code;
      headers = answered;
    },
    take: (chunk) => {
      const succeeded = status >= 200 && status < 300;
      if (!succeeded && length >= ERROR_BODY_BYTES) return undefined;
      length += chunk.length;
      chunks.push(chunk);
      if (succeeded && length > maxBytes) return invalid(where, `at most ${maxBytes} bytes`, 'more');
      return undefined;
    },
    answer: () => ({
      status,
      headers,
      body: chunks.length === 1 ? (chunks[0] ?? new Uint8Array()) : Buffer.concat(chunks),
    }),
  };
}
