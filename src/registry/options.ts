/** What a registry client is made of. Owns the defaults; must never read them from the environment. */
import type { LookupFunction } from 'node:net';
import type { ProxyEnvironment } from './proxy.ts';
import { type Clock, systemClock } from './clock.ts';
import { anonymous, type CredentialProvider } from './credential.ts';
import type { CaOptions } from './transport.ts';

/** One HTTP exchange, as metrics and tests count it. No path and no header: they may hold what is secret. */
export interface RequestEvent {
  /** host[:port] that the request went to. */
  readonly host: string;
  readonly method: 'GET' | 'POST';
  /** Status code, or `error` where no answer came. */
  readonly outcome: number | 'error';
}

/** Limits of the client. Times in milliseconds, sizes in bytes. */
export interface ClientLimits {
  /** Tries of one request that meets errors of the server or of the connection. */
  readonly tries: number;
  /** Tries of one request that is told to slow down (429). */
  readonly rateLimitedTries: number;
  /** First back-off; each further one is twice as long, and of each a random part is waited. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  /** A longer Retry-After is not waited for: the lookup fails at once and says so. */
  readonly maxRetryAfterMs: number;
  /** After a host could not be connected to, further lookups fail at once for so long. */
  readonly downMs: number;
  /** Requests in flight to one host: at the start, and at most. */
  readonly initialInFlight: number;
  readonly maxInFlight: number;
  readonly redirects: number;
  readonly connectTimeoutMs: number;
  /** Longest silence within an answer. */
  readonly idleTimeoutMs: number;
  /** Memory for manifests, blobs and tags. */
  readonly cacheBytes: number;
  /** For how long "this registry has no referrers API" is believed. */
  readonly referrersApiMs: number;
  /** Pages of one referrers list. */
  readonly referrersPages: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_LIMITS: ClientLimits = {
  tries: 4,
  rateLimitedTries: 8,
  backOffMs: 200,
  maxBackOffMs: 5_000,
  maxRetryAfterMs: 60_000,
  downMs: 10_000,
  initialInFlight: 8,
  maxInFlight: 32,
  redirects: 5,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  cacheBytes: 32 * 1024 * 1024,
  referrersApiMs: 600_000,
  referrersPages: 16,
};

/** Options of `createRegistrySource`; all may be left out. */
export interface RegistryOptions {
  readonly credentials?: CredentialProvider | undefined;
  /**
   * Hosts (`host` or `host:port`) that are spoken to in plain HTTP. Loopback hosts are tried with TLS first and fall
   * back to plain HTTP by themselves.
   */
  readonly plainHttp?: readonly string[] | undefined;
  /** Hosts without port that registries may send us to (redirects, token services) although they are not public. */
  readonly allowPrivate?: readonly string[] | undefined;
  /** How names are resolved for that check; the system's way by default. */
  readonly lookup?: LookupFunction | undefined;
  readonly ca?: CaOptions | undefined;
  readonly proxy?: ProxyEnvironment | undefined;
  readonly clock?: Clock | undefined;
  /** A number in [0, 1), for jitter. */
  readonly random?: (() => number) | undefined;
  readonly limits?: Partial<ClientLimits> | undefined;
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
}

/** The same with nothing left out. */
export interface ClientContext {
  readonly credentials: CredentialProvider;
  readonly plainHttp: ReadonlySet<string>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: ClientLimits;
  readonly onRequest: (event: RequestEvent) => void;
}

/** Fills in what was left out. */
export function completeOptions(options: RegistryOptions): ClientContext {
  return {
    credentials: options.credentials ?? anonymous,
    plainHttp: new Set(options.plainHttp?.map((host) => host.toLowerCase())),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onRequest: options.onRequest ?? ((): void => undefined),
  };
}
