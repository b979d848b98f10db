/**
 * Says what goes into the Authorization header of a request to a registry, and learns from its challenges.
 * Must never give out a credential but by `tokens.ts`'s rule, nor ask a credential helper before a registry asks us.
 */
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

/** Knows how to be let in. */
export interface Authorizer {
  /** The Authorization header to send; undefined while nothing was ever asked for. */
  header(request: AuthorizationRequest): Promise<string | undefined>;
  /** Takes in a 401. False: there is nothing that could be tried. `refusedHeader` is what it was refused with. */
  learn(request: AuthorizationRequest, answer: HttpAnswer, refusedHeader: string | undefined): boolean;
}

/** Tokens and challenges kept; more than that are forgotten, oldest first, and asked for again. */
const MAX_KEPT = 4096;

interface Memory {
  readonly wire: Wire;
  readonly context: ClientContext;
  /** By registry. */
  readonly challenges: Map<string, Challenge>;
  /** By repository. */
  readonly scopes: Map<string, string>;
  readonly tokens: Map<string, Token>;
  readonly flights: Flights<Token>;
}

/** Makes an authorizer. */
export function createAuthorizer(wire: Wire, context: ClientContext): Authorizer {
  const flights = createFlights<Token>();
  const memory: Memory = { wire, context, challenges: new Map(), scopes: new Map(), tokens: new Map(), flights };
  return {
    async header(request) {
      const challenge = memory.challenges.get(request.repository.registry);
      if (challenge === undefined) return undefined;
      return challenge.scheme === 'bearer' ? bearer(memory, request, challenge) : basic(memory, request);
    },
    learn: (request, answer, refusedHeader) => learn(memory, request, { answer, refusedHeader }),
  };
}

async function bearer(memory: Memory, request: AuthorizationRequest, challenge: Challenge): Promise<string> {
  const { clock } = memory.context;
  const { repository, signal, where } = request;
  const key = keyOf(repository);
  const known = memory.tokens.get(key);
  if (known !== undefined && clock.now() < known.renewAt) return `Bearer ${known.value}`;
  const token = await memory.flights.join(key, { signal, where }, async (flight) => {
    const credential = await memory.context.credentials(repository.registry, repository.path, flight.signal);
    if (credential?.type === 'access-token') return { value: credential.token, renewAt: Number.POSITIVE_INFINITY };
    const scope = memory.scopes.get(key) ?? `repository:${repository.path}:pull`;
    const host = apiHost(repository.registry);
    return fetchToken(memory.wire, clock, { host, scope, challenge, credential, signal: flight.signal, where });
  });
  keep(memory.tokens, key, token);
  return `Bearer ${token.value}`;
}

async function basic({ context }: Memory, { repository, signal }: AuthorizationRequest): Promise<string | undefined> {
  const credential = await context.credentials(repository.registry, repository.path, signal);
  return credential === undefined ? undefined : plainHeader(credential);
}

function learn(
  memory: Memory,
  { repository }: AuthorizationRequest,
  refused: { answer: HttpAnswer; refusedHeader: string | undefined },
): boolean {
  const challenge = choose(parseChallenges(headersOf(refused.answer, 'www-authenticate')));
  if (challenge === undefined) return false;
  const key = keyOf(repository);
  keep(memory.challenges, repository.registry, challenge);
  const scope = challenge.parameters.get('scope');
  if (challenge.scheme === 'bearer' && scope !== undefined && scope !== '') keep(memory.scopes, key, scope);
  if (refused.refusedHeader === `Bearer ${memory.tokens.get(key)?.value}`) memory.tokens.delete(key);
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
