/**
 * The way to one API server: who we are, whom we trust, and the connections themselves. Owns credentials and sockets;
 * re-reads token, certificates and CA, which a cluster rotates while we run. Must never log or return a credential
 * other than in the headers of a request.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../core/clock.ts';
import { type KubeconfigOptions, type KubeEnvironment, loadKubeconfig } from './kubeconfig.ts';

/** What a connection is made of. */
export interface ConnectionOptions extends KubeconfigOptions {
  readonly clock: Clock;
  /** Default: the environment of the process. */
  readonly environment?: KubeEnvironment;
  /** How old credentials and CA may grow before their files are read again, in milliseconds. Default 10 s. */
  readonly refreshMs?: number;
}

/** How to send a request now. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Which connections a request takes: `calls` share a bounded number, so that a burst of writes cannot drown the server;
 * `streams` (watches) and what must not wait behind others (the Lease) have their own.
 */
export type Lane = 'calls' | 'streams';

/** A connection to an API server. */
export interface KubeConnection {
  /** Base URL of the API server, possibly with a path. */
  readonly server: URL;
  /** Namespace of the context, or of the Pod that we run in. */
  readonly namespace: string | undefined;
  /** For libraries that speak through client-node: its requests take our connections. */
  readonly config: KubeConfig;
  access(lane: Lane): Promise<Access>;
  /** The server refused our credentials or we its certificate: read both again before the next request. */
  distrust(): void;
  /** Closes every socket; requests under way fail. */
  close(): Promise<void>;
}

const REFRESH_MS = 10_000;
const CALL_CONNECTIONS = 16;

