/**
 * The reference pages of the operator in docs/ that come from the sources: every metric, every condition with its
 * reasons. Pure renderers; generate.ts writes what they return.
 */
import { CONDITION_TYPES, type ConditionType } from '../src/api/condition.ts';
import { CONDITION_REASONS } from '../src/api/condition-reasons.ts';
import { METRICS, type MetricDefinition } from '../src/outputs/metric-definitions.ts';

/** docs/metrics.md */
export function metricsReference(): string {
  const all: readonly MetricDefinition[] = Object.values(METRICS);
  const intro =
    'What `image-trust operator` serves under `/metrics`, beside the metrics of the process itself (`process_*`, `nodejs_*`). ' +
    'Gauges are read when they are scraped: a policy or key that is gone has no series. States, reasons, results and conditions ' +
    'are there at 0 from the start. No label holds an image, a digest or a Pod; policies and keys are cluster-scoped, so no ' +
    'label is called `namespace` either, which the scraper sets. Every replica serves metrics; the series of policies and keys ' +
    'are the leader’s alone, for what a follower knows of them grows old, so sums over all replicas count nothing twice.\n\n' +
    'Alerts on them: `config/prometheus` (`rules.yaml` for a Prometheus without its operator). A Grafana dashboard: `config/grafana`.\n';
  const own = all.filter(({ name }) => name.startsWith('image_trust_'));
  const standard = all.filter(({ name }) => !name.startsWith('image_trust_'));
  return [
    `${header('src/outputs/metric-definitions.ts')}# Metrics\n\n${intro}`,
    `## Of images, policies and keys\n\n${metricTable(own)}`,
    `## Of controllers\n\nBy the names of controller-runtime and client-go, which dashboards for controllers ask for.\n\n${metricTable(standard)}`,
  ].join('\n');
}

/** docs/conditions.md */
export function conditionsReference(): string {
  const intro =
    'What the conditions in the status of an ImageTrustPolicy and of a TrustedKey say. `Ready` is about the work of the ' +
    'operator and never about images; `Compliant` is about images. A condition that is present only while True says ' +
    '"nothing wrong" by not being there. Argo CD, Flux and `kubectl wait` read them with kstatus: `Stalled` fails, ' +
    '`Reconciling` is in progress.\n';
  const sections = Object.entries(CONDITION_TYPES).flatMap(([type, { polarity, meaning }]) => {
    const rows = reasonsOf(type).map(([reason, said]) => `| \`${reason}\` | ${cell(said)} |`);
    // A type without reasons is one that this version does not set.
    if (rows.length === 0) return [];
    const present = polarity === 'normal' ? 'True is good.' : 'Present only while True.';
    return [`## ${type}\n\n${meaning} ${present}\n\n| reason | what it means |\n|---|---|\n${rows.join('\n')}\n`];
  });
  return `${header('src/api')}# Conditions\n\n${intro}\n${sections.join('\n')}`;
}

function header(source: string): string {
  return `<!-- Generated from ${source} by make generate; do not edit. -->\n`;
}

function metricTable(metrics: readonly MetricDefinition[]): string {
  const rows = metrics.map(({ name, type, labels, help, buckets }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    const bounds = buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`;
    return `| \`${name}\` | ${type} | ${shown} | ${cell(help + bounds)} |`;
  });
  return `| name | type | labels | what it says |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function reasonsOf(type: string): readonly (readonly [reason: string, meaning: string])[] {
  return Object.entries(CONDITION_REASONS).flatMap(([reason, { on, meaning }]) => {
    const types: readonly ConditionType[] = on;
    return types.some((one) => one === type) ? [[reason, meaning] as const] : [];
  });
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
