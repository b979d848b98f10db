/**
 * The metrics that dashboards for controllers ask for, by the names of controller-runtime and client-go. Owns their
 * names, labels and buckets; must never rename one.
 */

/** One metric. Times are in seconds, as Prometheus wants them. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[];
}

/** controller-runtime's own, pkg/internal/controller/metrics. */
const RECONCILE = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** client-go's own: exponential from 10 ns. */
const WORKQUEUE = Array.from({ length: 12 }, (_, power) => Number((1e-8 * 10 ** power).toPrecision(1)));

/** The metrics of controllers, queues, the API client and leader election. */
export const CONTROLLER_METRICS = {
  reconciles: {
    name: 'controller_runtime_reconcile_total',
    type: 'counter',
    help: 'Total number of reconciliations per controller.',
    labels: ['controller', 'result'],
  },
  reconcileErrors: {
    name: 'controller_runtime_reconcile_errors_total',
    type: 'counter',
    help: 'Total number of reconciliation errors per controller.',
    labels: ['controller'],
  },
  terminalErrors: {
    name: 'controller_runtime_terminal_reconcile_errors_total',
    type: 'counter',
    help: 'Total number of terminal reconciliation errors per controller. Always 0: what cannot be mended by trying again is a condition.',
    labels: ['controller'],
  },
  reconcileTime: {
    name: 'controller_runtime_reconcile_time_seconds',
    type: 'histogram',
    help: 'Length of time per reconciliation per controller.',
    labels: ['controller'],
    buckets: RECONCILE,
  },
  maxReconciles: {
    name: 'controller_runtime_max_concurrent_reconciles',
    type: 'gauge',
    help: 'Maximum number of concurrent reconciles per controller.',
    labels: ['controller'],
  },
  activeWorkers: {
    name: 'controller_runtime_active_workers',
    type: 'gauge',
    help: 'Number of currently used workers per controller.',
    labels: ['controller'],
  },
  queueDepth: {
    name: 'workqueue_depth',
    type: 'gauge',
    help: 'Current depth of workqueue, by priority.',
    labels: ['name', 'controller', 'priority'],
  },
  queueAdds: {
    name: 'workqueue_adds_total',
    type: 'counter',
    help: 'Total number of adds handled by workqueue.',
    labels: ['name', 'controller'],
  },
  queueRetries: {
    name: 'workqueue_retries_total',
    type: 'counter',
    help: 'Total number of retries handled by workqueue.',
    labels: ['name', 'controller'],
  },
  queueDuration: {
    name: 'workqueue_queue_duration_seconds',
    type: 'histogram',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    labels: ['name', 'controller'],
    buckets: WORKQUEUE,
  },
  workDuration: {
    name: 'workqueue_work_duration_seconds',
    type: 'histogram',
    help: 'How long in seconds processing an item from workqueue takes.',
    labels: ['name', 'controller'],
    buckets: WORKQUEUE,
  },
  unfinishedWork: {
    name: 'workqueue_unfinished_work_seconds',
    type: 'gauge',
    help: 'How many seconds of work has been done that is in progress and has not been observed by work_duration.',
    labels: ['name', 'controller'],
  },
  longestWork: {
    name: 'workqueue_longest_running_processor_seconds',
    type: 'gauge',
    help: 'How many seconds has the longest running processor for workqueue been running.',
    labels: ['name', 'controller'],
  },
  apiRequests: {
    name: 'rest_client_requests_total',
    type: 'counter',
    help: 'Number of requests to the API server, by status code, method and host.',
    labels: ['code', 'method', 'host'],
  },
  leading: {
    name: 'leader_election_master_status',
    type: 'gauge',
    help: 'Whether this replica leads: 1 leader, 0 follower.',
    labels: ['name'],
  },
} as const satisfies Record<string, MetricDefinition>;
