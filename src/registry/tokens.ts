/**
 * Bearer tokens: fetched from the realm that a challenge names, kept per host, repository and scope, renewed before
 * they expire. Owns the rule of who may see a credential: the registry that it was given for, and the realm that this
 * registry names, over https (or over http where the registry itself speaks http and the realm is the same machine).
 */
import { Failure, invalid } from '../core/failure.ts';
import { failureOfAnswer, failureOfError } from './answer.ts';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credential.ts';
import { hostnameOf, isLoopback } from './host.ts';
import { parseJsonObject } from './json.ts';
import type { Clock } from './clock.ts';
import type { HttpAnswer, HttpRequest } from './transport.ts';
import type { Wire } from './wire.ts';

/** What a token is asked for. */
export interface TokenRequest {
  /** host[:port] of the registry's API. */
  readonly host: string;
  readonly scope: string;
  readonly challenge: Challenge;
  readonly credential: Credential | undefined;
  readonly signal: AbortSignal;
  readonly where: string;
}

/** A token and when (milliseconds on the clock) it should be replaced. */
export interface Token {
  readonly value: string;
  readonly renewAt: number;
}

const MAX_TOKEN_ANSWER = 256 * 1024;
/** Token specification of the distribution project: without expires_in a token lives for 60 seconds. */
const DEFAULT_LIFE_S = 60;
/** Part of its life after which a token is renewed. */
const USABLE = 0.9;
const CLIENT_ID = 'image-trust';

/** Fetches a token. Throws Failure: unauthorized where the realm refuses, invalid where it answers nonsense. */
export async function fetchToken(wire: Wire, clock: Clock, request: TokenRequest): Promise<Token> {
  const realm = demandRealm(wire, request);
  const http =
    request.credential?.type === 'identity-token' ? exchangeRequest(realm, request) : tokenRequest(realm, request);
  const answer = await wire.toAddress(http, request.host).catch((error: unknown) => fail(error, request));
  if (answer.status !== 200) throw refused(answer, request, clock);
  const json = parseJsonObject(answer.body, `${request.where}: token of ${realm.host}`);
  const value = json.token ?? json.access_token;
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(value)) {
    throw invalid(`${request.where}: token of ${realm.host}`, 'token or access_token', 'neither');
  }
  const life = typeof json.expires_in === 'number' && json.expires_in > 0 ? json.expires_in : DEFAULT_LIFE_S;
  return { value, renewAt: clock.now() + life * 1000 * USABLE };
}

/** What broke on the way to the token service is said of it, not of the registry. A cancel passes through. */
function fail(error: unknown, { signal, where }: TokenRequest): never {
  if (signal.aborted) throw error;
  throw failureOfError(error, `${where}: token service`);
}

function demandRealm(wire: Wire, { challenge, host, credential, where }: TokenRequest): URL {
  const text = challenge.parameters.get('realm') ?? '';
  if (!URL.canParse(text)) throw invalid(`${where}: challenge`, 'a realm with an address', 'none');
  const realm = new URL(text);
  realm.username = '';
  realm.password = '';
  if (realm.protocol === 'https:') return realm;
  const same = hostnameOf(realm.host) === hostnameOf(host) || (isLoopback(realm.host) && isLoopback(host));
  if (realm.protocol === 'http:' && wire.schemeOf(host) === 'http:' && (same || credential === undefined)) return realm;
  throw new Failure(
    { kind: 'unauthorized' },
    `${where}: the registry wants a token from ${realm.protocol}//${realm.host}, and credentials go to another host over https only`,
  );
}

function tokenRequest(realm: URL, { challenge, scope, credential, signal, where }: TokenRequest): HttpRequest {
  const url = new URL(realm);
  const service = challenge.parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  for (const part of scope.split(' ').filter((text) => text !== '')) url.searchParams.append('scope', part);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credential?.type === 'basic') {
    url.searchParams.set('account', credential.username);
    headers.authorization = basicAuthorization(credential);
  }
  return { url, method: 'GET', headers, maxBytes: MAX_TOKEN_ANSWER, signal, where };
}

/** OAuth2 token exchange of the distribution project, grant type refresh_token. Never redirected: the secret is in the body. */
function exchangeRequest(realm: URL, { challenge, scope, credential, signal, where }: TokenRequest): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: challenge.parameters.get('service') ?? '',
    client_id: CLIENT_ID,
    scope,
    refresh_token: credential?.type === 'identity-token' ? credential.token : '',
  });
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  return { url: realm, method: 'POST', headers, body: form.toString(), maxBytes: MAX_TOKEN_ANSWER, signal, where };
}

/** The Authorization header of a user and a password (RFC 7617, UTF-8). */
export function basicAuthorization(credential: Extract<Credential, { type: 'basic' }>): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`, 'utf8').toString('base64')}`;
}

/** 4xx of a token service means that it does not know us, whatever the number. */
function refused(answer: HttpAnswer, { where, credential }: TokenRequest, clock: Clock): Failure {
  const { status } = answer;
  if (status === 429 || status >= 500) return failureOfAnswer(answer, `${where}: token service`, clock.now());
  const what = credential === undefined ? 'an anonymous token' : 'a token for the credentials it was given';
  return new Failure({ kind: 'unauthorized' }, `${where}: the token service refuses ${what} (${status})`);
}
