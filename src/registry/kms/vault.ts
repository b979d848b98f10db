/**
 * Public keys out of the transit engine of HashiCorp Vault or OpenBao, over its HTTP API: two requests, for which no
 * SDK is worth its weight. Owns logging in (a token, or the Kubernetes auth method) and when to do it again. Must never
 * let the token reach a message, nor follow a redirect with it.
 */
import { createPublicKey } from 'node:crypto';
import { Failure, invalid } from '../../core/failure.ts';
import { failureOfError } from '../answer.ts';
import type { Clock } from '../clock.ts';
import { isObject, type JsonObject, parseJsonObject } from '../json.ts';
import type { HttpAnswer, Transport } from '../transport.ts';

/** Where Vault is and who we are to it. */
export interface VaultSettings {
  readonly address: URL;
  /** Path of the transit engine, without slashes at its ends. */
  readonly transit: string;
  readonly namespace: string | undefined;
  readonly login: VaultLogin;
}

/** How to get in. */
export type VaultLogin =
  /** Read each time: an agent may renew it. Undefined: there is none. */
  | { readonly type: 'token'; readonly token: () => Promise<string | undefined> }
  /** `path`: of the auth method. `jwt`: the token of the ServiceAccount, read each time, for it is renewed. */
  | {
      readonly type: 'kubernetes';
      readonly path: string;
      readonly role: string;
      readonly jwt: () => Promise<string | undefined>;
    };

/** A client of Vault. */
export interface Vault {
  /** PEM blocks of all versions that may still be verified with, the newest first. Throws Failure. */
  publicKeys(name: string, signal: AbortSignal): Promise<string>;
}

const MAX_ANSWER = 1024 * 1024;
/** Versions that are told; older ones are left out. */
const MAX_VERSIONS = 64;
/** Part of its life after which a login is renewed. */
const USABLE = 0.8;
/** DER in front of a raw Ed25519 key (RFC 8410). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

interface Session {
  readonly token: string;
  /** Milliseconds on the clock. */
  readonly renewAt: number;
}

/** Makes a client. */
export function createVault(settings: VaultSettings, transport: Transport, clock: Clock): Vault {
  let session: Session | undefined;
  const enter = async (signal: AbortSignal): Promise<Session> => {
    if (session !== undefined && clock.now() < session.renewAt) return session;
    session = await logIn(settings, transport, clock, signal);
    return session;
  };
  const read = async (name: string, signal: AbortSignal): Promise<HttpAnswer> => {
    const { token } = await enter(signal);
    return call({ settings, transport, signal }, { path: `${settings.transit}/keys/${name}`, token });
  };
  return {
    async publicKeys(name, signal): Promise<string> {
      const where = `hashivault://${name}`;
      let answer = await read(name, signal);
      if (answer.status === 403 && settings.login.type === 'kubernetes') {
        // A token may be revoked before its time.
        session = undefined;
        answer = await read(name, signal);
      }
      demandOk(answer, where, `read on ${settings.transit}/keys/${name}`);
      return pemOf(parseJsonObject(answer.body, where), where);
    },
  };
}

async function logIn(
  settings: VaultSettings,
  transport: Transport,
  clock: Clock,
  signal: AbortSignal,
): Promise<Session> {
  const { login } = settings;
  if (login.type === 'token') {
    const token = (await login.token())?.trim();
    if (token === undefined || token === '')
      throw new Failure(
        { kind: 'unauthorized' },
        'Vault: no token; give VAULT_TOKEN or ~/.vault-token, or a role of the Kubernetes auth method as IMAGE_TRUST_VAULT_ROLE',
      );
    return { token, renewAt: 0 };
  }
  const jwt = (await login.jwt())?.trim();
  if (jwt === undefined || jwt === '')
    throw new Failure({ kind: 'unauthorized' }, 'Vault: the token of the ServiceAccount cannot be read');
  const path = `auth/${login.path}/login`;
  const body = JSON.stringify({ role: login.role, jwt });
  const answer = await call({ settings, transport, signal }, { path, body });
  demandOk(answer, `Vault: ${path}`, `role ${login.role}`);
  return sessionOf(parseJsonObject(answer.body, `Vault: ${path}`), `Vault: ${path}`, clock.now());
}

