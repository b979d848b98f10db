/** The panels of the Grafana dashboard: what each shows and how it is asked. How Grafana spells them is in grafana-dashboard.ts. */

/** One query of a panel; in a table, one column. */
export interface Query {
  /** PromQL over the variables `$job`, `$policy` and `$key`. */
  readonly expr: string;
  /** Text of the legend (`{{label}}` is replaced), or the title of the column. */
  readonly legend: string;
}

/** A panel. */
export interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries' | 'table';
  /** Of 24. */
  readonly width: 4 | 6 | 8 | 12 | 24;
  readonly description: string;
  readonly unit?: string;
  /** The value from which on it is bad. */
  readonly bad?: number;
  /** The label whose values are the rows of a table. */
  readonly by?: string;
  readonly queries: readonly Query[];
}

/** Panels under one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const OF_POLICY = 'job=~"$job", policy=~"$policy"';
const OF_KEY = 'job=~"$job", key=~"$key"';
const JOB = 'job=~"$job"';

const stat = (title: string, expr: string, description: string, bad?: number): Panel => ({
  title,
  kind: 'stat',
  width: 4,
  description,
  ...(bad === undefined ? {} : { bad }),
  queries: [{ expr, legend: '' }],
});

const graph = (title: string, description: string, queries: readonly Query[], unit = 'short'): Panel => ({
  title,
  kind: 'timeseries',
  width: 12,
  description,
  unit,
  queries,
});

const rate = (by: string, metric: string): string => `sum by (${by}) (rate(${metric}{${JOB}}[$__rate_interval]))`;

/** Quantiles of a histogram. */
const quantiles = (metric: string): readonly Query[] =>
  [0.5, 0.9, 0.99].map((q) => ({
    expr: `histogram_quantile(${q}, ${rate('le', `${metric}_bucket`)})`,
    legend: `p${q * 100}`,
  }));

const TRUST: readonly Panel[] = [
  stat(
    'Verified images',
    `sum(image_trust_images{${OF_POLICY}, state="verified"})`,
    'Distinct images (digests) that run and are trusted, by policy.',
  ),
  stat(
    'Rejected images',
    `sum(image_trust_images{${OF_POLICY}, state="rejected"})`,
    'Checked, and not trusted. Which, and where they run: kubectl get policyreports -A.',
    1,
  ),
  stat(
    'Unknown images',
    `sum(image_trust_images{${OF_POLICY}, state="unknown"})`,
    'Could not be checked, and nothing was established before.',
    1,
  ),
  stat(
    'Unchecked images',
    `sum(image_trust_images_unchecked{${OF_POLICY}})`,
    'The latest check could not be made; verdicts from before stand, and grow old.',
    1,
  ),
  stat(
    'Refused on restart',
    `sum(image_trust_workloads_refused_on_restart{${OF_POLICY}})`,
    'Workloads whose Pods the Kyverno policy would refuse, were they created again now.',
    1,
  ),
  stat(
    'Containers without a policy',
    `max(image_trust_uses_uncovered{${JOB}})`,
    'Containers whose image no policy covers.',
  ),
  graph('Images by verdict', 'Distinct images that run, summed over the chosen policies.', [
    { expr: `sum by (state) (image_trust_images{${OF_POLICY}})`, legend: '{{state}}' },
  ]),
  graph('Images that are not trusted, by reason', 'Every reason: docs/reasons.md.', [
    {
      expr: `sum by (reason) (image_trust_images{${OF_POLICY}, state!="verified"}) > 0`,
      legend: '{{reason}}',
    },
  ]),
  graph('Policies by what guards the door', 'The mode of the Kyverno policy; None: there is none that is ready.', [
    { expr: `sum by (mode) (image_trust_policy_enforcement{${OF_POLICY}})`, legend: '{{mode}}' },
  ]),
  graph('Reports', 'Reports of ours in the cluster.', [
    { expr: `max(image_trust_reports{${JOB}})`, legend: 'reports' },
  ]),
  {
    title: 'Policies',
    kind: 'table',
    width: 24,
    by: 'policy',
    description: 'Images and workloads by policy; conditions are 1 while True.',
    queries: [
      ...['verified', 'rejected', 'unknown'].map((state) => ({
        expr: `sum by (policy) (image_trust_images{${OF_POLICY}, state="${state}"})`,
        legend: `Images ${state}`,
      })),
      {
        expr: `sum by (policy) (image_trust_workloads{${OF_POLICY}, state="rejected"})`,
        legend: 'Workloads rejected',
      },
      { expr: `sum by (policy) (image_trust_uses_excepted{${OF_POLICY}})`, legend: 'Containers excepted' },
      { expr: `sum by (policy) (image_trust_images_pending{${OF_POLICY}})`, legend: 'Images pending' },
      ...['Ready', 'Compliant', 'Overdue', 'Stalled'].map((condition) => ({
        expr: `max by (policy) (image_trust_policy_condition{${OF_POLICY}, condition="${condition}"})`,
        legend: condition,
      })),
    ],
  },
];

