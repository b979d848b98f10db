/**
 * What the operator serves: /healthz and /readyz for the kubelet, /metrics for Prometheus. Owns the two servers and who
 * gets in; what a scrape says is made elsewhere. Must never keep the process alive after `close`.
 */
import type { Clock } from '../../core/clock.ts';
import { type ListenAddress, parseListenAddress } from './address.ts';
import { type Endpoint, type Handler, openEndpoint } from './endpoint.ts';
import type { Reviewer } from './reviewer.ts';
import { selfSigned } from './self-signed.ts';
import { readTlsMaterial, type TlsMaterial, watchTlsMaterial } from './tls-material.ts';

/** What is served, and where. Addresses as in the flags; `0`: nowhere. */
export interface ServingOptions {
  readonly metrics: {
    readonly address: string;
    readonly render: () => Promise<{ readonly contentType: string; readonly body: string }>;
    /** TLS, and only for whom the reviewer lets in. Absent: plain HTTP, for everybody. */
    readonly secure?: {
      readonly reviewer: Reviewer;
      /** Folder of tls.crt and tls.key, re-read while we run. Absent: a certificate of our own making. */
      readonly certDir?: string;
      /** Names in that certificate. */
      readonly dnsNames: readonly string[];
    };
  };
  readonly health: {
    readonly address: string;
    /** True, or what is still missing. */
    readonly ready: () => true | string;
  };
  readonly clock: Clock;
  /** Told of a request or a renewal of the certificate that failed. */
  readonly onError: (what: string, error: unknown) => void;
}

/** The servers. */
export interface Serving {
  /** Where they really listen, `host:port`; absent for one that does not. */
  readonly addresses: { readonly metrics?: string; readonly health?: string };
  close(): Promise<void>;
}

/** Listens. Rejects with a sentence that names the flag where an address or a certificate cannot be had. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { metrics, health } = options;
  const stop = new AbortController();
  const healthEndpoint = await at('--health-probe-bind-address', health.address, (listen) =>
    openEndpoint({ listen, routes: healthRoutes(health.ready), onError: options.onError }),
  );
  try {
    const metricsEndpoint = await at('--metrics-bind-address', metrics.address, (listen) =>
      openMetrics(listen, options, stop.signal),
    );
    const endpoints = [healthEndpoint, metricsEndpoint].filter((endpoint) => endpoint !== undefined);
    return {
      addresses: {
        ...(metricsEndpoint === undefined ? {} : { metrics: shown(metricsEndpoint) }),
        ...(healthEndpoint === undefined ? {} : { health: shown(healthEndpoint) }),
      },
      async close(): Promise<void> {
        stop.abort();
        await Promise.all(endpoints.map((endpoint) => endpoint.close()));
      },
    };
  } catch (error) {
    stop.abort();
    await healthEndpoint?.close();
    throw error;
  }
}

async function at(
  flag: string,
  text: string,
  open: (listen: ListenAddress) => Promise<Endpoint>,
): Promise<Endpoint | undefined> {
  try {
    const listen = parseListenAddress(text);
    return listen === undefined ? undefined : await open(listen);
  } catch (cause) {
    throw new Error(`${flag} ${text}: ${cause instanceof Error ? cause.message : 'it failed'}`, { cause });
  }
}

function healthRoutes(ready: () => true | string): Readonly<Record<string, Handler>> {
  return {
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () => {
      const answer = ready();
      return answer === true ? { status: 200, body: 'ok\n' } : { status: 503, body: `not ready: ${answer}\n` };
    },
  };
}

async function openMetrics(
  listen: ListenAddress,
  { metrics, clock, onError }: ServingOptions,
  signal: AbortSignal,
): Promise<Endpoint> {
  const render: Handler = async () => ({ status: 200, ...(await metrics.render()) });
  const { secure } = metrics;
  if (secure === undefined) return openEndpoint({ listen, routes: { '/metrics': render }, onError });
  const { certDir: folder, dnsNames, reviewer } = secure;
  const tls: TlsMaterial =
    folder === undefined ? selfSigned(dnsNames, new Date(clock.now())) : await readTlsMaterial(folder);
  const endpoint = await openEndpoint({
    listen,
    tls,
    routes: { '/metrics': guarded(render, reviewer, onError) },
    onError,
  });
  if (folder !== undefined) {
    const onChange = (material: TlsMaterial): void => endpoint.setTls(material);
    const failed = (error: unknown): void => onError('--metrics-cert-dir', error);
    void watchTlsMaterial(tls, { folder, clock, signal, onChange, onError: failed });
  }
  return endpoint;
}

/** 401 for whom nobody knows, 403 for who may not, 503 where the API server cannot be asked. */
function guarded(handler: Handler, reviewer: Reviewer, onError: ServingOptions['onError']): Handler {
  return async (request) => {
    const permission = await reviewer.review(request.authorization).catch((error: unknown) => {
      onError('/metrics', error);
      return 'unasked' as const;
    });
    switch (permission) {
      case 'allowed':
        return handler(request);
      case 'unauthenticated':
        return { status: 401, body: 'a bearer token is needed\n', headers: { 'www-authenticate': 'Bearer' } };
      case 'forbidden':
        return { status: 403, body: 'the nonResourceURL /metrics may not be read: bind the role metrics-reader\n' };
      case 'unasked':
        return { status: 503, body: 'the API server cannot be asked who calls\n' };
    }
  };
}

function shown({ address: { address, port, family } }: Endpoint): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
