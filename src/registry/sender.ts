/**
 * Gets one request to a registry through: waits for a slot, answers challenges, tries again with jitter, honours
 * Retry-After, and fails fast where a host is down. Every try ends in an answer that was asked for or in a Failure.
 */
import { Failure } from '../core/failure.ts';
import { errorOfAbort } from './abort.ts';
import { failureOfAnswer, failureOfError, isTransient, isUnreachable, retryAfterMs } from './answer.ts';
import type { Authorizer } from './authorizer.ts';
import type { Flight } from './flights.ts';
import { apiHost } from './host.ts';
import { createLimiter, type Limiter, type LimiterState, type Slot } from './limiter.ts';
import type { ClientContext } from './options.ts';
import type { Repository } from './source.ts';
import type { HttpAnswer } from './transport.ts';
import type { Wire } from './wire.ts';

/** A GET to the API of a registry. */
export interface ApiRequest {
  readonly repository: Repository;
  /** Path and query, encoded, from `/v2/` on. */
  readonly target: string;
  readonly accept: string;
  readonly etag?: string | undefined;
  /** Status codes that are an answer and no failure. */
  readonly expected: readonly number[];
  readonly maxBytes: number;
  readonly where: string;
}

/** Sends requests and shows what its limiters do. */
export interface Sender {
  send(request: ApiRequest, flight: Flight): Promise<HttpAnswer>;
  limiters(): ReadonlyMap<string, LimiterState>;
}

interface Host {
  readonly limiter: Limiter;
  down?: { readonly until: number; readonly failure: Failure };
}

/** A try that failed. `again`: another may help. `waitMs`: how long the host wants to be left alone. */
interface Miss {
  readonly failure: Failure;
  readonly again: boolean;
  readonly waitMs?: number | undefined;
  /** No connection could be made at all. */
  readonly unreachable: boolean;
}

const LONGEST_DOWN_MS = 300_000;

interface Parts {
  readonly wire: Wire;
  readonly authorizer: Authorizer;
  readonly context: ClientContext;
}

/** Makes a sender. */
export function createSender(wire: Wire, authorizer: Authorizer, context: ClientContext): Sender {
  const { clock, limits } = context;
  const parts: Parts = { wire, authorizer, context };
  const hosts = new Map<string, Host>();
  const hostOf = (name: string): Host => {
    const existing = hosts.get(name);
    if (existing !== undefined) return existing;
    const host: Host = { limiter: createLimiter(clock, { initial: limits.initialInFlight, max: limits.maxInFlight }) };
    hosts.set(name, host);
    return host;
  };
  return {
    limiters: () => new Map([...hosts].map(([name, { limiter }]) => [name, limiter.state()])),
    send: (request, flight) => persist(parts, hostOf(apiHost(request.repository.registry)), request, flight),
  };
}

/** Tries until there is an answer, no further try is worth anything, or time is up. */
async function persist(parts: Parts, host: Host, request: ApiRequest, flight: Flight): Promise<HttpAnswer> {
  const { clock, limits } = parts.context;
  for (let attempts = 1; ; attempts++) {
    if (host.down !== undefined && clock.now() < host.down.until) throw retold(host.down.failure, request.where);
    const slot = await host.limiter.acquire(flight.signal, request.where, flight.trouble);
    const result = await attempt(parts, request, slot, flight);
    if (!('failure' in result)) {
      delete flight.trouble.last;
      return result;
    }
    const tries = result.failure.detail.kind === 'rate-limited' ? limits.rateLimitedTries : limits.tries;
    if (!result.again || attempts >= tries) throw giveUp(parts, host, result);
    flight.trouble.last = result.failure;
    await pause(parts, backOff(parts, result, attempts), request.where, flight);
  }
}

async function attempt(parts: Parts, request: ApiRequest, slot: Slot, flight: Flight): Promise<HttpAnswer | Miss> {
  try {
    const answer = await authorised(parts, request, flight);
    if (!request.expected.includes(answer.status)) return missOfAnswer(parts, answer, request, slot);
    slot.succeeded();
    return answer;
  } catch (error) {
    if (flight.signal.aborted) throw errorOfAbort(flight.signal, request.where, flight.trouble);
    return missOfError(error, request.where);
  } finally {
    slot.release();
  }
}

function authorised({ wire, authorizer }: Parts, request: ApiRequest, flight: Flight): Promise<HttpAnswer> {
  const { repository, where } = request;
  return authorizer.letIn({ repository, signal: flight.signal, where }, (authorization) =>
    wire.toRegistry(wireRequest(request, authorization, flight)),
  );
}

function missOfAnswer({ context }: Parts, answer: HttpAnswer, request: ApiRequest, slot: Slot): Miss {
  const now = context.clock.now();
  const failure = failureOfAnswer(answer, request.where, now);
  const { kind } = failure.detail;
  const waitMs = retryAfterMs(answer, now);
  const bearable = waitMs === undefined || waitMs <= context.limits.maxRetryAfterMs;
  if (answer.status === 429 || answer.status === 503) slot.pushedBack(bearable ? (waitMs ?? 0) : 0, failure);
  else if (answer.status < 500) slot.succeeded();
  const again = bearable && (kind === 'rate-limited' || kind === 'unavailable');
  return { failure, again, waitMs, unreachable: false };
}

/** Full jitter on top of what the registry asked for: clients that were refused together do not return together. */
function backOff({ context }: Parts, miss: Miss, attempts: number): number {
  const { limits, random } = context;
  const ceiling = Math.min(limits.maxBackOffMs, limits.backOffMs * 2 ** (attempts - 1));
  return (miss.waitMs ?? 0) + random() * ceiling;
}

async function pause({ context }: Parts, ms: number, where: string, flight: Flight): Promise<void> {
  await context.clock.sleep(ms, flight.signal).catch(() => undefined);
  if (flight.signal.aborted) throw errorOfAbort(flight.signal, where, flight.trouble);
}

/** The last failure; and where the host cannot be reached, or wants to be left alone for long, others need not try. */
function giveUp({ context }: Parts, host: Host, miss: Miss): Failure {
  const { clock, limits } = context;
  const tooLong = miss.waitMs !== undefined && miss.waitMs > limits.maxRetryAfterMs;
  const until = clock.now() + Math.min(LONGEST_DOWN_MS, miss.waitMs ?? limits.downMs);
  if (miss.unreachable || tooLong) host.down = { until, failure: miss.failure };
  return miss.failure;
}

function wireRequest(
  request: ApiRequest,
  authorization: string | undefined,
  flight: Flight,
): Parameters<Wire['toRegistry']>[0] {
  const headers = {
    accept: request.accept,
    'user-agent': 'image-trust',
    ...(authorization === undefined ? {} : { authorization }),
    ...(request.etag === undefined ? {} : { 'if-none-match': request.etag }),
  };
  const { target, maxBytes, where } = request;
  const host = apiHost(request.repository.registry);
  return { host, target, method: 'GET', headers, maxBytes, signal: flight.signal, where };
}

function missOfError(error: unknown, where: string): Miss {
  const failure = failureOfError(error, where);
  if (error instanceof Failure) {
    const { kind } = failure.detail;
    return { failure, again: kind === 'unavailable' || kind === 'rate-limited', unreachable: false };
  }
  return { failure, again: isTransient(error), unreachable: isUnreachable(error) };
}

/** The failure of another lookup, said of this one: its message begins with what was looked for. */
function retold(failure: Failure, where: string): Failure {
  return new Failure(failure.detail, `${where}: ${failure.message.slice(failure.message.indexOf(': ') + 2)}`, {
    cause: failure,
  });
}
