/**
 * One request to the API server: credentials on, a time limit around, an answer or a KubeFailure out. Owns time limits,
 * the second try that is safe, and the count of requests; must know nothing about resources.
 */
import { type Dispatcher, request as send } from 'undici';
import type { KubeConnection, Lane } from './connection.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { codeOf, failureOfAnswer, failureOfError, KubeFailure } from './failure.ts';

/** A request. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Would a second execution do no harm? Then a connection that breaks is answered by another try. */
  readonly repeatable: boolean;
  readonly lane: Lane;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** For messages: `list pods`. */
  readonly where: string;
}

/** What is told of each request; `code` is the HTTP status or `<error>`, as in client-go's `rest_client_requests_total`. */
export interface RequestObservation {
  readonly method: KubeRequest['method'];
  readonly code: string;
  readonly host: string;
}

/** A body that still comes. */
export interface OpenAnswer {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lets go of the connection and the time limit. Call it exactly once, also after an error. */
  close(): void;
}

/** Sends requests. */
export interface Requester {
  /** The body of an answer with 2xx. Throws KubeFailure, or the reason of the caller's signal. */
  exchange(request: KubeRequest): Promise<string>;
  /** The body of an answer with 2xx as it comes. Errors while it comes are what sockets throw: see `failureOf`. */
  open(request: KubeRequest): Promise<OpenAnswer>;
  /** What an error that a body ended with means: the caller's own reason, or a KubeFailure. */
  failureOf(request: Pick<KubeRequest, 'where' | 'signal'>, error: unknown): Error;
}

/** Makes a requester over a connection. `observe` is called once for every request that was sent. */
export function createRequester(
  connection: KubeConnection,
  userAgent: string,
  observe: (observation: RequestObservation) => void = () => undefined,
): Requester {
  const parts: Parts = { connection, userAgent, observe };
  return {
    failureOf,
    exchange: async (request) => {
      const deadline = createDeadline(request.signal, request.timeoutMs);
      try {
        const body = await begin(parts, request, deadline);
        return await body.text();
      } catch (error) {
        throw failureIn(request, error, deadline);
      } finally {
        deadline.release();
      }
    },
    open: async (request) => {
      const deadline = createDeadline(request.signal, request.timeoutMs);
      try {
        const body = await begin(parts, request, deadline);
        return { chunks: body, close: () => finish(body, deadline) };
      } catch (error) {
        deadline.release();
        throw failureIn(request, error, deadline);
      }
    },
  };
}

interface Parts {
  readonly connection: KubeConnection;
  readonly userAgent: string;
  readonly observe: (observation: RequestObservation) => void;
}

type Body = Dispatcher.ResponseData['body'];

/** Two tries at most: a kept connection may just have been closed, and a token may just have been replaced. */
async function begin(parts: Parts, request: KubeRequest, deadline: Deadline): Promise<Body> {
  try {
    return await beginOnce(parts, request, deadline);
  } catch (error) {
    if (deadline.signal.aborted) throw error;
    const refused = error instanceof KubeFailure && error.detail.kind === 'unauthorized';
    if (refused || isDistrusted(error)) parts.connection.distrust();
    if (!refused && !(request.repeatable && BROKEN.has(codeOf(error)))) throw error;
    return beginOnce(parts, request, deadline);
  }
}

/** A connection that was open and broke, as opposed to one that could not be made. */
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

async function beginOnce(parts: Parts, request: KubeRequest, deadline: Deadline): Promise<Body> {
  const { connection, observe } = parts;
  const { method, where } = request;
  const observed = (code: string): void => observe({ method, code, host: connection.server.host });
  const { headers, dispatcher } = await connection.access(request.lane);
  deadline.signal.throwIfAborted();
  const answer = await send(urlOf(connection.server, request), {
    method,
    dispatcher,
    headers: { accept: 'application/json', 'user-agent': parts.userAgent, ...request.headers, ...headers },
    body: request.body ?? null,
    signal: deadline.signal,
  }).catch((error: unknown) => {
    observed('<error>');
    throw error;
  });
  observed(String(answer.statusCode));
  if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body;
  const retryAfter = answer.headers['retry-after'];
  throw failureOfAnswer(where, {
    status: answer.statusCode,
    body: await answer.body.text(),
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
  });
}

function urlOf(server: URL, { path, query = {} }: KubeRequest): URL {
  const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

/** A certificate that does not fit may be of a CA that was rotated. */
function isDistrusted(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.includes('CERT') || code.includes('SIGNATURE')
  );
}

function finish(body: Body, deadline: Deadline): void {
  deadline.release();
  // Destroying a body whose end was not read closes its socket: a watch cannot be ended otherwise.
  body.on('error', () => undefined);
  body.destroy();
}

function failureIn(request: KubeRequest, error: unknown, deadline: Deadline): Error {
  if (deadline.expired()) {
    return new KubeFailure({ kind: 'timeout' }, `${request.where}: no answer from the API server in time`);
  }
  return failureOf(request, error);
}

function failureOf({ where, signal }: Pick<KubeRequest, 'where' | 'signal'>, error: unknown): Error {
  if (!signal.aborted) return failureOfError(where, error);
  const reason: unknown = signal.reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new KubeFailure({ kind: 'timeout' }, `${where}: no answer from the API server in time`);
  }
  return reason instanceof Error ? reason : new DOMException('The request was cancelled', 'AbortError');
}
