/**
 * What an account may do in a cluster, grant by grant: one verb on one resource, by the Role or ClusterRole that gives
 * it. A grant can be taken away alone, and given back.
 */
import { eventually } from '../eventually.ts';
import { type Account, userOf } from './access.ts';
import type { ClusterClient, Target } from './client.ts';

/** One verb on one resource. */
export interface Grant {
  /** `patch imagetrust.dev/trustedkeys/status`; the group is empty for the core. */
  readonly right: string;
  /** The role that gives it. */
  readonly role: Target;
  /** The namespace in which it holds; absent: in all, and beside them. */
  readonly namespace?: string;
  /** The object that it is for; absent: for all of them. */
  readonly name?: string;
}

const RBAC = 'rbac.authorization.k8s.io';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Every grant of an account, by the bindings that name it. */
export async function grantsOf(client: ClusterClient, account: Account): Promise<readonly Grant[]> {
  const bindings = [
    ...(await client.list(`${RBAC}/v1`, 'ClusterRoleBinding')),
    ...(await client.list(`${RBAC}/v1`, 'RoleBinding')),
  ].filter((binding) =>
    ((binding['subjects'] ?? []) as { name: string; namespace?: string }[]).some(
      ({ name, namespace }) => name === account.name && namespace === account.namespace,
    ),
  );
  const grants = bindings.map(async ({ roleRef, metadata: { namespace } }) => {
    const { kind, name } = roleRef as { kind: string; name: string };
    const within = namespace === undefined ? {} : { namespace };
    const role: Target = { apiVersion: `${RBAC}/v1`, kind, name, ...(kind === 'Role' ? within : {}) };
    const rules = (await client.get(role))?.['rules'] as readonly Rule[];
    return rules.flatMap((rule) => cellsOf(rule).map((cell) => ({ ...given(cell), role, ...within })));
  });
  return (await Promise.all(grants)).flat();
}

/** Takes one grant away from its role, all others kept; gives the way to give it back. Each holds when it resolves. */
export async function takeAway(client: ClusterClient, account: Account, grant: Grant): Promise<() => Promise<void>> {
  const rules = (await client.get(grant.role))?.['rules'] as readonly Rule[];
  const cells = rules.flatMap(cellsOf);
  const left = cells.filter((cell) => given(cell).right !== grant.right);
  if (left.length !== cells.length - 1) throw new Error(`${grant.right}: expected it once in ${grant.role.name}`);
  await client.patch(grant.role, { rules: left });
  await inForce(client, account, { grant, allowed: false });
  return async () => {
    await client.patch(grant.role, { rules });
    await inForce(client, account, { grant, allowed: true });
  };
}

/** A rule as rules of one cell each. */
function cellsOf({ apiGroups, resources, verbs, resourceNames }: Rule): readonly Rule[] {
  const names = resourceNames === undefined ? {} : { resourceNames };
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ apiGroups: [group], resources: [resource], verbs: [verb], ...names })),
    ),
  );
}

function given({ apiGroups, resources, verbs, resourceNames }: Rule): Pick<Grant, 'right' | 'name'> {
  const [name] = resourceNames ?? [];
  return { right: `${verbs[0]} ${apiGroups[0]}/${resources[0]}`, ...(name === undefined ? {} : { name }) };
}

/** The API server learns of a role by a watch of its own. */
async function inForce(
  client: ClusterClient,
  account: Account,
  { grant: { right, namespace, name }, allowed }: { readonly grant: Grant; readonly allowed: boolean },
): Promise<void> {
  const [verb = '', path = ''] = right.split(' ');
  const [group, resource, subresource] = path.split('/');
  const resourceAttributes = { verb, group, resource, subresource, namespace, name };
  const spec = { user: userOf(account), resourceAttributes };
  const reviews = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  await eventually(async () => {
    const { status } = (await client.send('POST', reviews, review)) as { status: { allowed: boolean } };
    if (status.allowed !== allowed) throw new Error(`${right}: allowed is still ${status.allowed}`);
  });
}
