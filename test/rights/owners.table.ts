/** Kinds of owners that Kubernetes has itself, each with a spec that is taken and makes nothing run. */
import type { Account } from '../support/cluster/access.ts';

/** The operator, as config/ installs it. */
export const ACCOUNT: Account = { namespace: 'image-trust-system', name: 'image-trust-operator' };

export interface OwnerKind {
  /** As RBAC spells it. */
  readonly resource: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: object;
}

const POD = {
  metadata: { labels: { app: 'o' } },
  spec: { containers: [{ name: 'app', image: 'registry.example.com/none' }] },
};
const SELECTED = { selector: { matchLabels: { app: 'o' } }, template: POD };
const RESTARTED = { template: { ...POD, spec: { ...POD.spec, restartPolicy: 'Never' } } };

export const STATEFUL_SET: OwnerKind = {
  resource: 'apps/statefulsets',
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  spec: { serviceName: 'o', ...SELECTED },
};
export const DAEMON_SET: OwnerKind = {
  resource: 'apps/daemonsets',
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  spec: SELECTED,
};

export const OWNERS: readonly OwnerKind[] = [
  {
    resource: '/replicationcontrollers',
    apiVersion: 'v1',
    kind: 'ReplicationController',
    spec: { replicas: 0, selector: { app: 'o' }, template: POD },
  },
  DAEMON_SET,
  { resource: 'apps/deployments', apiVersion: 'apps/v1', kind: 'Deployment', spec: SELECTED },
  { resource: 'apps/replicasets', apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { replicas: 0, ...SELECTED } },
  STATEFUL_SET,
  {
    resource: 'batch/cronjobs',
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: RESTARTED } },
  },
  { resource: 'batch/jobs', apiVersion: 'batch/v1', kind: 'Job', spec: { suspend: true, ...RESTARTED } },
];

/** Kinds of other operators that config/components/custom-owners names, as those serve them. */
export const CUSTOM_OWNERS: readonly OwnerKind[] = [
  custom('argoproj.io/v1alpha1', 'Rollout', 'rollouts'),
  custom('apps.kruise.io/v1alpha1', 'CloneSet', 'clonesets'),
  custom('apps.kruise.io/v1alpha1', 'DaemonSet', 'daemonsets'),
  custom('apps.kruise.io/v1beta1', 'StatefulSet', 'statefulsets'),
];

function custom(apiVersion: string, kind: string, plural: string): OwnerKind {
  return { resource: `${apiVersion.split('/')[0]}/${plural}`, apiVersion, kind, spec: { replicas: 0 } };
}

/** A CRD of a kind that stands for the real one: its names, and a spec that may be anything. */
export function customCrd({ resource, apiVersion, kind }: OwnerKind): object {
  const [group = '', plural = ''] = resource.split('/');
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = { name: apiVersion.split('/')[1], served: true, storage: true, schema };
  const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names, versions: [version] },
  };
}
