/**
 * What a user does first, on the real API server with its controllers: `kubectl apply -k config/default` and
 * `config/samples`. The operator, as the ServiceAccount that was installed, says what it found in status, reports, events
 * and metrics; and what goes is cleared away.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startImages } from '../demo/images.ts';
import { runPods } from '../demo/nodes.ts';
import { kubeconfigOf } from '../support/cluster/access.ts';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { deploymentTarget, events, policyStatus, reports } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { runTool } from '../toolbox/toolbox.ts';
import { ACCOUNT } from '../rights/owners.table.ts';

const CONFIG = join(import.meta.dirname, '../../config');
/** Those of the samples, and the two of the operator's own Deployment. */
const PODS = 14 + 2;

/** Images that are verified, rejected and unknown under each policy of the samples. */
const FOUND: Readonly<Record<string, readonly [number, number, number]>> = {
  shop: [3, 4, 1],
  payments: [1, 1, 0],
  'built-by-ci': [1, 0, 0],
  vendors: [2, 0, 0],
};

let client: ClusterClient;
let operator: Operator;

describeOnClusters(
  'the samples',
  {
    crds: false,
    controllers: 'all',
    only: 'real',
    async prepare(cluster) {
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const images = stack.use(await startImages());
      await apply(cluster, 'default');
      await installReports(client, 'wgpolicyk8s');
      await apply(cluster, 'samples');
      const namespaced = `--leader-election-namespace=${ACCOUNT.namespace}`;
      operator = stack.use(
        await startOperator({
          kubeconfig: await kubeconfigOf(cluster, ACCOUNT),
          args: ['--leader-elect', namespaced, ...images.flags],
          env: images.env,
        }),
      );
      await runPods(client, images, PODS);
      return stack;
    },
  },
  () => {
    test('are judged, and it is said in status, reports, events and metrics', async () => {
      await eventually(async () => expect(await allShown()).toEqual(FOUND), { within: 20_000 });
      expect(await allCounted()).toEqual(FOUND);
      expect(await reports(client, 'payments')).toEqual([
        'Deployment/gateway payments/gateway fail AnnotationMismatch',
        'Deployment/ledger payments/ledger pass Verified',
      ]);
      expect(await reports(client, 'shop')).toEqual(
        expect.arrayContaining([
          'Deployment/batch shop/batch skip Excepted',
          'Deployment/cart shop/cart pass Verified',
          'Deployment/frontend shop/frontend fail NoSignature',
          'Deployment/ghost shop/ghost error ImageNotFound',
          'Pod/edge-0 shop/edge pass Verified',
        ]),
      );
      await eventually(async () => {
        expect(await events(client, 'shop')).toContain('Deployment/frontend Warning NoSignature');
        expect(await events(client, 'payments')).toContain('Deployment/gateway Warning AnnotationMismatch');
        expect(await events(client, 'default')).toContain('ImageTrustPolicy/payments Warning AnnotationMismatch');
      });
    });

    test('a workload that is deleted is counted no more, and its report goes', async () => {
      await client.remove(deploymentTarget('shop', 'frontend'));
      const left = { ...FOUND, shop: [3, 3, 1] };
      await eventually(async () => {
        expect(await allShown()).toEqual(left);
        expect(await allCounted()).toEqual(left);
        expect(await workloadsWithReports('shop')).not.toContain('frontend');
      });
    });

    test('a namespace that is deleted goes at once, with its reports, and its policy has nothing to judge', async () => {
      await client.remove(PAYMENTS);
      const left = { ...FOUND, shop: [3, 3, 1], payments: [0, 0, 0] };
      await eventually(async () => {
        expect(await client.get(PAYMENTS)).toBeUndefined();
        expect(await allShown()).toEqual(left);
        expect(await allCounted()).toEqual(left);
        expect(await reports(client, 'payments')).toEqual([]);
      });
      const { conditions = [] } = await policyStatus(client, 'payments');
      expect(conditions.find(({ type }) => type === 'Compliant')).toMatchObject({ status: 'True', reason: 'NoImages' });
    });

    test('where no operator runs, a report goes with the workload that owns it', async () => {
      expect((await operator.end()).code).toBe(0);
      expect(await workloadsWithReports('shop')).toContain('cart');
      await client.remove(deploymentTarget('shop', 'cart'));
      // The garbage collector looks for kinds that are new, as that of the reports is here, every 30 s.
      await eventually(async () => expect(await workloadsWithReports('shop')).not.toContain('cart'), {
        within: 45_000,
      });
      expect(await workloadsWithReports('shop')).toContain('checkout');
    });
  },
);

const PAYMENTS = { apiVersion: 'v1', kind: 'Namespace', name: 'payments' };

type Found = Readonly<Record<string, readonly (number | undefined)[]>>;

/** By status. */
function allShown(): Promise<Found> {
  return ofPolicies(async (name) => {
    const { images } = await policyStatus(client, name);
    return [images?.verified, images?.rejected, images?.unknown];
  });
}

/** By metrics. */
function allCounted(): Promise<Found> {
  const count = (policy: string, state: string): Promise<number> =>
    operator.metric('image_trust_images', { policy, state });
  return ofPolicies((name) => Promise.all(['verified', 'rejected', 'unknown'].map((state) => count(name, state))));
}

async function ofPolicies(look: (name: string) => Promise<readonly (number | undefined)[]>): Promise<Found> {
  const names = Object.keys(FOUND);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await look(name)])));
}

async function workloadsWithReports(space: string): Promise<readonly string[]> {
  const found = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', space);
  return found.map(({ scope }) => (scope as { name: string }).name);
}

async function apply(cluster: Cluster, folder: string): Promise<void> {
  if (cluster.kind === 'embedded') throw new Error('kubectl is tried on the real server');
  const { kubectl } = cluster.plane;
  const args = ['--kubeconfig', cluster.kubeconfig, 'apply', '-k', join(CONFIG, folder)];
  const once = async (): Promise<void> => {
    const { code, stderr } = await runTool(kubectl, args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  };
  // Kinds are served a moment after their CRDs are taken.
  await eventually(once, { within: 60_000, every: 500 });
}
