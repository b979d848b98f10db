/**
 * Gauges of the state of now, read from the source at each scrape: nothing is kept in between, so a policy that is
 * gone has no series. Every state and reason is there at 0, so that an alert never waits for a series to appear.
 */
import { Gauge, type Registry } from 'prom-client';
import type { Condition, ConditionType } from '../api/condition.ts';
import { REASONS, type VerdictState } from '../api/reasons.ts';
import { METRICS, type MetricDefinition } from './metric-definitions.ts';
import type { ControllerSeries, KeySeries, MetricsSource, PolicySeries } from './metrics-source.ts';
import { endOfKey } from './key-status.ts';
import { type PolicyTally, tallyOf } from './policy-tally.ts';

/** What the gauges are read from. */
export interface StateOptions {
  readonly source: MetricsSource;
  readonly version: string;
  readonly nodeVersion: string;
}

type Labels = Readonly<Record<string, string>>;
/** A value of one series. */
type Sample = readonly [labels: Labels, value: number];

/**
 * Registers the gauges. The function that it gives reads policies and keys anew: once for each scrape, for their rows
 * are many and the gauges of them several.
 */
export function registerState(registry: Registry, { source, version, nodeVersion }: StateOptions): () => void {
  let now: Snapshot = { policies: [], keys: [] };
  const gauge = (definition: MetricDefinition, read: () => Iterable<Sample>): void => {
    const { name, help, labels } = definition;
    const collect = function collect(this: Gauge): void {
      this.reset();
      for (const [series, value] of read()) this.set(series, value);
    };
    registry.registerMetric(new Gauge({ name, help, labelNames: labels, registers: [], collect }));
  };
  registerPolicies(gauge, () => now.policies);
  registerKeys(gauge, () => now.keys);
  registerMachinery(gauge, source);
  const leader = (): Sample[] => {
    const { name, leading } = source.leader();
    return [[{ name }, leading ? 1 : 0]];
  };
  gauge(METRICS.leading, leader);
  gauge(METRICS.buildInfo, () => [[{ version, node_version: nodeVersion }, 1]]);
  return () => {
    const policies = [...source.policies()].map((series) => ({ ...series, tally: tallyOf(series.view.rows) }));
    now = { policies, keys: [...source.keys()] };
  };
}

interface SummedPolicy extends PolicySeries {
  readonly tally: PolicyTally;
}

interface Snapshot {
  readonly policies: readonly SummedPolicy[];
  readonly keys: readonly KeySeries[];
}

type Define = (definition: MetricDefinition, read: () => Iterable<Sample>) => void;

/** Whoever writes a Pod chooses the hosts of its images: beyond these there are no series. */
export const MAX_HOSTS = 100;

const STATES: readonly VerdictState[] = ['verified', 'rejected', 'unknown'];
const POLICY_CONDITIONS: readonly ConditionType[] = [
  'Ready',
  'Compliant',
  'Overdue',
  'EnforcementReady',
  'AdmissionGaps',
  'Reconciling',
  'Stalled',
];
const KEY_CONDITIONS: readonly ConditionType[] = ['Ready', 'Expiring', 'RotationDue', 'Reconciling', 'Stalled'];

function registerPolicies(gauge: Define, policies: () => readonly SummedPolicy[]): void {
  const each = (definition: MetricDefinition, samplesOf: (series: SummedPolicy) => readonly Sample[]): void => {
    gauge(definition, () =>
      policies().flatMap((series) =>
        samplesOf(series).map(
          ([labels, value]): Sample => [{ policy: series.view.policy.metadata.name, ...labels }, value],
        ),
      ),
    );
  };
  each(METRICS.images, ({ tally }) => imageSamples(tally));
  each(METRICS.workloads, ({ tally }) => STATES.map((state): Sample => [{ state }, tally.workloads[state]]));
  each(METRICS.imagesUnchecked, ({ tally }) => uncheckedSamples(tally));
  each(METRICS.imagesPending, ({ view }) => [[{}, view.pending.tasks]]);
  each(METRICS.usesExcepted, ({ tally }) => [[{}, tally.excepted]]);
  each(METRICS.lastPass, ({ view, status }) => {
    const end = view.lastPass?.completionTime?.getTime() ?? Date.parse(status?.lastPass?.completionTime ?? '');
    return Number.isNaN(end) ? [] : [[{}, end / 1000]];
  });
  each(METRICS.nextPass, ({ view }) => (view.nextPass === undefined ? [] : [[{}, view.nextPass.getTime() / 1000]]));
  each(METRICS.refusedOnRestart, ({ status }) => [[{}, status?.refusedOnRestart ?? 0]]);
  each(METRICS.enforcementMode, ({ status }) => {
    const mode = status?.kyverno?.ready === true ? status.kyverno.mode : 'None';
    return ['None', 'Audit', 'Enforce'].map((one): Sample => [{ mode: one }, one === mode ? 1 : 0]);
  });
  each(METRICS.policyCondition, ({ status }) => conditionSamples(status?.conditions, POLICY_CONDITIONS));
}

