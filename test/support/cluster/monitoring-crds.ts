/** The kinds of the Prometheus operator and of cert-manager that config/ names, without those two: from test/fixtures/crds. */
import { eventually } from '../eventually.ts';
import type { ClusterClient } from './client.ts';
import { documentsOf } from './cluster.ts';

const KINDS = [
  ['monitoring.coreos.com/v1', 'ServiceMonitor', 'monitoring.coreos.com_servicemonitors.yaml'],
  ['monitoring.coreos.com/v1', 'PrometheusRule', 'monitoring.coreos.com_prometheusrules.yaml'],
  ['cert-manager.io/v1', 'Certificate', 'cert-manager.io_certificates.yaml'],
  ['cert-manager.io/v1', 'Issuer', 'cert-manager.io_issuers.yaml'],
] as const;

/** Applies their CRDs and waits until they are served. */
export async function installMonitoringCrds(client: ClusterClient): Promise<void> {
  for (const [, , file] of KINDS) await client.apply(...documentsOf(`test/fixtures/crds/${file}`));
  for (const [apiVersion, kind] of KINDS)
    await eventually(() => client.list(apiVersion, kind), { what: `${kind} is served` });
}
