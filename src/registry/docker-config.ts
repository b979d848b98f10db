/**
 * Credentials out of docker's config.json: `auths`, `credHelpers`, `credsStore`. Owns what an entry may look like and
 * who is asked first; must never put what it reads into a message, and never hands a host an entry of another.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure, invalid } from '../core/failure.ts';
import { anonymous, type Credential, type CredentialProvider } from './credential.ts';
import { credentialHost, canonicalKey, fittingKeys, isPattern } from './credential-key.ts';
import { type HelperRunner, runHelper } from './credential-helper.ts';
import { asObject, isObject, type JsonObject, kindOf, parseJsonObject } from './json.ts';

/** Where config.json is and what runs helpers. */
export interface DockerConfigOptions {
  /** A file that was named: it must be there. Absent: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly runHelper?: HelperRunner;
}

/** A config.json, checked. Keys of entries are canonical (see `canonicalKey`). */
export interface DockerConfig {
  readonly auths: ReadonlyMap<string, Credential>;
  readonly helpers: ReadonlyMap<string, string>;
  readonly store: string | undefined;
}

/** Docker Hub's own key, which predates registries with names. */
const HUB_KEY = 'https://index.docker.io/v1/';
const MAX_BYTES = 4 * 1024 * 1024;

/** A provider over the file. Throws unavailable where a named file cannot be read, invalid where it is broken. */
export async function loadDockerConfig(options: DockerConfigOptions): Promise<CredentialProvider> {
  const { file, env, cwd } = options;
  const path = file === undefined ? defaultPath(env) : resolve(cwd, file);
  const bytes = await readFile(path).catch((error: unknown) => unreadable(path, error, file === undefined));
  if (bytes === undefined) return anonymous;
  const config = parseDockerConfig(bytes, path);
  return credentialsOf(
    config,
    options.runHelper ?? ((helper, server, signal) => runHelper(helper, server, { env, signal })),
  );
}

/** Parses config.json. Throws invalid with the place in the file; never with a value. */
export function parseDockerConfig(bytes: Uint8Array, path: string): DockerConfig {
  if (bytes.length > MAX_BYTES) throw invalid(path, `at most ${MAX_BYTES} bytes`, `${bytes.length}`);
  const json = parseJsonObject(bytes, path);
  const auths = parseAuths(json.auths, `${path}: auths`);
  const helpers = new Map<string, string>();
  for (const [key, name] of Object.entries(optionalObject(json.credHelpers, `${path}: credHelpers`))) {
    helpers.set(canonicalKey(key), demandHelper(name, `${path}: credHelpers[${JSON.stringify(key)}]`));
  }
  const store =
    json.credsStore === undefined || json.credsStore === ''
      ? undefined
      : demandHelper(json.credsStore, `${path}: credsStore`);
  return { auths, helpers, store };
}

/** The entries of `auths`, by canonical key; of two keys that mean the same the first counts. Throws invalid. */
export function parseAuths(value: unknown, where: string): ReadonlyMap<string, Credential> {
  const auths = new Map<string, Credential>();
  for (const [key, entry] of Object.entries(optionalObject(value, where))) {
    const credential = parseEntry(entry, `${where}[${JSON.stringify(key)}]`);
    const canonical = canonicalKey(key);
    if (credential !== undefined && !auths.has(canonical)) auths.set(canonical, credential);
  }
  return auths;
}

/**
 * A provider over a parsed file, by the rules of docker and of Kubernetes' path-scoped entries: the most specific key
 * (see `fittingKeys`); a helper for the host before the store, the store before an entry for the host as a whole.
 */
export function credentialsOf(config: DockerConfig, run: HelperRunner): CredentialProvider {
  return async (host, path, signal) => {
    const [helperKey] = fittingKeys(config.helpers.keys(), host, path);
    const helper = helperKey === undefined ? undefined : config.helpers.get(helperKey);
    if (helper !== undefined) return listed(await run(helper, serverOf(helperOf(helperKey, host)), signal));
    const [key] = fittingKeys(config.auths.keys(), host, path);
    const found = key === undefined ? undefined : config.auths.get(key);
    if (config.store === undefined || (key !== undefined && key.includes('/'))) return listed(found);
    return listed((await run(config.store, serverOf(credentialHost(host)), signal)) ?? found);
  };
}

function listed(credential: Credential | undefined): readonly Credential[] {
  return credential === undefined ? [] : [credential];
}

/** A helper knows hosts, not patterns of them. */
function helperOf(key: string | undefined, host: string): string {
  return key === undefined || isPattern(key) ? credentialHost(host) : key;
}

function defaultPath(env: DockerConfigOptions['env']): string {
  const folder = env['DOCKER_CONFIG'];
  if (folder !== undefined && folder !== '') return join(folder, 'config.json');
  return join(env['HOME'] ?? homedir(), '.docker', 'config.json');
}

/** Only the default file may be missing. */
function unreadable(path: string, error: unknown, optional: boolean): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
  throw new Failure({ kind: 'unavailable' }, `${path}: the registry configuration cannot be read (${String(code)})`);
}

/** What a helper is asked for: docker stores Hub's credentials under its old address. */
function serverOf(key: string): string {
  return key === 'docker.io' ? HUB_KEY : key;
}

function parseEntry(value: unknown, where: string): Credential | undefined {
  const entry = asObject(value, where);
  const identity = text(entry.identitytoken, `${where}.identitytoken`);
  if (identity !== undefined) return { type: 'identity-token', token: identity };
  const access = text(entry.registrytoken, `${where}.registrytoken`);
  if (access !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(access))
      throw invalid(`${where}.registrytoken`, 'a token of printable characters', 'others');
    return { type: 'access-token', token: access };
  }
  const auth = text(entry.auth, `${where}.auth`);
  if (auth !== undefined) return decodeAuth(auth, `${where}.auth`);
  const username = text(entry.username, `${where}.username`);
  const password = text(entry.password, `${where}.password`);
  return username === undefined || password === undefined ? undefined : { type: 'basic', username, password };
}

function decodeAuth(auth: string, where: string): Credential {
  const packed = auth.replaceAll(/\s/g, '');
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(packed)
    ? Buffer.from(packed, 'base64').toString('utf8').replace(/\0+$/, '')
    : '';
  const colon = decoded.indexOf(':');
  if (colon < 1) throw invalid(where, 'base64 of user:password', 'something else');
  return { type: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** A helper's name becomes the name of a program: no path may come of it. */
function demandHelper(value: unknown, where: string): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
    throw invalid(
      where,
      'the name of a credential helper (docker-credential-NAME)',
      typeof value === 'string' ? 'another text' : kindOf(value),
    );
  }
  return value;
}

function text(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(where, 'text', kindOf(value));
  return value;
}

function optionalObject(value: unknown, where: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(where, 'an object', kindOf(value));
  return value;
}
