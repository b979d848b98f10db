/**
 * The metrics of one process: what is counted as it happens, and what is read from the source when somebody scrapes.
 * Owns the mapping to series; names and labels are in metric-definitions.ts. Must never hold a label whose values
 * strangers choose without a bound.
 */
import { Counter, Histogram, Registry } from 'prom-client';
import type { VerdictState } from '../api/reasons.ts';
import type { Why } from '../core/task.ts';
import { METRICS, type MetricDefinition } from './metric-definitions.ts';
import { MAX_HOSTS, registerState } from './metrics-state.ts';
import type { MetricsSource } from './metrics-source.ts';

/** What came of a report that was to be published. */
export type ReportOutcome = 'written' | 'removed' | 'same' | 'unserved' | 'failed';

/** What came of a write of a Kyverno policy. */
export type EnforcementOutcome = 'applied' | 'removed' | 'taken' | 'refused' | 'failed';

/** What a controller tells of itself: an observer of controllers/controller.ts. */
export interface ControllerMetrics {
  readonly queue: {
    added(): void;
    retried(): void;
    waited(seconds: number): void;
    worked(seconds: number): void;
  };
  ended(result: 'success' | 'requeue_after' | 'error', seconds: number): void;
}

/** The metrics. */
export interface Metrics {
  /** For metrics of the process itself, which are not ours to read. */
  readonly registry: Registry;
  /** The text of a scrape. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
  verified(check: { readonly why: Why; readonly state: VerdictState; readonly seconds: number }): void;
  passed(seconds: number): void;
  /** A request to a registry: an `onRequest` of registry/options.ts. */
  registryRequest(request: { readonly host: string; readonly outcome: number | 'error' }): void;
  /** A request to the API server: an `onRequest` of kube/client.ts. */
  apiRequest(request: { readonly code: string; readonly method: string; readonly host: string }): void;
  reported(outcome: ReportOutcome): void;
  enforced(outcome: EnforcementOutcome): void;
  /** An observer for a controller of this name. */
  controller(name: string): ControllerMetrics;
}

/** What metrics are made of. */
export interface MetricsOptions {
  readonly source: MetricsSource;
  readonly version: string;
  readonly nodeVersion: string;
}

/** Makes the metrics of a process, with every series that is known beforehand at 0. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const readState = registerState(registry, options);
  const counters = countersIn(registry);
  const { verifications, verificationDuration, passDuration, registryRequests, apiRequests, reportWrites } = counters;
  const hosts = boundedNames(MAX_HOSTS);
  zeroVerifications(counters);
  for (const result of REPORT_OUTCOMES) reportWrites.inc({ result }, 0);
  for (const result of ENFORCEMENT_OUTCOMES) counters.enforcementWrites.inc({ result }, 0);
  return {
    registry,
    async render(): ReturnType<Metrics['render']> {
      readState();
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
    verified({ why, state, seconds }): void {
      verifications.inc({ why, state });
      verificationDuration.observe({ state }, seconds);
    },
    passed: (seconds) => passDuration.observe(seconds),
    registryRequest: ({ host, outcome }) => registryRequests.inc({ host: hosts(host), code: String(outcome) }),
    apiRequest: ({ code, method, host }) => apiRequests.inc({ code, method, host }),
    reported: (result) => reportWrites.inc({ result }),
    enforced: (result) => counters.enforcementWrites.inc({ result }),
    controller: (name) => controllerMetrics(name, counters),
  };
}

const ENFORCEMENT_OUTCOMES: readonly EnforcementOutcome[] = ['applied', 'removed', 'taken', 'refused', 'failed'];
const REPORT_OUTCOMES: readonly ReportOutcome[] = ['written', 'removed', 'same', 'unserved', 'failed'];
/** In controller-runtime's words; `requeue` never happens here, and dashboards ask for it all the same. */
const RECONCILE_RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;
const STATES: readonly VerdictState[] = ['verified', 'rejected', 'unknown'];
const WHYS = Object.keys({
  NeverVerified: 0,
  Due: 0,
  PolicyChanged: 0,
  TrustChanged: 0,
  ImageAppeared: 0,
  Requested: 0,
  Retry: 0,
} satisfies Record<Why, 0>);

