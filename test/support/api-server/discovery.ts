/** What clients ask before they ask for objects: groups, versions, resources, health. The old form, not aggregated. */
import { apiVersionOf, type Kinds, type ServedKind } from './kinds.ts';
import type { JsonMap } from './object.ts';

export const KUBERNETES_VERSION = 'v1.36.3';

/** The answer to a discovery path, or undefined where there is nothing. */
export function discovered(kinds: Kinds, path: string): JsonMap | 'ok' | undefined {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return 'ok';
  if (path === '/version') return { major: '1', minor: '36', gitVersion: KUBERNETES_VERSION, platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(kinds) };
  const [, root, group, version, ...rest] = path.split('/');
  if (rest.length > 0) return undefined;
  if (root === 'api' && group !== undefined && version === undefined) return resources(kinds, group);
  if (root !== 'apis' || group === undefined) return undefined;
  if (version !== undefined) return resources(kinds, `${group}/${version}`);
  const found = groupsOf(kinds).find(({ name }) => name === group);
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...found };
}

function groupsOf(kinds: Kinds): readonly { readonly name: string; readonly [field: string]: unknown }[] {
  const names = [...new Set(kinds.all().map(({ group }) => group))].filter((group) => group !== '');
  return names.map((name) => {
    const versions = [
      ...new Set(
        kinds
          .all()
          .filter(({ group }) => group === name)
          .map(({ version }) => version),
      ),
    ];
    const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: entries, preferredVersion: entries[0] };
  });
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function resources(kinds: Kinds, groupVersion: string): JsonMap | undefined {
  const found = kinds.all().filter((kind) => apiVersionOf(kind) === groupVersion);
  if (found.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: found.flatMap(resourcesOf) };
}

function resourcesOf(kind: ServedKind): readonly JsonMap[] {
  const { plural: name, singular: singularName, namespaced, shortNames, categories } = kind;
  const verbs = kind.virtual ? ['create'] : VERBS;
  const own = { name, singularName, namespaced, kind: kind.kind, verbs, shortNames, categories };
  const status = {
    name: `${name}/status`,
    singularName: '',
    namespaced,
    kind: kind.kind,
    verbs: ['get', 'patch', 'update'],
  };
  return kind.status ? [own, status] : [own];
}
