/**
 * Reads pull Secrets and ServiceAccounts through the API server when a registry asks for a credential. Owns for how
 * long an answer is good; must never list or watch them: a right to read by name is all that it takes.
 */
import { Failure } from '../core/failure.ts';
import { createLru } from '../core/lru.ts';
import { at, type Field, listItems } from '../core/manifests/field.ts';
import { isKubeFailure } from '../kube/failure.ts';
import { type KubeObject, SECRETS, SERVICE_ACCOUNTS, type Resource } from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import type { PullReader } from '../registry/pod-credentials.ts';
import type { PullSecret } from '../registry/secret-credentials.ts';
import { textsOf } from './materials.ts';

/** A Secret that was changed is seen after so long, in milliseconds. */
const GOOD_FOR_MS = 60_000;
/** Objects that are kept; a pull Secret has a kilobyte or two. */
const MAX_KEPT = 1024;

/** A reader over the API server. `now`: milliseconds. */
export function createPullReader(client: Pick<KubeClient, 'get'>, now: () => number): PullReader {
  const secrets = createMemory<PullSecret>(now);
  const accounts = createMemory<readonly string[]>(now);
  return {
    secret: (namespace, name, signal) =>
      secrets(`${namespace}/${name}`, async () => {
        const object = await read(client, SECRETS, { namespace, name }, signal);
        return object === undefined
          ? undefined
          : { where: `Secret ${namespace}/${name}`, ...textsOf('Secret', object) };
      }),
    serviceAccount: (namespace, name, signal) =>
      accounts(`${namespace}/${name}`, async () => {
        const object = await read(client, SERVICE_ACCOUNTS, { namespace, name }, signal);
        return object === undefined ? undefined : namesOf(object);
      }),
  };
}

/** What was found, or found missing, for as long as it is good; a failure is asked again. */
function createMemory<T extends object>(
  now: () => number,
): (key: string, ask: () => Promise<T | undefined>) => Promise<T | undefined> {
  const known = createLru<{ readonly value: T | undefined; readonly until: number }>(MAX_KEPT);
  return async (key, ask) => {
    const hit = known.get(key);
    if (hit !== undefined && now() < hit.until) return hit.value;
    const value = await ask();
    known.set(key, { value, until: now() + GOOD_FOR_MS });
    return value;
  };
}

async function read(
  client: Pick<KubeClient, 'get'>,
  resource: Resource,
  name: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, name, { signal });
  } catch (error) {
    if (!isKubeFailure(error)) throw error;
    if (isKubeFailure(error, 'not-found')) return undefined;
    const where = `${resource.kind} ${name.namespace}/${name.name}, which Pods pull with`;
    if (isKubeFailure(error, 'forbidden'))
      throw new Failure(
        { kind: 'unauthorized' },
        `${where}: it may not be read; give the right to get secrets and serviceaccounts (config/components/pod-pull-secrets)`,
        { cause: error },
      );
    throw new Failure({ kind: 'unavailable' }, `${where}: the API server does not hand it out`, { cause: error });
  }
}

/** `imagePullSecrets` of a ServiceAccount. */
function namesOf(object: KubeObject): readonly string[] {
  const root: Field = { value: object, path: [], report: () => undefined };
  return listItems(at(root, 'imagePullSecrets'), 'a list of names')
    .map((item) => at(item, 'name').value)
    .filter((name) => typeof name === 'string');
}
