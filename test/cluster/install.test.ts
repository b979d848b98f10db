/** What we ship is taken by a real API server as it is: config/default and its options, twice, and the samples. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { asList, asMapping, texts, valueAt } from '../config/kustomization.ts';
import { type Cluster, describeOnClusters } from '../support/cluster/cluster.ts';
import { CONFIG, kubectl, withOverlay } from '../support/cluster/kubectl.ts';
import { installMonitoringCrds } from '../support/cluster/monitoring-crds.ts';
import { eventually } from '../support/eventually.ts';

/** Options of the installation; the monitor's goes with the monitor. */
const OPTIONS = readdirSync(join(CONFIG, 'components')).filter((name) => name !== 'secure-monitor');

describeOnClusters('the installation', { crds: false, controllers: 'all', only: 'real' }, (cluster) => {
  test('is taken whole, without a word of warning', async () => {
    const { code, stdout, stderr } = await kubectl(cluster(), 'apply', '-k', join(CONFIG, 'default'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('customresourcedefinition.apiextensions.k8s.io/imagetrustpolicies.imagetrust.dev created');
    expect(stdout).toContain('deployment.apps/');
  });

  test('serves our kinds a moment later', async () => {
    const { client } = cluster();
    const lists = ['TrustedKey', 'ImageTrustPolicy'].map((kind) =>
      eventually(() => client.list('imagetrust.dev/v1alpha1', kind)),
    );
    expect(await Promise.all(lists)).toEqual([[], []]);
  });

  test('applied again would change nothing', async () => {
    const { code, stdout, stderr } = await kubectl(cluster(), 'diff', '-k', join(CONFIG, 'default'));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('gets Pods past the restricted Pod security of its namespace', async () => {
    const pods = await eventually(async () => {
      const found = await cluster().client.list('v1', 'Pod', 'image-trust-system');
      expect(found).toHaveLength(2);
      return found;
    });
    expect(pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)).toEqual(['ReplicaSet', 'ReplicaSet']);
  });

  describe('with the kinds of the Prometheus operator and of cert-manager', () => {
    beforeAll(() => installMonitoringCrds(cluster().client));

    test.each<readonly [what: string, ...parts: readonly string[]]>([
      ['its option openreports', 'default', 'components/openreports'],
      ['its option custom-owners', 'default', 'components/custom-owners'],
      ['its option probe-admission', 'default', 'components/probe-admission'],
      ['its option pod-pull-secrets', 'default', 'components/pod-pull-secrets'],
      ['its option secure-metrics', 'default', 'components/secure-metrics'],
      ['all its options at once', 'default', ...OPTIONS.map((name) => `components/${name}`)],
      ['the monitor and the alerts', 'prometheus'],
      ['the dashboard', 'grafana'],
      ['the monitor of secure metrics', 'prometheus', 'components/secure-monitor'],
    ])('is taken with %s', async (_, base, ...components) => {
      await withOverlay({ resources: [base ?? ''], components }, async (folder) => {
        const { code, stderr } = await kubectl(cluster(), 'apply', '--dry-run=server', '-k', folder);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      });
    });

    test('the monitors ask the port and path that the operator serves, in the way that it serves them', async () => {
      const plain = await monitored(cluster(), 'default');
      expect(plain).toEqual({ scheme: 'http', path: '/metrics', container: 8080, args: [':8080'], selected: true });
      const secure = await monitored(cluster(), 'default', 'components/secure-metrics', 'components/secure-monitor');
      expect(secure).toEqual({
        scheme: 'https',
        path: '/metrics',
        container: 8443,
        args: [':8080', ':8443'],
        selected: true,
        bearer: '/var/run/secrets/kubernetes.io/serviceaccount/token',
        tls: {
          serverName: 'image-trust-operator-metrics.image-trust-system.svc',
          ca: { secret: { name: 'image-trust-operator-metrics-certificate', key: 'ca.crt' } },
        },
      });
    });
  });

  test('takes the samples', async () => {
    await eventually(async () => {
      const { code, stderr } = await kubectl(cluster(), 'apply', '-k', join(CONFIG, 'samples'));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });
  });
});

/** What a ServiceMonitor asks, beside what is there to be asked, as kustomize puts them together. */
async function monitored(cluster: Cluster, base: string, ...components: readonly string[]): Promise<object> {
  return withOverlay({ resources: [base, 'prometheus'], components }, async (folder) => {
    const { stdout } = await kubectl(cluster, 'kustomize', folder);
    const objects = parseAllDocuments(stdout).map((document): unknown => document.toJS());
    const of = (kind: string): unknown =>
      objects.find(
        (object) => valueAt(object, 'kind') === kind && valueAt(object, 'metadata', 'name') !== 'image-trust-system',
      );
    const endpoint = valueAt(of('ServiceMonitor'), 'spec', 'endpoints', 0);
    const service = of('Service');
    const container = valueAt(of('Deployment'), 'spec', 'template', 'spec', 'containers', 0);
    const port = asList(valueAt(service, 'spec', 'ports')).find(
      (one) => valueAt(one, 'name') === valueAt(endpoint, 'port'),
    );
    const listening = asList(valueAt(container, 'ports')).find(
      (one) => valueAt(one, 'name') === valueAt(port, 'targetPort'),
    );
    const flag = '--metrics-bind-address=';
    const bearer = valueAt(endpoint, 'bearerTokenFile');
    const tls = valueAt(endpoint, 'tlsConfig');
    const selector = asMapping(valueAt(of('ServiceMonitor'), 'spec', 'selector', 'matchLabels'));
    return {
      scheme: valueAt(endpoint, 'scheme'),
      path: valueAt(endpoint, 'path'),
      container: valueAt(listening, 'containerPort'),
      // Of a flag that is given twice the last holds.
      args: texts(valueAt(container, 'args'))
        .filter((arg) => arg.startsWith(flag))
        .map((arg) => arg.slice(flag.length)),
      selected: Object.entries(selector).every(
        ([label, value]) => valueAt(service, 'metadata', 'labels', label) === value,
      ),
      ...(bearer === undefined ? {} : { bearer }),
      ...(tls === undefined ? {} : { tls }),
    };
  });
}
