/**
 * Finds out which cluster we belong to, in the order of controller-runtime: flag, $KUBECONFIG, the Pod that we run in,
 * ~/.kube/config. Owns that order and its error sentences; must never open a connection.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** Where to look for the cluster. */
export interface KubeconfigOptions {
  /** Path of a kubeconfig file. Default: the order above. */
  readonly kubeconfig?: string | undefined;
  /** Name of a context in it. Default: its current context. */
  readonly context?: string | undefined;
}

/** What of the environment decides. */
export type KubeEnvironment = Readonly<Record<string, string | undefined>>;

/** No cluster could be chosen: the message says where it was looked for and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/** The folder in which a Pod finds its ServiceAccount. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Fills `config` with the cluster that is meant. Throws KubeconfigError. */
export function loadKubeconfig<T extends KubeConfig>(
  config: T,
  { kubeconfig, context }: KubeconfigOptions,
  environment: KubeEnvironment,
): T {
  const files = kubeconfig === undefined ? filesOf(environment) : [demandFile(kubeconfig)];
  if (files === undefined) config.loadFromCluster();
  else for (const [index, file] of files.entries()) merge(config, readOne(file), index === 0);
  if (context !== undefined) config.setCurrentContext(context);
  demandCluster(config, files);
  return config;
}

/** The files to read; undefined where the Pod tells. */
function filesOf(environment: KubeEnvironment): readonly string[] | undefined {
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((name) => name !== '');
  if (listed.length > 0) {
    const there = listed.filter((name) => existsSync(name));
    if (there.length > 0) return there;
    throw new KubeconfigError(`$KUBECONFIG: expected a kubeconfig file, found none at ${listed.join(', ')}`);
  }
  if (environment.KUBERNETES_SERVICE_HOST !== undefined && existsSync(join(SERVICE_ACCOUNT, 'token'))) return undefined;
  const home = join(environment.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(home)) return [home];
  throw new KubeconfigError(
    `no cluster: expected a kubeconfig (--kubeconfig, $KUBECONFIG or ${home}) or a Pod with a ServiceAccount, found neither`,
  );
}

function demandFile(path: string): string {
  if (existsSync(path)) return path;
  throw new KubeconfigError(`--kubeconfig ${path}: expected a kubeconfig file, found nothing there`);
}

function readOne(file: string): KubeConfig {
  const one = new KubeConfig();
  try {
    const text = readFileSync(file, 'utf8');
    one.loadFromString(text);
    one.makePathsAbsolute(dirname(resolve(file)));
    adoptTokenFiles(one, text, dirname(resolve(file)));
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'something else';
    throw new KubeconfigError(`${file}: expected a kubeconfig, found one that cannot be read: ${found}`, {
      cause: error,
    });
  }
  return one;
}

/** client-node reads a `token-file`, once; kubectl's field is `tokenFile`, and its content may change. */
function adoptTokenFiles(config: KubeConfig, text: string, folder: string): void {
  const document: unknown = parse(text);
  for (const entry of listOf(document, 'users')) {
    const tokenFile = fieldOf(fieldOf(entry, 'user'), 'tokenFile');
    if (typeof tokenFile !== 'string' || tokenFile === '') continue;
    config.users = config.users.map((user) =>
      user.name === fieldOf(entry, 'name')
        ? { ...user, authProvider: { name: 'tokenFile', config: { tokenFile: resolve(folder, tokenFile) } } }
        : user,
    );
  }
}

/** As kubectl merges: the first file that names a thing decides about it. */
function merge(into: KubeConfig, from: KubeConfig, first: boolean): void {
  into.clusters = [...into.clusters, ...from.clusters.filter(({ name }) => !named(into.clusters, name))];
  into.users = [...into.users, ...from.users.filter(({ name }) => !named(into.users, name))];
  into.contexts = [...into.contexts, ...from.contexts.filter(({ name }) => !named(into.contexts, name))];
  if (first || into.currentContext === undefined) into.currentContext = from.currentContext;
}

function named(list: readonly { readonly name: string }[], name: string): boolean {
  return list.some((entry) => entry.name === name);
}

function demandCluster(config: KubeConfig, files: readonly string[] | undefined): void {
  const where = files === undefined ? 'the ServiceAccount of this Pod' : files.join(', ');
  const context = config.contexts.find(({ name }) => name === config.currentContext);
  if (context === undefined) {
    const known = config.contexts.map(({ name }) => name).join(', ');
    const wanted = config.currentContext ?? 'a current-context';
    throw new KubeconfigError(`${where}: expected context ${wanted}, found ${known === '' ? 'no contexts' : known}`);
  }
  const cluster = config.clusters.find(({ name }) => name === context.cluster);
  if (cluster === undefined || !URL.canParse(cluster.server)) {
    const found = cluster === undefined ? 'no such cluster' : `server ${cluster.server}`;
    throw new KubeconfigError(
      `${where}: expected cluster ${context.cluster} of context ${context.name} with the URL of a server, found ${found}`,
    );
  }
}

function listOf(value: unknown, field: string): readonly unknown[] {
  const list = fieldOf(value, field);
  return Array.isArray(list) ? list : [];
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}
