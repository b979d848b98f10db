/**
 * Gets requests past a registry's challenge: says what goes into the Authorization header, and tries the credentials
 * of a repository one after the other. Must never give out a credential but by `tokens.ts`'s rule, ask a credential
 * helper before a registry asks us, nor take "not found" from a credential that has opened nothing yet for the truth
 * while another may know better.
 */
import { Failure } from '../core/failure.ts';
import { headersOf } from './answer.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credential } from './credential.ts';
import { createFlights, type Flights } from './flights.ts';
import { apiHost, keyOf } from './host.ts';
import type { ClientContext } from './options.ts';
import type { Repository } from './source.ts';
import { basicAuthorization, fetchToken, type Token } from './tokens.ts';
import type { HttpAnswer } from './transport.ts';
import type { Wire } from './wire.ts';

/** Who asks, for what. */
export interface AuthorizationRequest {
  readonly repository: Repository;
  readonly signal: AbortSignal;
  readonly where: string;
}

/** Sends the request with this Authorization header; undefined: with none. */
export type Send = (authorization: string | undefined) => Promise<HttpAnswer>;

/** Knows how to be let in. */
export interface Authorizer {
  /** Sends until the registry lets us in or no credential is left: then the answer says so, or a Failure does. */
  letIn(request: AuthorizationRequest, send: Send): Promise<HttpAnswer>;
}

/** Tokens and challenges kept; more than that are forgotten, oldest first, and asked for again. */
const MAX_KEPT = 4096;

/** The credential that got an answer out of a repository. */
interface Way {
  readonly id: string;
  /** Of how many it was one. */
  readonly among: number;
  /** Something was found with it: what it does not find is not there. */
  readonly opened: boolean;
}

interface Memory {
  readonly wire: Wire;
  readonly context: ClientContext;
  /** By registry. */
  readonly challenges: Map<string, Challenge>;
  /** By repository. */
  readonly scopes: Map<string, string>;
  readonly ways: Map<string, Way>;
  /** By repository and credential. */
  readonly tokens: Map<string, Token>;
  readonly flights: Flights<Token>;
}

/** What came of one credential. */
type Outcome =
  | { readonly state: 'in' | 'refused' | 'not-found'; readonly answer: HttpAnswer }
  | { readonly state: 'failed'; readonly failure: Failure };

/** Makes an authorizer. */
export function createAuthorizer(wire: Wire, context: ClientContext): Authorizer {
  const flights = createFlights<Token>();
  const maps = { challenges: new Map(), scopes: new Map(), ways: new Map(), tokens: new Map() };
  const memory: Memory = { wire, context, ...maps, flights };
  return { letIn: (request, send) => letIn(memory, request, send) };
}

async function letIn(memory: Memory, request: AuthorizationRequest, send: Send): Promise<HttpAnswer> {
  const challenge = memory.challenges.get(request.repository.registry);
  const remembered = challenge?.scheme === 'bearer' ? tokenOf(memory, keyOf(request.repository)) : undefined;
  if (challenge !== undefined && remembered === undefined) return tryEach(memory, request, send);
  const answer = await send(remembered);
  if (!isRefusal(answer)) return answer;
  const more = answer.status === 401 ? learn(memory, request, answer) : anotherMayDo(memory, request);
  if (!more) return answer;
  forgetToken(memory, keyOf(request.repository));
  return tryEach(memory, request, send, answer);
}

/** Tries the credentials in their order, the one that opened the repository before them. */
async function tryEach(
  memory: Memory,
  request: AuthorizationRequest,
  send: Send,
  unauthorized?: HttpAnswer,
): Promise<HttpAnswer> {
  const { repository, signal } = request;
  const given = await memory.context.credentials(repository.registry, repository.path, signal);
  const way = memory.ways.get(keyOf(repository));
  const proven = (credential: Credential | undefined): boolean => way?.opened === true && idOf(credential) === way.id;
  const all = given.length === 0 ? [undefined] : [...given.filter(proven), ...given.filter((one) => !proven(one))];
  const outcomes: Outcome[] = [];
  for (const credential of all) {
    const final = all.length === 1 || proven(credential);
    const outcome = await tryOne(memory, request, { credential, send, unauthorized, final });
    if (outcome.state === 'in') {
      const opened = proven(credential) || outcome.answer.status !== 404;
      keep(memory.ways, keyOf(repository), { id: idOf(credential), among: all.length, opened });
      return outcome.answer;
    }
    outcomes.push(outcome);
  }
  return mostTelling(outcomes);
}

/** One credential. `final`: a "not found" is the truth. */
interface Try {
  readonly credential: Credential | undefined;
  readonly send: Send;
  /** What the registry said to a request without a credential, if it was asked. */
  readonly unauthorized: HttpAnswer | undefined;
  readonly final: boolean;
}

