/**
 * The operator, a process of its own, and the trust roots that it fetches: what a TUF repository gives shows in reports,
 * status and metrics.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { deploy, imageOf, keyTarget, namespace, policy, reports, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startLivingTuf } from '../support/living-tuf.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const ref = { namespace: 'tuf', name: 'tuf' };
const keyless = {
  identities: [{ issuer: 'https://issuer.example.com', subject: 'https://ci.example.com/org/repo@refs/heads/main' }],
};

let registry: TestRegistry;
let operator: Operator;
let client: ClusterClient;

describeOnClusters(
  'trust roots',
  {
    controllers: 'lifecycle',
    async prepare(cluster) {
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      registry = stack.use(await startRegistry({ layouts: { 'app/keyless': join(FIXTURES, 'keyless3') } }));
      await installReports(client, 'wgpolicyk8s');
      const { kubeconfig } = cluster;
      operator = stack.use(await startOperator({ kubeconfig, args: [`--plain-http=${registry.host}`] }));
      return stack;
    },
  },
  () => {
    test('of a TUF repository, and of one that does not answer', async () => {
      await using tuf = await startLivingTuf(readFileSync(join(FIXTURES, 'keys/trusted_root.json'), 'utf8'));
      const keyBy = (name: string, mirror: string) =>
        trustedKey(name, {
          keyless,
          trustRoot: { tuf: { mirror, rootRef: { configMapRef: { ...ref, key: 'root.json' } } } },
          transparencyLog: 'Required',
        });
      await client.apply(
        ...['tuf', 'down'].map((name) => namespace(name)),
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { 'root.json': tuf.rootJson } },
        keyBy('tuf', tuf.mirror),
        keyBy('down', 'http://127.0.0.1:9'),
        ...['tuf', 'down'].map((name) => policy(name, name)),
      );
      for (const name of ['tuf', 'down']) await deploy(client, name, 'web', imageOf(registry, 'app/keyless'));
      const seen = async (): Promise<readonly string[]> =>
        (await Promise.all(['tuf', 'down'].map((name) => reports(client, name)))).flat();
      await eventually(async () =>
        expect(await seen()).toEqual([
          'Deployment/web tuf/app pass Verified',
          'Deployment/web down/app error TrustRootUnavailable',
        ]),
      );
      const expiry = await operator.metric('image_trust_trust_root_expiry_timestamp_seconds', { key: 'tuf' });
      expect(expiry).toBeGreaterThan(Date.now() / 1000);
      await eventually(async () =>
        expect(JSON.stringify(await client.get(keyTarget('down')))).toContain('TUF repository http://127.0.0.1:9: '),
      );
    });
  },
);
