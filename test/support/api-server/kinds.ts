/**
 * Which kinds the in-process API server serves: those of Kubernetes that the operator meets, and those of the CRDs
 * that were applied to it. Owns names and shapes; never objects.
 */
import type { OpenApiSchema } from '../../../src/api/crd.ts';
import { type ApiObject, isMap, listOf, type JsonMap, mapOf, textOf } from './object.ts';

export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Has `/status`, which alone writes `.status`. */
  readonly status: boolean;
  /** `metadata.generation` counts the changes of what is neither metadata nor status. */
  readonly generation: boolean;
  /** Of a CRD: refuses unknown fields, wants a resourceVersion in every update. */
  readonly custom: boolean;
  /** Answers a question and stores nothing. */
  readonly virtual: boolean;
  /** Structural schema: of a CRD, or the list types of a kind of Kubernetes. */
  readonly schema: OpenApiSchema;
}

/** `group/plural`: where the objects of a kind lie, whatever the version. */
export type ResourceKey = string;

export interface Kinds {
  find(group: string, version: string, plural: string): ServedKind | undefined;
  /** By kind, in any served version. */
  ofKind(apiVersion: string, kind: string): ServedKind | undefined;
  all(): readonly ServedKind[];
  /** Serves the kinds of a CRD in place of what it served before. */
  install(crd: ApiObject): void;
  uninstall(crdName: string): void;
}

