/** The operator with `--report-api=openreports`: what it finds is in Reports of openreports.io, and in none of the other kind. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import {
  deploy,
  deploymentTarget,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyStatus,
  policyTarget,
  publicKey,
  REPORT_KINDS,
  reports,
  shownConditions,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'reports.openreports.io' };

let registry: TestRegistry;
let client: ClusterClient;
let operator: Operator;

const start = ({ kubeconfig }: Cluster): Promise<Operator> =>
  startOperator({ kubeconfig, args: [`--plain-http=${registry.host}`, '--report-api=openreports'] });

/** A namespace of this name with a key, a policy and a workload. */
async function scene(name: string, image: string): Promise<void> {
  await client.apply(namespace(name), trustedKey(name, { publicKey: { pem: publicKey('k1') } }), policy(name, name));
  await deploy(client, name, 'web', imageOf(registry, image));
}

async function expectReports(name: string, ...expected: readonly string[]): Promise<void> {
  const lines = expected.map((result) => `Deployment/web ${name}/app ${result}`);
  await eventually(async () => expect(await reports(client, name, 'openreports')).toEqual(lines), { every: 200 });
}

describeOnClusters(
  'reports of openreports.io',
  {
    controllers: 'lifecycle',
    async prepare(cluster) {
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const layouts = { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/unsigned': join(FIXTURES, 'unsigned') };
      registry = stack.use(await startRegistry({ layouts }));
      for (const api of ['wgpolicyk8s', 'openreports'] as const) await installReports(client, api);
      operator = await start(cluster);
      stack.defer(async () => void (await operator.end()));
      return stack;
    },
  },
  (cluster) => {
    test('say what was found, and no other reports do', async () => {
      await scene('good', 'app/signed');
      await scene('bad', 'app/unsigned');
      await expectReports('good', 'pass Verified');
      await expectReports('bad', 'fail NoSignature');
      expect(await client.list(...REPORT_KINDS.wgpolicyk8s)).toEqual([]);
      expect((await client.list(...REPORT_KINDS.openreports, 'good'))[0]).toMatchObject({
        source: 'imagetrust',
        summary: { pass: 1, fail: 0, warn: 0, error: 0, skip: 0 },
        metadata: { ownerReferences: [{ kind: 'Deployment', name: 'web' }] },
      });
    });

    test('follow a key that is revoked and given back', async () => {
      await client.patch(keyTarget('good'), { spec: { lifecycle: { state: 'Revoked' } } });
      await expectReports('good', 'fail KeyRevoked');
      await client.patch(keyTarget('good'), { spec: { lifecycle: { state: 'Active' } } });
      await expectReports('good', 'pass Verified');
    });

    test('go with the policy, and with the workload', async () => {
      await scene('policy-gone', 'app/signed');
      await expectReports('policy-gone', 'pass Verified');
      await client.remove(policyTarget('policy-gone'));
      await expectReports('policy-gone');
      await scene('workload-gone', 'app/signed');
      await expectReports('workload-gone', 'pass Verified');
      await client.remove(deploymentTarget('workload-gone', 'web'));
      await expectReports('workload-gone');
    });

    test('are what a restart takes its verdicts from: no registry is asked', async () => {
      await operator.end();
      const versions = async (): Promise<readonly unknown[]> =>
        (await client.list(...REPORT_KINDS.openreports)).map(({ metadata }) => metadata.resourceVersion);
      const before = await versions();
      registry.requests.length = 0;
      operator = await start(cluster());
      const counted = (policy_: string): Promise<number> => operator.metric('image_trust_images', { policy: policy_ });
      expect([await counted('good'), await counted('bad')]).toEqual([1, 1]);
      expect(registry.requests.map(({ path }) => path)).toEqual([]);
      expect(await versions()).toEqual(before);
    });

    test('are missed where their kind is not served, and written once it is', async () => {
      await client.remove(CRD);
      await eventually(async () => {
        const status = await policyStatus(client, 'good');
        expect(status.conditions).toContainEqual(expect.objectContaining({ reason: 'ReportsUnavailable' }));
        expect(status.conditions).toContainEqual(
          expect.objectContaining({ message: expect.stringContaining('openreports.io') as string }),
        );
      });
      await installReports(client, 'openreports');
      await eventually(
        async () => {
          expect(await reports(client, 'good', 'openreports')).toEqual(['Deployment/web good/app pass Verified']);
          expect(shownConditions(await policyStatus(client, 'good'))).toEqual([
            'Compliant=True AllVerified',
            'EnforcementReady=False KyvernoAbsent',
            'Ready=True Succeeded',
          ]);
        },
        { within: 15_000 },
      );
    });
  },
);
