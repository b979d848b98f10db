/**
 * The metrics of a running operator: the definitions of outputs/ over what the desk knows. Owns who shows what: policies
 * and keys are the leader's to show, for what a follower knows of passes and verdicts grows old. Must never make the
 * operator do anything.
 */
import { materialOf, viewOf } from '../views.ts';
import type { Desk } from '../desk.ts';
import type { ControllerObserver } from '../controller.ts';
import { createMetrics, type Metrics } from '../../outputs/metrics.ts';
import type { KeySeries, MetricsSource, PolicySeries } from '../../outputs/metrics-source.ts';
import { registerProcessMetrics } from './process-metrics.ts';

/** The metrics, and how they come to know the operator, which is made after them. */
export interface OperatorMetrics extends Metrics {
  /** From now on scrapes show this operator. */
  attach(operator: { readonly desk: Desk; isLeader(): boolean }): void;
  /** The observer of a controller, with what else is to be told. */
  observerOf(controller: string, others: ControllerObserver): ControllerObserver;
}

/** What they are made of. */
export interface OperatorMetricsOptions {
  readonly version: string;
  readonly nodeVersion: string;
  /** Name of the Lease. */
  readonly lease: string;
  /** Limits of requests by registry host. */
  readonly registries: MetricsSource['registries'];
}

/** Makes the metrics of this process. */
export function createOperatorMetrics(options: OperatorMetricsOptions): OperatorMetrics {
  let shown: { readonly desk: Desk; isLeader(): boolean } | undefined;
  const desk = (): Desk | undefined => shown?.desk;
  const leads = (): boolean => shown?.isLeader() ?? false;
  const metrics = createMetrics({
    ...options,
    source: {
      policies: () => (leads() ? policiesOf(desk()) : []),
      keys: () => (leads() ? keysOf(desk()) : []),
      controllers: () => controllersOf(desk()),
      registries: options.registries,
      uncovered: () => desk()?.coverage.uncovered() ?? 0,
      reports: () => [...(desk()?.reports?.workloads() ?? [])].length,
      leader: () => ({ name: options.lease, leading: leads() }),
    },
  });
  registerProcessMetrics(metrics.registry);
  return {
    ...metrics,
    attach: (operator) => {
      shown = operator;
    },
    observerOf: (controller, others) => ({ ...others, ...metrics.controller(controller) }),
  };
}

function policiesOf(desk: Desk | undefined): readonly PolicySeries[] {
  if (desk === undefined) return [];
  return desk.book.policies().flatMap(({ metadata, status }) => {
    const view = viewOf(metadata.name, desk);
    return view === undefined ? [] : [{ view, status }];
  });
}

function keysOf(desk: Desk | undefined): readonly KeySeries[] {
  if (desk === undefined) return [];
  return desk.signers.keys().map((key): KeySeries => {
    const material = materialOf(key.metadata.name, desk.signers);
    const root = desk.signers.rootOf(key.metadata.name)?.state;
    const base = { view: { key, material }, status: key.status };
    return root?.state === 'present' ? { ...base, root } : base;
  });
}

function controllersOf(desk: Desk | undefined): ReturnType<MetricsSource['controllers']> {
  return desk === undefined ? [] : [...desk.readerControllers, ...desk.leaderControllers];
}