function registerKeys(gauge: Define, keys: () => readonly KeySeries[]): void {
  const each = (definition: MetricDefinition, samplesOf: (series: KeySeries) => readonly Sample[]): void => {
    gauge(definition, () =>
      keys().flatMap((series) =>
        samplesOf(series).map(([labels, value]): Sample => [{ key: series.view.key.metadata.name, ...labels }, value]),
      ),
    );
  };
  each(METRICS.keyCondition, ({ status }) => conditionSamples(status?.conditions, KEY_CONDITIONS));
  each(METRICS.keyExpiry, ({ view }) => {
    const end = endOfKey(view);
    return end === undefined ? [] : [[{}, end.getTime() / 1000]];
  });
  each(METRICS.rootExpiry, ({ root }) => (root === undefined ? [] : [[{}, root.expires.getTime() / 1000]]));
  each(METRICS.rootRefreshed, ({ root }) =>
    root?.refreshed === undefined ? [] : [[{}, root.refreshed.getTime() / 1000]],
  );
  each(METRICS.keyDependents, ({ status }) => [[{}, status?.dependents?.workloads ?? 0]]);
  each(METRICS.keySoleDependents, ({ status }) => [[{}, status?.dependents?.solelyDependentWorkloads ?? 0]]);
}

function registerMachinery(gauge: Define, source: MetricsSource): void {
  const queues = (): readonly (readonly [labels: Labels, state: ReturnType<ControllerSeries['state']>])[] =>
    [...source.controllers()].map((one) => [{ name: one.name, controller: one.name }, one.state()]);
  const registries = (pick: 'window' | 'inFlight' | 'waiting') => (): Sample[] =>
    [...source.registries()].slice(0, MAX_HOSTS).map(([host, limits]) => [{ host }, limits[pick]]);
  gauge(METRICS.usesUncovered, () => [[{}, source.uncovered()]]);
  gauge(METRICS.reports, () => [[{}, source.reports()]]);
  gauge(METRICS.registryInFlight, registries('inFlight'));
  gauge(METRICS.registryWaiting, registries('waiting'));
  gauge(METRICS.registryLimit, registries('window'));
  gauge(METRICS.maxReconciles, () =>
    [...source.controllers()].map(({ name, concurrency }): Sample => [{ controller: name }, concurrency]),
  );
  gauge(METRICS.activeWorkers, () =>
    [...source.controllers()].map((one): Sample => [{ controller: one.name }, one.state().inWork]),
  );
  gauge(METRICS.queueDepth, () =>
    queues().flatMap(([labels, { depth }]) =>
      [...new Map([[0, 0] as const, ...depth])].map(
        ([priority, keys]): Sample => [{ ...labels, priority: String(priority) }, keys],
      ),
    ),
  );
  gauge(METRICS.unfinishedWork, () =>
    queues().map(([labels, { unfinishedSeconds }]): Sample => [labels, unfinishedSeconds]),
  );
  gauge(METRICS.longestWork, () => queues().map(([labels, { longestSeconds }]): Sample => [labels, longestSeconds]));
}

function imageSamples({ images, reasons }: PolicyTally): readonly Sample[] {
  return Object.entries(REASONS).map(
    ([reason, { state }]): Sample => [
      { state, reason },
      state === 'verified' ? images.verified : countOf(reasons, reason),
    ],
  );
}

function uncheckedSamples({ unchecked }: PolicyTally): readonly Sample[] {
  const unknown = Object.entries(REASONS).filter(([, { state }]) => state === 'unknown');
  return unknown.map(([reason]): Sample => [{ reason }, countOf(unchecked, reason)]);
}

function countOf(counts: ReadonlyMap<string, number>, reason: string): number {
  return counts.get(reason) ?? 0;
}

function conditionSamples(
  conditions: readonly Condition[] | undefined,
  types: readonly ConditionType[],
): readonly Sample[] {
  const isTrue = new Set(conditions?.filter(({ status }) => status === 'True').map(({ type }) => type));
  return types.map((condition): Sample => [{ condition }, isTrue.has(condition) ? 1 : 0]);
}
