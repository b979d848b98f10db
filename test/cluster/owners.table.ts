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
