/** A restart of the operator: what was known is known again, from reports and status, and nobody is asked twice. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Cluster } from '../support/cluster/cluster.ts';
import { describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import {
  deploy,
  events,
  imageOf,
  namespace,
  policy,
  policyStatus,
  publicKey,
  reports,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../fixtures', name);
const WATCH_MS = 4000;

let registry: TestRegistry;

const start = (cluster: Cluster): Promise<Operator> =>
  startOperator({ kubeconfig: cluster.kubeconfig, args: [`--plain-http=${registry.host}`] });

describeOnClusters(
  'an operator that is restarted',
  {
    controllers: 'lifecycle',
    async prepare({ client }) {
      const layouts = { 'app/signed': fixture('legacy3-k1'), 'app/unsigned': fixture('unsigned') };
      registry = await startRegistry({ layouts });
      await installReports(client, 'wgpolicyk8s');
      return registry;
    },
  },
  (cluster) => {
    test('takes its verdicts back: no report changes, no event comes twice, no registry is asked', async () => {
      const { client } = cluster();
      await client.apply(
        namespace('team'),
        trustedKey('team', { publicKey: { pem: publicKey('k1') } }),
        policy('team', 'team'),
      );
      await deploy(client, 'team', 'good', imageOf(registry, 'app/signed'));
      await deploy(client, 'team', 'bad', imageOf(registry, 'app/unsigned'));
      const first = await start(cluster());
      await eventually(async () => {
        expect((await policyStatus(client, 'team')).images).toMatchObject({ verified: 1, rejected: 1, unknown: 0 });
        expect(await events(client, 'team')).toEqual(['Deployment/bad Warning NoSignature']);
        expect(await reports(client, 'team')).toHaveLength(2);
      });
      expect(await first.end()).toMatchObject({ code: 0 });
      const versions = async (): Promise<readonly unknown[]> =>
        [
          ...(await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', 'team')),
          ...(await client.list('events.k8s.io/v1', 'Event', 'team')),
        ].map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
      const before = await versions();
      registry.requests.length = 0;
      await using second = await start(cluster());
      const counted = async (): Promise<readonly number[]> =>
        Promise.all(
          ['verified', 'rejected', 'unknown'].map((state) =>
            second.metric('image_trust_images', { policy: 'team', state }),
          ),
        );
      // Ready means that what was known is counted again.
      expect(await counted()).toEqual([1, 1, 0]);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      expect(await counted()).toEqual([1, 1, 0]);
      expect(await versions()).toEqual(before);
      expect(registry.requests.map(({ path }) => path)).toEqual([]);
    });
  },
);