const KEYS: readonly Panel[] = [
  {
    title: 'Keys',
    kind: 'table',
    width: 24,
    by: 'key',
    description: 'Workloads that a key vouches for, and those that would lose their trust with it.',
    queries: [
      { expr: `max by (key) (image_trust_key_dependent_workloads{${OF_KEY}})`, legend: 'Workloads' },
      { expr: `max by (key) (image_trust_key_solely_dependent_workloads{${OF_KEY}})`, legend: 'Solely dependent' },
      {
        expr: `(min by (key) (image_trust_key_expiry_timestamp_seconds{${OF_KEY}}) - time()) / 86400`,
        legend: 'Days left',
      },
      {
        expr: `(min by (key) (image_trust_trust_root_expiry_timestamp_seconds{${OF_KEY}}) - time()) / 86400`,
        legend: 'Days left of the trust root',
      },
      ...['Ready', 'Expiring', 'RotationDue', 'Stalled'].map((condition) => ({
        expr: `max by (key) (image_trust_key_condition{${OF_KEY}, condition="${condition}"})`,
        legend: condition,
      })),
    ],
  },
];

const CHECKS: readonly Panel[] = [
  graph('Checks by result', 'Checks of one image under one policy in a second.', [
    { expr: rate('state', 'image_trust_verifications_total'), legend: '{{state}}' },
  ]),
  graph('Checks by cause', 'Why they were due: a schedule, a change of trust, a new image.', [
    { expr: rate('why', 'image_trust_verifications_total'), legend: '{{why}}' },
  ]),
  graph(
    'Duration of a check',
    'Of one image under one policy.',
    quantiles('image_trust_verification_duration_seconds'),
    's',
  ),
  graph('Duration of a pass', 'Over all images of a policy.', quantiles('image_trust_pass_duration_seconds'), 's'),
  graph(
    'Age of the last pass',
    'Since all images of a policy were last gone through.',
    [
      {
        expr: `time() - max by (policy) (image_trust_last_pass_timestamp_seconds{${OF_POLICY}})`,
        legend: '{{policy}}',
      },
    ],
    's',
  ),
];

const REGISTRIES: readonly Panel[] = [
  graph('Requests to registries', 'By host and status code; error where no answer came.', [
    { expr: rate('host, code', 'image_trust_registry_requests_total'), legend: '{{host}} {{code}}' },
  ]),
  graph('Requests under way', 'Against the limit, which shrinks where a registry answers 429 or 503.', [
    { expr: `sum by (host) (image_trust_registry_requests_in_flight{${JOB}})`, legend: '{{host}}' },
    { expr: `sum by (host) (image_trust_registry_requests_waiting{${JOB}})`, legend: '{{host}} waiting' },
    { expr: `sum by (host) (image_trust_registry_in_flight_limit{${JOB}})`, legend: '{{host}} limit' },
  ]),
];

const OPERATOR: readonly Panel[] = [
  graph('Leader', '1 for the replica that verifies and writes.', [
    { expr: `leader_election_master_status{${JOB}}`, legend: '{{instance}}' },
  ]),
  graph('Reports and Kyverno policies written', 'By what came of it.', [
    { expr: rate('result', 'image_trust_report_writes_total'), legend: 'reports {{result}}' },
    { expr: rate('result', 'image_trust_enforcement_writes_total'), legend: 'Kyverno policies {{result}}' },
  ]),
  graph('Reconciliations', 'By controller and result.', [
    { expr: rate('controller, result', 'controller_runtime_reconcile_total'), legend: '{{controller}} {{result}}' },
  ]),
  graph('Queues', 'Objects that wait for their controller.', [
    { expr: `sum by (name) (workqueue_depth{${JOB}})`, legend: '{{name}}' },
  ]),
  graph('Requests to the API server', 'By method and status code.', [
    { expr: rate('method, code', 'rest_client_requests_total'), legend: '{{method}} {{code}}' },
  ]),
  graph(
    'Event loop',
    'The longest delay of the process since the scrape before.',
    [{ expr: `nodejs_eventloop_lag_max_seconds{${JOB}}`, legend: '{{instance}}' }],
    's',
  ),
  graph(
    'Memory',
    'Resident, and the heap of JavaScript.',
    [
      { expr: `process_resident_memory_bytes{${JOB}}`, legend: '{{instance}} resident' },
      { expr: `nodejs_heap_size_used_bytes{${JOB}}`, legend: '{{instance}} heap' },
    ],
    'bytes',
  ),
  graph('CPU', 'Seconds of a second.', [
    { expr: `rate(process_cpu_seconds_total{${JOB}}[$__rate_interval])`, legend: '{{instance}}' },
  ]),
];

/** The dashboard from top to bottom. */
export const ROWS: readonly Row[] = [
  { title: 'Trust', panels: TRUST },
  { title: 'Keys', panels: KEYS },
  { title: 'Checks', panels: CHECKS },
  { title: 'Registries', panels: REGISTRIES },
  { title: 'Operator', panels: OPERATOR },
];
