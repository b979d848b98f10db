/** The alerts ask for metrics and labels that we serve, and are told as alerts of Kubernetes are. */
import { describe, expect, test } from 'vitest';
import { METRICS, type MetricDefinition } from '../../src/outputs/metric-definitions.ts';
import { asList, documentsOf, manifestsIn, PROJECT, valueAt } from './kustomization.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const RULES = documentsOf(`${PROJECT}/config/prometheus/rules.yaml`)[0];
const ALERTS = asList(valueAt(RULES, 'groups')).flatMap((group) => asList(valueAt(group, 'rules'))) as readonly Alert[];
const DEFINITIONS: readonly MetricDefinition[] = Object.values(METRICS);
const METRIC = /\b(?:image_trust|leader_election|controller_runtime|workqueue|rest_client)_\w+/g;

describe.each(ALERTS.map((alert): [string, Alert] => [alert.alert, alert]))('alert %s', (name, alert) => {
  const asked = [...new Set(alert.expr.match(METRIC))];
  const labels = new Set(
    DEFINITIONS.filter((definition) => asked.includes(definition.name)).flatMap((definition) => definition.labels),
  );

  test('asks for metrics that are served', () => {
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((metric) => !DEFINITIONS.some((definition) => definition.name === metric))).toEqual([]);
  });

  test('selects and speaks by labels that they have', () => {
    const { annotations, expr } = alert;
    const selected = [...expr.matchAll(/[{,](\w+)=/g), ...expr.matchAll(/\b(?:by|on) \((\w+)(?:, (\w+))?\)/g)];
    const spoken = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)];
    const used = [...selected, ...spoken].flatMap(([, first, second]) => [first, second]).filter((label) => label);
    expect(used.filter((label) => !labels.has(label ?? ''))).toEqual([]);
  });

  test('waits before it speaks, with a severity and a sentence', () => {
    expect(name).toMatch(/^ImageTrust[A-Z]/);
    expect(alert.for).toMatch(/^\d+[mh]$/);
    expect(['info', 'warning', 'critical']).toContain(alert.labels.severity);
    expect(alert.annotations.summary).toMatch(/\.$/);
    expect(alert.annotations.description.length).toBeGreaterThan(20);
  });
});

test('the PrometheusRule holds exactly these', () => {
  expect(valueAt(manifestsIn('config/prometheus/prometheus_rule.yaml')[0]?.object, 'spec')).toEqual(RULES);
});
