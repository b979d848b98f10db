/**
 * Public keys by the URIs of key management services. Owns which service answers which URI, and how long one answer may
 * take; must never sign, decrypt, or ask for anything private.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure, invalid } from '../../core/failure.ts';
import { errorOfAbort } from '../abort.ts';
import type { Clock } from '../clock.ts';
import type { ProxyEnvironment } from '../proxy.ts';
import { createReach } from '../reach.ts';
import { createTransport, type Transport } from '../transport.ts';
import { createAwsKeys } from './aws.ts';
import { type KmsKey, parseKmsUri } from './uri.ts';
import { createVault, type Vault, type VaultLogin } from './vault.ts';

/** Key management services; nothing is loaded or contacted before a key is asked for. */
export interface KeyService {
  /** PEM blocks of the versions of a key that may vouch. Throws Failure, whose message says what was asked and why not. */
  publicKeys(uri: string, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** What it is made of. */
export interface KeyServiceOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly proxy?: ProxyEnvironment | undefined;
}

/** One answer, with all logins that it takes; milliseconds. */
const ANSWER_MS = 15_000;
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Makes one. */
export function createKeyService(options: KeyServiceOptions): KeyService {
  const aws = createAwsKeys();
  let vault: Promise<OpenedVault> | undefined;
  const openVault = (): Promise<OpenedVault> => {
    const opening = vaultOf(options);
    vault = opening;
    // A setting that is wrong, a file that is missing: the next one who asks looks again.
    opening.catch(() => (vault = undefined));
    return opening;
  };
  const ask = async (key: KmsKey, signal: AbortSignal): Promise<string> => {
    switch (key.service) {
      case 'vault':
        return (await (vault ?? openVault())).client.publicKeys(key.name, signal);
      case 'aws':
        return aws.publicKeys(key, signal);
      case 'gcp':
      case 'azure':
        throw new Failure(
          { kind: 'unavailable' },
          'this key service is not asked by this version: give the public key itself as publicKey.pem, secretRef or configMapRef (cosign public-key --key …)',
        );
    }
  };
  return {
    publicKeys: (uri, signal) => withinTime(uri, signal, (both) => ask(parseKmsUri(uri), both)),
    async close(): Promise<void> {
      aws.close();
      const opened = await vault?.catch(() => undefined);
      await opened?.transport.close();
    },
  };
}

/** Every failure begins with the URI; what hangs is given up. */
async function withinTime(
  uri: string,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  const late = AbortSignal.timeout(ANSWER_MS);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error) {
    if (signal.aborted) throw errorOfAbort(signal, uri);
    if (late.aborted) throw new Failure({ kind: 'timeout' }, `${uri}: no answer in time`, { cause: error });
    if (!(error instanceof Failure)) throw error;
    const told = error.message.startsWith(uri) ? error.message : `${uri}: ${error.message}`;
    throw new Failure(error.detail, told, { cause: error });
  }
}

interface OpenedVault {
  readonly client: Vault;
  readonly transport: Transport;
}

/** By the variables of Vault's own tools and of cosign; the Kubernetes auth method has none, so these are ours. */
async function vaultOf({ env, clock, proxy }: KeyServiceOptions): Promise<OpenedVault> {
  const address = addressOf(given(env, 'VAULT_ADDR') ?? 'https://127.0.0.1:8200');
  const caFile = given(env, 'VAULT_CACERT');
  const ca = caFile === undefined ? undefined : { all: await readFile(caFile, 'utf8').catch(() => unreadable(caFile)) };
  const transport = createTransport({
    connectionsPerHost: 4,
    connectTimeoutMs: 5_000,
    idleTimeoutMs: ANSWER_MS,
    ca,
    proxy,
    reach: createReach(),
    allowPrivate: new Set(),
  });
  const settings = {
    address,
    transit: trimmed(given(env, 'TRANSIT_SECRET_ENGINE_PATH') ?? 'transit'),
    namespace: given(env, 'VAULT_NAMESPACE'),
    login: loginOf(env),
  };
  return { client: createVault(settings, transport, clock), transport };
}

function loginOf(env: KeyServiceOptions['env']): VaultLogin {
  const role = given(env, 'IMAGE_TRUST_VAULT_ROLE');
  if (role !== undefined) {
    const file = given(env, 'IMAGE_TRUST_VAULT_JWT_FILE') ?? SERVICE_ACCOUNT_TOKEN;
    const path = trimmed(given(env, 'IMAGE_TRUST_VAULT_AUTH_PATH') ?? 'kubernetes');
    return { type: 'kubernetes', path, role, jwt: () => readFile(file, 'utf8').catch(() => undefined) };
  }
  const file = join(env['HOME'] ?? homedir(), '.vault-token');
  const token = given(env, 'VAULT_TOKEN');
  return {
    type: 'token',
    token: () => (token === undefined ? readFile(file, 'utf8').catch(() => undefined) : Promise.resolve(token)),
  };
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid('VAULT_ADDR', 'an address such as https://vault.example.com:8200', 'another text');
  url.username = '';
  url.password = '';
  url.search = '';
  return url;
}

function given(env: KeyServiceOptions['env'], name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}

function trimmed(path: string): string {
  return path.replaceAll(/^\/+|\/+$/g, '');
}

function unreadable(file: string): never {
  throw new Failure({ kind: 'unavailable' }, `VAULT_CACERT: ${file} cannot be read`);
}
