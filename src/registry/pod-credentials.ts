/**
 * The credentials that Pods pull with: the Secrets that they name, else those of their ServiceAccount, as the kubelet
 * has it. Owns which of them serve a repository and what is said where none can be read. Must never ask for a Secret
 * before a registry asks for a credential, nor for one that no Pod of that registry names.
 */
import type { Puller, PullIndex } from '../core/pull-index.ts';
import { Failure } from '../core/failure.ts';
import type { Credential, CredentialProvider } from './credential.ts';
import { credentialsInSecrets, distinct, isPullSecret, type PullSecret } from './secret-credentials.ts';

/** Reads by name. Throws Failure where it cannot be read; undefined where there is no such object. */
export interface PullReader {
  secret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /** The names of the pull Secrets of a ServiceAccount. */
  serviceAccount(namespace: string, name: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/** Pullers that are looked into at once. */
const AT_ONCE = 8;

interface Found {
  readonly credentials: readonly Credential[];
  /** What could not be read, or made no sense. */
  readonly failures: readonly Failure[];
}

/**
 * A provider over what Pods name. What is not there, or is of another type, is passed over, as the kubelet does; where
 * nothing is found and something could not be read, that is the answer: asked as anybody, a registry would hide what
 * the Pods may see.
 */
export function podCredentials(index: PullIndex, reader: PullReader): CredentialProvider {
  return async (host, path, signal) => {
    const pullers = index.pullersOf(host, path);
    const all: Found[] = [];
    for (let at = 0; at < pullers.length; at += AT_ONCE) {
      const some = pullers.slice(at, at + AT_ONCE);
      all.push(
        ...(await Promise.all(some.map((puller) => credentialsOfPuller(puller, { reader, host, path, signal })))),
      );
    }
    const credentials = distinct(all.flatMap((found) => found.credentials));
    const [failure] = all.flatMap(({ failures }) => failures);
    if (credentials.length === 0 && failure !== undefined) throw failure;
    return credentials;
  };
}

interface Question {
  readonly reader: PullReader;
  readonly host: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** The API server gives a Pod the Secrets of its ServiceAccount where it names none itself: so they come second. */
async function credentialsOfPuller(puller: Puller, question: Question): Promise<Found> {
  const { namespace, serviceAccount, secrets } = puller;
  const own = await fromSecrets(namespace, secrets, question);
  if (own.credentials.length > 0) return own;
  const { reader, signal } = question;
  const named = await attempt(async () => (await reader.serviceAccount(namespace, serviceAccount, signal)) ?? []);
  if (named instanceof Failure) return { credentials: [], failures: [...own.failures, named] };
  const others = named.filter((name) => !secrets.includes(name));
  const given = await fromSecrets(namespace, others, question);
  return { credentials: given.credentials, failures: [...own.failures, ...given.failures] };
}

async function fromSecrets(namespace: string, names: readonly string[], question: Question): Promise<Found> {
  const { reader, signal } = question;
  const read = await Promise.all(names.map((name) => attempt(() => reader.secret(namespace, name, signal))));
  const found = read.map((one) => (one instanceof Failure || one === undefined ? one : credentialsIn(one, question)));
  return {
    credentials: found.flatMap((one) => (one instanceof Failure || one === undefined ? [] : one)),
    failures: found.filter((one) => one instanceof Failure),
  };
}

function credentialsIn(secret: PullSecret, { host, path }: Question): readonly Credential[] | Failure {
  if (!isPullSecret(secret)) return [];
  try {
    return credentialsInSecrets([secret], host, path);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
