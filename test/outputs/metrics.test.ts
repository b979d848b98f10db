import { describe, expect, it } from 'vitest';
import { REASONS } from '../../src/api/reasons.ts';
import type { KnownRow } from '../../src/core/known.ts';
import { METRICS } from '../../src/outputs/metric-definitions.ts';
import { createMetrics } from '../../src/outputs/metrics.ts';
import type { MetricsSource } from '../../src/outputs/metrics-source.ts';
import { summariseKey } from '../../src/outputs/key-status.ts';
import { summarisePolicy } from '../../src/outputs/policy-status.ts';
import { deployment, digestOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { exceptedKnownRow, failedCheck, knownRow, NOW, trustedKeyOf, viewOf } from '../support/known-rows.ts';

const use = (digit: string, workload = 'cart') =>
  useOf(`registry.example.com/secret-app@${digestOf(digit)}`, { workload: deployment(workload) });
const rows: readonly KnownRow[] = [
  knownRow(use('a'), verified()),
  knownRow(use('b', 'web'), rejected()),
  knownRow(use('c', 'jobs'), unknown()),
  knownRow(use('d', 'jobs'), verified(), { unknown: failedCheck(unknown()) }),
  exceptedKnownRow(use('e')),
];

describe('the metrics of policies and keys', () => {
  it('show images by verdict and reason, every reason there at 0', async () => {
    const series = await scrape(source({ rows }));
    expect(series.get('image_trust_images{policy="production",state="verified",reason="Verified"}')).toBe(2);
    expect(series.get('image_trust_images{policy="production",state="rejected",reason="NoSignature"}')).toBe(1);
    expect(series.get('image_trust_images{policy="production",state="rejected",reason="KeyRevoked"}')).toBe(0);
    expect(series.get('image_trust_images{policy="production",state="unknown",reason="RegistryUnavailable"}')).toBe(1);
    const images = [...series].filter(([name]) => name.startsWith('image_trust_images{'));
    expect(images).toHaveLength(Object.keys(REASONS).length);
    expect(images.reduce((sum, [, value]) => sum + value, 0)).toBe(4);
    expect(series.get('image_trust_workloads{policy="production",state="rejected"}')).toBe(1);
    expect(series.get('image_trust_uses_excepted{policy="production"}')).toBe(1);
  });

  it('count images that could not be checked beside their verdict', async () => {
    const series = await scrape(source({ rows }));
    expect(series.get('image_trust_images_unchecked{policy="production",reason="RegistryUnavailable"}')).toBe(2);
    expect(series.get('image_trust_images_unchecked{policy="production",reason="Timeout"}')).toBe(0);
  });

  it('give ages as timestamps', async () => {
    const series = await scrape(source({ rows }));
    const ended = NOW.getTime() / 1000 - 60;
    expect(series.get('image_trust_last_pass_timestamp_seconds{policy="production"}')).toBe(ended);
    expect(series.get('image_trust_next_pass_timestamp_seconds{policy="production"}')).toBe(ended + 60 + 1800);
    expect(series.get('image_trust_key_expiry_timestamp_seconds{key="release"}')).toBe(1_800_000_000);
  });

  it('show conditions as 1 and 0', async () => {
    const series = await scrape(source({ rows }));
    const of = (type: string) => series.get(`image_trust_policy_condition{policy="production",condition="${type}"}`);
    expect(['Ready', 'Compliant', 'Overdue', 'Reconciling', 'Stalled'].map(of)).toEqual([1, 0, 0, 1, 0]);
    expect(series.get('image_trust_key_condition{key="release",condition="Ready"}')).toBe(1);
  });

  it('lose the series of a policy that is gone', async () => {
    const state = { rows };
    const metrics = createMetrics({ source: source(state), version: '1', nodeVersion: '2' });
    expect((await metrics.render()).body).toContain('policy="production"');
    Object.assign(state, { rows: undefined });
    expect((await metrics.render()).body).not.toContain('policy="production"');
  });
});

describe('the metrics of work', () => {
  it('are there at 0 before anything happens', async () => {
    const series = await scrape(source({}), (metrics) => void metrics.controller('verification'));
    expect(series.get('image_trust_verifications_total{why="Due",state="rejected"}')).toBe(0);
    expect(series.get('image_trust_report_writes_total{result="failed"}')).toBe(0);
    for (const result of ['success', 'error', 'requeue', 'requeue_after']) {
      expect(series.get(`controller_runtime_reconcile_total{controller="verification",result="${result}"}`)).toBe(0);
    }
    expect(series.get('workqueue_adds_total{name="verification",controller="verification"}')).toBe(0);
    expect(series.get('controller_runtime_reconcile_time_seconds_count{controller="verification"}')).toBe(0);
  });

  it('count what happens', async () => {
    const series = await scrape(source({}), (metrics) => {
      metrics.verified({ why: 'Due', state: 'verified', seconds: 0.2 });
      metrics.verified({ why: 'Due', state: 'verified', seconds: 0.2 });
      metrics.passed(3);
      metrics.reported('written');
      metrics.registryRequest({ host: 'ghcr.io', outcome: 200 });
      metrics.registryRequest({ host: 'ghcr.io', outcome: 'error' });
      metrics.apiRequest({ host: 'kube', code: '201', method: 'POST' });
      const controller = metrics.controller('policies');
      controller.queue.added();
      controller.queue.waited(0.5);
      controller.ended('error', 0.1);
      controller.ended('success', 0.1);
    });
    const expected = {
      'image_trust_verifications_total{why="Due",state="verified"}': 2,
      'image_trust_verification_duration_seconds_count{state="verified"}': 2,
      image_trust_pass_duration_seconds_count: 1,
      'image_trust_report_writes_total{result="written"}': 1,
      'image_trust_registry_requests_total{host="ghcr.io",code="200"}': 1,
      'image_trust_registry_requests_total{host="ghcr.io",code="error"}': 1,
      'rest_client_requests_total{code="201",method="POST",host="kube"}': 1,
      'workqueue_adds_total{name="policies",controller="policies"}': 1,
      'workqueue_queue_duration_seconds_count{name="policies",controller="policies"}': 1,
      'controller_runtime_reconcile_total{controller="policies",result="error"}': 1,
      'controller_runtime_reconcile_errors_total{controller="policies"}': 1,
      'controller_runtime_reconcile_time_seconds_count{controller="policies"}': 2,
    };
    for (const [name, value] of Object.entries(expected)) expect([name, series.get(name)]).toEqual([name, value]);
  });

  it('do not let whoever writes Pods make series without a bound', async () => {
    const series = await scrape(source({}), (metrics) => {
      for (let i = 0; i < 500; i++) metrics.registryRequest({ host: `h${i}.example.com`, outcome: 404 });
    });
    const requests = [...series].filter(([name]) => name.startsWith('image_trust_registry_requests_total'));
    expect(requests).toHaveLength(101);
    expect(series.get('image_trust_registry_requests_total{host="other",code="404"}')).toBe(400);
  });

  it('read queues, limits and leadership when asked', async () => {
    const series = await scrape(source({}));
    expect(series.get('workqueue_depth{name="verification",controller="verification",priority="-100"}')).toBe(7);
    expect(series.get('workqueue_depth{name="verification",controller="verification",priority="0"}')).toBe(0);
    expect(series.get('controller_runtime_max_concurrent_reconciles{controller="verification"}')).toBe(4);
    expect(series.get('controller_runtime_active_workers{controller="verification"}')).toBe(2);
    expect(series.get('image_trust_registry_in_flight_limit{host="ghcr.io"}')).toBe(8);
    expect(series.get('leader_election_master_status{name="image-trust-operator"}')).toBe(1);
    expect(series.get('image_trust_build_info{version="0.1.0",node_version="v26.10.0"}')).toBe(1);
  });
});

describe('names and labels', () => {
  it.each(Object.values(METRICS).map((metric) => [metric.name, metric] as const))(
    '%s',
    (name, { type, help, labels }) => {
      expect(name).toMatch(/^(image_trust|controller_runtime|workqueue|leader_election|rest_client)_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).toMatch(/^[A-Z].*\.$/);
      for (const label of labels) expect(['image', 'digest', 'pod', 'namespace']).not.toContain(label);
    },
  );

  it('every metric that is documented is there, and no other', async () => {
    const metrics = createMetrics({ source: source({ rows }), version: '1', nodeVersion: '2' });
    const names = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names.toSorted()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('5. no image, digest or Pod is in any of it', async () => {
    const { body } = await createMetrics({ source: source({ rows }), version: '1', nodeVersion: '2' }).render();
    expect(body).not.toMatch(/sha256|secret-app/);
  });
});

function source(state: { rows?: readonly KnownRow[] }): MetricsSource {
  const key = trustedKeyOf();
  const keys = [{ fingerprint: 'SHA256:x', algorithm: 'RSA-3072', notAfter: new Date(1_800_000_000_000) }];
  const keyView = { key, material: { state: 'usable', keys } } as const;
  return {
    policies: () => {
      if (state.rows === undefined) return [];
      const view = viewOf(state.rows);
      return [{ view, status: summarisePolicy(view, NOW) }];
    },
    keys: () => [{ view: keyView, status: summariseKey(keyView, NOW) }],
    controllers: () => [
      {
        name: 'verification',
        concurrency: 4,
        state: () => ({ depth: new Map([[-100, 7]]), inWork: 2, unfinishedSeconds: 3, longestSeconds: 2 }),
      },
    ],
    registries: () => [['ghcr.io', { window: 8, inFlight: 1, waiting: 0 }]],
    uncovered: () => 1,
    reports: () => 2,
    leader: () => ({ name: 'image-trust-operator', leading: true }),
  };
}

/** Series by name and labels, of a process to which this happened. */
async function scrape(
  from: MetricsSource,
  happen: (metrics: ReturnType<typeof createMetrics>) => void = () => undefined,
): Promise<ReadonlyMap<string, number>> {
  const metrics = createMetrics({ source: from, version: '0.1.0', nodeVersion: 'v26.10.0' });
  happen(metrics);
  const { body } = await metrics.render();
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