/** Chooses the cluster (see kubeconfig.ts) and makes the way to it; nothing is sent yet. Throws KubeconfigError. */
export function connect(options: ConnectionOptions): KubeConnection {
  const config = new PooledKubeConfig(options.clock, options.refreshMs ?? REFRESH_MS);
  loadKubeconfig(config, options, options.environment ?? process.env);
  config.adopt();
  return {
    server: new URL(config.getCurrentCluster()?.server ?? ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? undefined,
    config,
    access: (lane) => config.access(lane),
    distrust: () => config.distrust(),
    close: () => config.close(),
  };
}

/** Agents of one TLS identity. */
interface Pools {
  readonly identity: string;
  readonly calls: Dispatcher;
  readonly streams: Dispatcher;
}

interface Current {
  readonly pools: Pools;
  readonly headers: Readonly<Record<string, string>>;
  readonly readAt: number;
}

/** client-node's configuration without its new agent, and so a new TLS connection, for every request. */
class PooledKubeConfig extends KubeConfig {
  private readonly clock: Clock;
  private readonly refreshMs: number;
  private tokenFile: string | undefined;
  private token: string | undefined;
  private current: Current | undefined;
  private refreshing: Promise<Current> | undefined;
  private stale = false;

  constructor(clock: Clock, refreshMs: number) {
    super();
    this.clock = clock;
    this.refreshMs = refreshMs;
  }

  /** Takes over what client-node does unsafely: its FileAuth throws when a token is being replaced, and never trims. */
  adopt(): void {
    const user = this.getCurrentUser();
    const cluster = this.getCurrentCluster();
    const provided: unknown = user?.authProvider?.config?.tokenFile;
    if (typeof provided === 'string') {
      this.tokenFile = provided;
      this.users = this.users.map((one) => (one.name === user?.name ? { ...one, authProvider: undefined } : one));
    }
    // There is nothing to verify without TLS; client-node refuses such a server unless it is told so.
    if (cluster?.server.startsWith('http:') === true) {
      this.clusters = this.clusters.map((one) => (one.name === cluster.name ? { ...one, skipTLSVerify: true } : one));
    }
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const { headers, dispatcher } = await this.access('calls');
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    context.setDispatcher(dispatcher);
  }

  async access(lane: Lane): Promise<Access> {
    const now = this.clock.now();
    const fresh = this.current !== undefined && !this.stale && Math.abs(now - this.current.readAt) < this.refreshMs;
    const { headers, pools } = fresh && this.current !== undefined ? this.current : await this.refresh(now);
    return { headers, dispatcher: pools[lane] };
  }

  distrust(): void {
    this.stale = true;
  }

  async close(): Promise<void> {
    const pools = this.current?.pools;
    this.current = undefined;
    await Promise.all([pools?.calls.destroy(), pools?.streams.destroy()]);
  }

  /** Many requests may ask at once; the files are read once. */
  private refresh(now: number): Promise<Current> {
    this.refreshing ??= this.read(now).finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async read(now: number): Promise<Current> {
    this.stale = false;
    try {
      this.current = await this.readAll(now);
    } catch (error) {
      // A file that is being replaced is missing for a moment: what we had serves until it is back.
      if (this.current === undefined) throw error;
      this.current = { ...this.current, readAt: now };
    }
    return this.current;
  }

  private async readAll(now: number): Promise<Current> {
    const options: RequestOptions = {};
    await this.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
    if (typeof options.auth === 'string')
      headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    if (this.tokenFile !== undefined) headers.Authorization = `Bearer ${await this.readToken(this.tokenFile)}`;
    return { pools: await this.poolsFor(options), headers, readAt: now };
  }

  private async readToken(file: string): Promise<string> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (this.token === undefined) throw error;
      return this.token;
    });
    this.token = text.trim() === '' ? this.token : text.trim();
    return this.token ?? '';
  }

  private async poolsFor(options: RequestOptions): Promise<Pools> {
    const tls = tlsOf(options);
    const identity = JSON.stringify(tls, (_, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString('base64') : value,
    );
    const before = this.current?.pools;
    if (before?.identity === identity) return before;
    const pools = {
      identity,
      calls: await this.open(tls, CALL_CONNECTIONS),
      streams: await this.open(tls, null),
    };
    // Requests under way finish on the old connections: `close` waits for them, and nothing waits for `close`.
    for (const pool of [before?.calls, before?.streams]) pool?.close().catch(() => undefined);
    return pools;
  }

  private async open(tls: TlsOptions, connections: number | null): Promise<Dispatcher> {
    const cluster = this.getCurrentCluster();
    const options = this.createDispatcherOptions(cluster, tls);
    // Idle connections of the API server live 90 s. HTTP/2 is off: undici sends no PINGs, a dead session would hang.
    const common = { connections, keepAliveTimeout: 60_000, headersTimeout: 0, bodyTimeout: 0, allowH2: false };
    switch (options.type) {
      case 'proxy':
        return new ProxyAgent({ ...common, uri: options.uri, requestTls: tls });
      case 'socks':
        return this.throughSocks();
      case 'agent':
        return new Agent({ ...common, connect: { ...tls, ...CONNECT } });
      case 'none':
        return new Agent({ ...common, connect: CONNECT });
    }
  }

  /** The SOCKS connector is client-node's own and not exported; the agent that it makes for a request is. */
  private async throughSocks(): Promise<Dispatcher> {
    const context = new RequestContext(this.getCurrentCluster()?.server ?? '', HttpMethod.GET);
    await super.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (dispatcher === undefined) throw new Error('client-node made no dispatcher for a SOCKS proxy');
    return dispatcher;
  }
}

/** A peer that is gone without a word is noticed by TCP after 40 s: 30 s idle, then ten probes a second apart. */
const CONNECT = { timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };

/** What of client-node's options is about TLS; absent rather than undefined, since undici takes that for a setting. */
interface TlsOptions {
  ca?: NonNullable<RequestOptions['ca']>;
  cert?: NonNullable<RequestOptions['cert']>;
  key?: NonNullable<RequestOptions['key']>;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
}

function tlsOf({ ca, cert, key, passphrase, rejectUnauthorized, servername }: RequestOptions): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(servername === undefined ? {} : { servername }),
  };
}