async function tryOne(memory: Memory, request: AuthorizationRequest, attempt: Try): Promise<Outcome> {
  const { credential, send, unauthorized, final } = attempt;
  const key = tokenKey(keyOf(request.repository), idOf(credential));
  const old = memory.tokens.has(key);
  try {
    const header = await headerOf(memory, request, credential);
    if (header === undefined && unauthorized !== undefined) return { state: 'refused', answer: unauthorized };
    const answer = await send(header);
    if (answer.status === 401) learn(memory, request, answer);
    if (!isRefusal(answer)) return { state: answer.status === 404 && !final ? 'not-found' : 'in', answer };
    memory.tokens.delete(key);
    // A registry may forget a token before its time.
    return old && answer.status === 401 ? await tryOne(memory, request, attempt) : { state: 'refused', answer };
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'unauthorized') throw error;
    return { state: 'failed', failure: error };
  }
}

/** Who was refused was not told whether there is such a thing: that comes before "not found" of somebody else. */
function mostTelling(outcomes: readonly Outcome[]): HttpAnswer {
  const [first] = outcomes;
  const told =
    outcomes.find(({ state }) => state === 'refused') ?? outcomes.find(({ state }) => state === 'failed') ?? first;
  if (told === undefined) throw new Error('no credential was tried, not even none');
  if (told.state === 'failed') throw told.failure;
  return told.answer;
}

function isRefusal({ status }: HttpAnswer): boolean {
  return status === 401 || status === 403;
}

/** A token that is refused access (403) is as good as any other of the same credential. */
function anotherMayDo({ ways }: Memory, { repository }: AuthorizationRequest): boolean {
  return (ways.get(keyOf(repository))?.among ?? 1) > 1;
}

async function headerOf(
  memory: Memory,
  request: AuthorizationRequest,
  credential: Credential | undefined,
): Promise<string | undefined> {
  const challenge = memory.challenges.get(request.repository.registry);
  if (challenge?.scheme === 'bearer') return bearer(memory, request, { challenge, credential });
  return credential === undefined ? undefined : plainHeader(credential);
}

async function bearer(
  memory: Memory,
  { repository, signal, where }: AuthorizationRequest,
  { challenge, credential }: { challenge: Challenge; credential: Credential | undefined },
): Promise<string> {
  if (credential?.type === 'access-token') return `Bearer ${credential.token}`;
  const key = tokenKey(keyOf(repository), idOf(credential));
  const known = memory.tokens.get(key);
  if (known !== undefined && memory.context.clock.now() < known.renewAt) return `Bearer ${known.value}`;
  const token = await memory.flights.join(key, { signal, where }, (flight) => {
    const scope = memory.scopes.get(keyOf(repository)) ?? `repository:${repository.path}:pull`;
    const host = apiHost(repository.registry);
    const { wire, context } = memory;
    return fetchToken(wire, context.clock, { host, scope, challenge, credential, signal: flight.signal, where });
  });
  keep(memory.tokens, key, token);
  return `Bearer ${token.value}`;
}

/** The header with the token that opened this repository last, while it lives. */
function tokenOf({ ways, tokens, context }: Memory, repository: string): string | undefined {
  const way = ways.get(repository);
  const token = way === undefined ? undefined : tokens.get(tokenKey(repository, way.id));
  return token === undefined || context.clock.now() >= token.renewAt ? undefined : `Bearer ${token.value}`;
}

function forgetToken({ ways, tokens }: Memory, repository: string): void {
  const way = ways.get(repository);
  if (way !== undefined) tokens.delete(tokenKey(repository, way.id));
}

function tokenKey(repository: string, id: string): string {
  return `${repository} ${id}`;
}

/** Tells credentials apart, in memory only. */
function idOf(credential: Credential | undefined): string {
  return credential === undefined ? '' : JSON.stringify(credential);
}

/** Takes in a 401. False: there is nothing that could be tried. */
function learn(memory: Memory, { repository }: AuthorizationRequest, answer: HttpAnswer): boolean {
  const challenge = choose(parseChallenges(headersOf(answer, 'www-authenticate')));
  if (challenge === undefined) return false;
  keep(memory.challenges, repository.registry, challenge);
  const scope = challenge.parameters.get('scope');
  if (challenge.scheme === 'bearer' && scope !== undefined && scope !== '')
    keep(memory.scopes, keyOf(repository), scope);
  return true;
}

/** Bearer before Basic, where a registry offers both: a token is worth less to a thief. */
function choose(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
}

/** A refresh token means nothing but to a token service: it is not sent as a password. */
function plainHeader(credential: Credential): string | undefined {
  switch (credential.type) {
    case 'basic':
      return basicAuthorization(credential);
    case 'access-token':
      return `Bearer ${credential.token}`;
    case 'identity-token':
      return undefined;
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_KEPT) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