export const keyOf = ({ group, plural }: Pick<ServedKind, 'group' | 'plural'>): ResourceKey => `${group}/${plural}`;
export const apiVersionOf = ({ group, version }: Pick<ServedKind, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`;

export function createKinds(): Kinds {
  const custom = new Map<string, readonly ServedKind[]>();
  const all = (): readonly ServedKind[] => [...BUILT_IN, ...[...custom.values()].flat()];
  return {
    all,
    find: (group, version, plural) =>
      all().find((k) => k.plural === plural && k.group === group && k.version === version),
    ofKind: (apiVersion, kind) => all().find((k) => k.kind === kind && apiVersionOf(k) === apiVersion),
    install: (crd) => void custom.set(crd.metadata.name ?? '', kindsOfCrd(crd)),
    uninstall: (name) => void custom.delete(name),
  };
}

function kindsOfCrd(crd: ApiObject): readonly ServedKind[] {
  const spec = mapOf(crd['spec']);
  const names = mapOf(spec['names']);
  const texts = (field: string): readonly string[] => listOf(names[field]).map(String);
  return listOf(spec['versions'])
    .filter(isMap)
    .filter((version) => version['served'] === true)
    .map((version) => ({
      group: String(spec['group']),
      version: String(version['name']),
      kind: String(names['kind']),
      plural: String(names['plural']),
      singular: textOf(names['singular'], textOf(names['kind']).toLowerCase()),
      shortNames: texts('shortNames'),
      categories: texts('categories'),
      namespaced: spec['scope'] === 'Namespaced',
      status: isMap(mapOf(version['subresources'])['status']),
      generation: true,
      custom: true,
      virtual: false,
      schema: withMetadata(mapOf(mapOf(version['schema'])['openAPIV3Schema'])),
    }));
}

const METADATA: JsonMap = {
  type: 'object',
  properties: {
    ownerReferences: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'] },
    finalizers: { 'x-kubernetes-list-type': 'set' },
  },
};

function withMetadata(schema: JsonMap): JsonMap {
  const text = { type: 'string' };
  const properties = { apiVersion: text, kind: text, ...mapOf(schema['properties']), metadata: METADATA };
  return { ...schema, properties };
}

const listMap = (key: string, item: JsonMap = {}): JsonMap => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items: { type: 'object', properties: item },
});
const object = (properties: JsonMap): JsonMap => ({ type: 'object', properties });
const ATOMIC = { 'x-kubernetes-map-type': 'atomic' };
const CONTAINERS = listMap('name', { env: listMap('name'), volumeMounts: listMap('mountPath') });
const POD_SPEC = object({
  containers: CONTAINERS,
  initContainers: CONTAINERS,
  ephemeralContainers: CONTAINERS,
  volumes: listMap('name'),
  imagePullSecrets: listMap('name'),
});
const STATUS = object({ conditions: listMap('type') });
const TEMPLATED = object({
  spec: object({ selector: ATOMIC, template: object({ spec: POD_SPEC }) }),
  status: STATUS,
});

type Names = readonly [group: string, version: string, kind: string, plural: string, ...shortNames: string[]];

/** scoped: n = namespaced, c = cluster; s = status; g = generation; v = virtual. */
function builtIn(
  traits: string,
  [group, version, kind, plural, ...shortNames]: Names,
  schema: JsonMap = {},
): ServedKind {
  const has = (trait: string): boolean => traits.includes(trait);
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames,
    categories: [],
    namespaced: has('n'),
    status: has('s'),
    generation: has('g'),
    custom: false,
    virtual: has('v'),
    schema: withMetadata(schema),
  };
}

const RBAC = 'rbac.authorization.k8s.io';
const BUILT_IN: readonly ServedKind[] = [
  builtIn('cs', ['', 'v1', 'Namespace', 'namespaces', 'ns'], object({ status: STATUS })),
  builtIn('nsg', ['', 'v1', 'Pod', 'pods', 'po'], object({ spec: POD_SPEC, status: STATUS })),
  builtIn('n', ['', 'v1', 'Secret', 'secrets']),
  builtIn('n', ['', 'v1', 'ConfigMap', 'configmaps', 'cm']),
  builtIn(
    'ns',
    ['', 'v1', 'Service', 'services', 'svc'],
    object({ spec: object({ selector: ATOMIC }), status: STATUS }),
  ),
  builtIn('n', ['', 'v1', 'ServiceAccount', 'serviceaccounts', 'sa']),
  builtIn('cs', ['', 'v1', 'Node', 'nodes', 'no'], object({ status: STATUS })),
  builtIn('nsg', ['', 'v1', 'ReplicationController', 'replicationcontrollers', 'rc'], TEMPLATED),
  builtIn('nsg', ['apps', 'v1', 'Deployment', 'deployments', 'deploy'], TEMPLATED),
  builtIn('nsg', ['apps', 'v1', 'ReplicaSet', 'replicasets', 'rs'], TEMPLATED),
  builtIn('nsg', ['apps', 'v1', 'StatefulSet', 'statefulsets', 'sts'], TEMPLATED),
  builtIn('nsg', ['apps', 'v1', 'DaemonSet', 'daemonsets', 'ds'], TEMPLATED),
  builtIn('nsg', ['batch', 'v1', 'Job', 'jobs'], TEMPLATED),
  builtIn('nsg', ['batch', 'v1', 'CronJob', 'cronjobs', 'cj']),
  builtIn('n', ['coordination.k8s.io', 'v1', 'Lease', 'leases']),
  builtIn('n', ['events.k8s.io', 'v1', 'Event', 'events', 'ev']),
  builtIn(
    'nsg',
    ['policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'pdb'],
    object({ spec: object({ selector: ATOMIC }) }),
  ),
  builtIn('ng', ['networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies', 'netpol']),
  builtIn('c', [RBAC, 'v1', 'ClusterRole', 'clusterroles']),
  builtIn('c', [RBAC, 'v1', 'ClusterRoleBinding', 'clusterrolebindings']),
  builtIn('n', [RBAC, 'v1', 'Role', 'roles']),
  builtIn('n', [RBAC, 'v1', 'RoleBinding', 'rolebindings']),
  builtIn(
    'csg',
    ['apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', 'crd', 'crds'],
    object({ status: STATUS }),
  ),
  builtIn('cv', ['authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews']),
  builtIn('cv', ['authorization.k8s.io', 'v1', 'SubjectAccessReview', 'subjectaccessreviews']),
  builtIn('cv', ['authorization.k8s.io', 'v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews']),
];
