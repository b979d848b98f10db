/** Wraps the alerts into a PrometheusRule: promtool takes the bare rules only, the Prometheus operator the object only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The PrometheusRule that holds config/prometheus/rules.yaml. */
export function prometheusRule(root: string): string {
  const rules: unknown = parse(readFileSync(join(root, 'config/prometheus/rules.yaml'), 'utf8'));
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'image-trust-operator',
      namespace: 'image-trust-system',
      labels: {
        'app.kubernetes.io/name': 'image-trust-operator',
        'app.kubernetes.io/component': 'metrics',
        'app.kubernetes.io/part-of': 'image-trust-operator',
      },
    },
    spec: rules,
  };
  const header = '# Generated from rules.yaml by make generate; do not edit.\n';
  return header + stringify(object, { lineWidth: 0, indentSeq: false });
}
