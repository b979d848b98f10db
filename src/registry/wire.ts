/**
 * From a host and a path to an answer: chooses https or http, follows redirects, counts. Owns the two promises about
 * redirects: Authorization never reaches another origin, and https never becomes http. Must never retry.
 */
import { Failure, invalid } from '../core/failure.ts';
import { failureOfError, headerOf, speaksNoTls } from './answer.ts';
import { isLoopback } from './host.ts';
import type { ClientContext } from './options.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

/** A request to the API of a registry. `target` begins with `/v2/` and is encoded already. */
export interface WireRequest extends Omit<HttpRequest, 'url'> {
  readonly host: string;
  readonly target: string;
}

/** Sends requests and follows redirects. Throws what the transport throws, and Failure. */
export interface Wire {
  /** To a registry by host. */
  toRegistry(request: WireRequest): Promise<HttpAnswer>;
  /** To an address that the registry at `host` names; used for token services. */
  toAddress(request: HttpRequest, host: string): Promise<HttpAnswer>;
  /** The scheme that is spoken with this registry, as far as known. */
  schemeOf(host: string): 'https:' | 'http:';
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

interface Parts {
  readonly transport: Transport;
  readonly context: ClientContext;
  /** What loopback hosts turned out to speak. */
  readonly learned: Map<string, 'https:' | 'http:'>;
}

/** Makes a wire over a transport. */
export function createWire(transport: Transport, context: ClientContext): Wire {
  const parts: Parts = { transport, context, learned: new Map() };
  return {
    schemeOf: (host) => schemeOf(parts, host),
    toAddress: (request, host) => {
      const errand = sentOn(request, host);
      return errand.method === 'POST' ? once(parts, errand) : follow(parts, errand, host);
    },
    toRegistry: ({ host, target, ...rest }) => {
      const request = { ...rest, url: new URL(`${schemeOf(parts, host)}//${host}${target}`) };
      const undecided = isLoopback(host) && !isPlain(host, context) && !parts.learned.has(host);
      return undecided ? toLoopback(parts, request, host) : follow(parts, request, host);
    },
  };
}

function schemeOf({ context, learned }: Parts, host: string): 'https:' | 'http:' {
  return isPlain(host, context) ? 'http:' : (learned.get(host) ?? 'https:');
}

/** TLS first. Plain HTTP only where the other side does not speak TLS, and remembered only once it has answered. */
async function toLoopback(parts: Parts, request: HttpRequest, host: string): Promise<HttpAnswer> {
  try {
    const answer = await follow(parts, request, host);
    parts.learned.set(host, 'https:');
    return answer;
  } catch (error) {
    if (!speaksNoTls(error) || request.signal.aborted) throw error;
    const plain = { ...request, url: new URL(request.url.href.replace(/^https:/, 'http:')) };
    const answer = await follow(parts, plain, host);
    parts.learned.set(host, 'http:');
    return answer;
  }
}

/** What goes elsewhere than to the registry, goes there at its request. */
function sentOn({ sentBy: _before, ...request }: HttpRequest, host: string): HttpRequest {
  return request.url.host === new URL(`${request.url.protocol}//${host}`).host ? request : { ...request, sentBy: host };
}

async function follow(parts: Parts, request: HttpRequest, host: string): Promise<HttpAnswer> {
  const { redirects } = parts.context.limits;
  let current = request;
  for (let hops = 0; hops <= redirects; hops++) {
    const answer = await (current.url.origin === request.url.origin ? once(parts, current) : away(parts, current));
    if (!REDIRECTS.has(answer.status)) {
      return current.url.origin === request.url.origin ? answer : demandNoChallenge(answer, request);
    }
    current = sentOn(redirected(current, answer), host);
  }
  throw invalid(request.where, `at most ${redirects} redirects`, 'more');
}

/** What breaks at a redirect's target says nothing about the registry, and is said of that place. */
async function away(parts: Parts, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await once(parts, request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw failureOfError(error, `${request.where}: redirected to ${request.url.host}`);
  }
}

async function once({ transport, context }: Parts, request: HttpRequest): Promise<HttpAnswer> {
  const { method, url } = request;
  try {
    const answer = await transport.exchange(request);
    context.onRequest({ host: url.host, method, outcome: answer.status });
    return answer;
  } catch (error) {
    context.onRequest({ host: url.host, method, outcome: 'error' });
    throw error;
  }
}

/** `--plain-http HOST` without a port means the host with every port. */
function isPlain(host: string, { plainHttp }: ClientContext): boolean {
  if (plainHttp.size === 0) return false;
  const lower = host.toLowerCase();
  return plainHttp.has(lower) || plainHttp.has(lower.replace(/:\d+$/, ''));
}

/**
 * The next request of a redirect. What travels to another origin: Accept, and nothing that says who we are.
 * If-None-Match goes too: it is the content's name.
 */
function redirected(request: HttpRequest, answer: HttpAnswer): HttpRequest {
  const location = headerOf(answer, 'location');
  const url =
    location === undefined || !URL.canParse(location, request.url.href)
      ? undefined
      : new URL(location, request.url.href);
  if (url === undefined) throw invalid(request.where, 'a redirect with an address', 'a redirect without');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid(request.where, 'a redirect to https', `one to ${url.protocol.slice(0, 20)}`);
  }
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw invalid(request.where, 'a redirect that stays on https', 'one to plain http');
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  if (url.origin === request.url.origin) return { ...request, url };
  const { authorization: _dropped, ...headers } = request.headers;
  return { ...request, url, headers };
}

/** A redirect's target that asks for credentials gets none: only the registry itself may ask. */
function demandNoChallenge(answer: HttpAnswer, request: HttpRequest): HttpAnswer {
  if (answer.status !== 401) return answer;
  throw new Failure(
    { kind: 'unauthorized' },
    `${request.where}: the registry redirects to a place that asks for credentials, which only the registry itself may`,
  );
}
