/** As whom to come to a cluster, and what each of them did there: by the request log, or by the real audit log. */
import type { Cluster } from './cluster.ts';
import { writeKubeconfig } from '../control-plane.ts';

/** A ServiceAccount. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** A finished request of somebody. */
export interface Done {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly code: number;
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** The user name of a ServiceAccount. */
export function userOf({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** A kubeconfig of a ServiceAccount, which is made where it is missing; `server`: another way to the real cluster. */
export async function kubeconfigOf(cluster: Cluster, account: Account, server?: string): Promise<string> {
  const token = await tokenOf(cluster, account);
  const file = `${account.namespace}-${account.name}`;
  return cluster.kind === 'embedded'
    ? writeKubeconfig(cluster.folder, file, { server: cluster.api.url, token })
    : cluster.plane.kubeconfigFor(file, token, server);
}

/** A token of a ServiceAccount, which is made where it is missing. */
export async function tokenOf(cluster: Cluster, account: Account): Promise<string> {
  const { namespace, name } = account;
  await cluster.client.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } },
  );
  if (cluster.kind === 'embedded') {
    const token = `${namespace}-${name}`;
    cluster.api.access.tokens.set(token, { username: userOf(account), groups: ['system:serviceaccounts'] });
    return token;
  }
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const { status } = (await cluster.client.send('POST', path, request)) as { status: { token: string } };
  return status.token;
}

/** Lets a ServiceAccount do everything. */
export async function makeAdmin({ client }: Cluster, { namespace, name }: Account): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  await client.apply({
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: `${namespace}-${name}` },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
}

/** What somebody did so far; the real cluster must have been started with `audit`. */
export function doneBy(cluster: Cluster, account: Account): readonly Done[] {
  const user = userOf(account);
  return allDone(cluster).filter((done) => done.user === user);
}

/** Those of them that write objects. */
export function writesOf(done: readonly Done[]): readonly Done[] {
  return done.filter(({ verb }) => WRITES.has(verb));
}

function allDone(cluster: Cluster): readonly Done[] {
  if (cluster.kind === 'embedded')
    return cluster.api.requests.map(({ resource: key, status: code, user, verb, subresource, namespace, name }) => {
      const [group = '', resource = ''] = key.split('/');
      return { user, verb, group, resource, code, ...given({ subresource, namespace, name }) };
    });
  return cluster.plane.auditLog().flatMap(({ user, verb, objectRef, responseStatus }) => {
    if (objectRef === undefined) return [];
    const { apiGroup: group = '', resource, subresource, namespace, name } = objectRef;
    const code = responseStatus?.code ?? 0;
    return [{ user: user.username, verb, group, resource, code, ...given({ subresource, namespace, name }) }];
  });
}

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