function sessionOf({ auth }: JsonObject, where: string, now: number): Session {
  const { client_token: token, lease_duration: seconds } = isObject(auth) ? auth : {};
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token))
    throw invalid(where, 'auth.client_token', 'none');
  const life = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 * USABLE : Number.POSITIVE_INFINITY;
  return { token, renewAt: now + life };
}

interface Line {
  readonly settings: VaultSettings;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

async function call(
  { settings, transport, signal }: Line,
  { path, token, body }: { readonly path: string; readonly token?: string; readonly body?: string },
): Promise<HttpAnswer> {
  const { address, namespace } = settings;
  const url = new URL(address);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${path}`;
  const headers = {
    accept: 'application/json',
    'x-vault-request': 'true',
    ...(token === undefined ? {} : { 'x-vault-token': token }),
    ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const where = `Vault at ${address.host}`;
  const method = body === undefined ? 'GET' : 'POST';
  try {
    const request = { url, method, headers, maxBytes: MAX_ANSWER, signal, where } as const;
    return await transport.exchange(body === undefined ? request : { ...request, body });
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof Failure) throw error;
    const failure = failureOfError(error, where);
    throw new Failure(failure.detail, failure.message.replace('the registry', 'the server'), { cause: error });
  }
}

function demandOk({ status }: HttpAnswer, where: string, right: string): void {
  if (status === 200) return;
  if (status === 404) throw new Failure({ kind: 'not-found' }, `${where}: Vault has no such key (404)`);
  if (status === 401 || status === 403 || status === 400)
    throw new Failure({ kind: 'unauthorized' }, `${where}: Vault refuses us (${status}); it takes ${right}`);
  if (status === 429) throw new Failure({ kind: 'rate-limited' }, `${where}: Vault asked to slow down (429)`);
  if (status >= 500) throw new Failure({ kind: 'unavailable' }, `${where}: Vault answered with error ${status}`);
  throw invalid(where, 'an answer with status 200', `status ${status}`);
}

/** The answer of `GET transit/keys/NAME`: `data.keys` by version; of symmetric keys the values are times. */
function pemOf({ data }: JsonObject, where: string): string {
  const { keys, min_decryption_version: oldest } = isObject(data) ? data : {};
  if (!isObject(keys)) throw invalid(where, 'a key of the transit engine with its versions', 'something else');
  const first = typeof oldest === 'number' ? oldest : 0;
  const versions = Object.entries(keys)
    .map(([version, value]) => ({ version: Number(version), value }))
    .filter(({ version }) => Number.isSafeInteger(version) && version >= first)
    .sort((a, b) => b.version - a.version)
    .slice(0, MAX_VERSIONS);
  if (versions.length === 0) throw invalid(where, 'a version that may still be verified with', 'none');
  return versions.map(({ version, value }) => versionPem(value, `${where}, version ${version}`)).join('');
}

function versionPem(value: unknown, where: string): string {
  const text = isObject(value) ? value['public_key'] : undefined;
  if (typeof text !== 'string' || text === '')
    throw invalid(where, 'a key for signing, with a public key (ecdsa-p256, ed25519, rsa-4096, …)', 'none');
  if (text.includes('-----BEGIN PUBLIC KEY-----')) return `${text.trim()}\n`;
  const raw = Buffer.from(text, 'base64');
  if (raw.length !== 32) throw invalid(where, 'PEM, or the 32 bytes of an Ed25519 key', 'something else');
  const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' });
  return key.export({ format: 'pem', type: 'spki' });
}