interface Counters {
  readonly verifications: Counter;
  readonly verificationDuration: Histogram;
  readonly passDuration: Histogram;
  readonly registryRequests: Counter;
  readonly apiRequests: Counter;
  readonly reportWrites: Counter;
  readonly enforcementWrites: Counter;
  readonly reconciles: Counter;
  readonly reconcileErrors: Counter;
  readonly terminalErrors: Counter;
  readonly reconcileTime: Histogram;
  readonly queueAdds: Counter;
  readonly queueRetries: Counter;
  readonly queueDuration: Histogram;
  readonly workDuration: Histogram;
}

function countersIn(registry: Registry): Counters {
  return {
    verifications: counter(registry, METRICS.verifications),
    verificationDuration: histogram(registry, METRICS.verificationDuration),
    passDuration: histogram(registry, METRICS.passDuration),
    registryRequests: counter(registry, METRICS.registryRequests),
    apiRequests: counter(registry, METRICS.apiRequests),
    reportWrites: counter(registry, METRICS.reportWrites),
    enforcementWrites: counter(registry, METRICS.enforcementWrites),
    reconciles: counter(registry, METRICS.reconciles),
    reconcileErrors: counter(registry, METRICS.reconcileErrors),
    terminalErrors: counter(registry, METRICS.terminalErrors),
    reconcileTime: histogram(registry, METRICS.reconcileTime),
    queueAdds: counter(registry, METRICS.queueAdds),
    queueRetries: counter(registry, METRICS.queueRetries),
    queueDuration: histogram(registry, METRICS.queueDuration),
    workDuration: histogram(registry, METRICS.workDuration),
  };
}

function zeroVerifications({ verifications, verificationDuration }: Counters): void {
  for (const state of STATES) {
    verificationDuration.zero({ state });
    for (const why of WHYS) verifications.inc({ why, state }, 0);
  }
}

function controllerMetrics(name: string, counters: Counters): ControllerMetrics {
  const labels = { name, controller: name };
  const controller = { controller: name };
  for (const result of RECONCILE_RESULTS) counters.reconciles.inc({ ...controller, result }, 0);
  for (const zeroed of [counters.reconcileErrors, counters.terminalErrors]) zeroed.inc(controller, 0);
  counters.reconcileTime.zero(controller);
  for (const zeroed of [counters.queueAdds, counters.queueRetries]) zeroed.inc(labels, 0);
  for (const zeroed of [counters.queueDuration, counters.workDuration]) zeroed.zero(labels);
  return {
    queue: {
      added: () => counters.queueAdds.inc(labels),
      retried: () => counters.queueRetries.inc(labels),
      waited: (seconds) => counters.queueDuration.observe(labels, seconds),
      worked: (seconds) => counters.workDuration.observe(labels, seconds),
    },
    ended(result, seconds): void {
      counters.reconciles.inc({ ...controller, result });
      if (result === 'error') counters.reconcileErrors.inc(controller);
      counters.reconcileTime.observe(controller, seconds);
    },
  };
}

function counter(registry: Registry, { name, help, labels }: MetricDefinition): Counter {
  return new Counter({ name, help, labelNames: labels, registers: [registry] });
}

function histogram(registry: Registry, { name, help, labels, buckets = [] }: MetricDefinition): Histogram {
  return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [registry] });
}

/** The first so many names as they are, all others as `other`: whoever writes a Pod chooses the hosts of its images. */
function boundedNames(max: number): (name: string) => string {
  const names = new Set<string>();
  return (name) => {
    if (names.size < max) names.add(name);
    return names.has(name) ? name : 'other';
  };
}
