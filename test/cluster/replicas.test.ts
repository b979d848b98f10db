/** Two replicas of the operator: one leads, and when it is killed in mid-pass the other goes on without loss. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Account, doneBy, kubeconfigOf, makeAdmin, writesOf } from '../support/cluster/access.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
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

const FIXTURES = join(import.meta.dirname, '../fixtures');
const LEASES = 'replicas';
const ACCOUNTS: readonly Account[] = ['a', 'b'].map((name) => ({ namespace: LEASES, name }));
const WORKLOADS = Array.from({ length: 12 }, (_, index) => `web-${index}`);
const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: LEASES, name: 'image-trust-operator' };

let registry: TestRegistry;

async function startReplica(cluster: Cluster, account: Account): Promise<Operator> {
  const kubeconfig = await kubeconfigOf(cluster, account);
  await makeAdmin(cluster, account);
  const args = [
    `--plain-http=${registry.host}`,
    '--leader-elect',
    `--leader-election-namespace=${LEASES}`,
    `--identity=${account.name}`,
  ];
  return startOperator({ kubeconfig, args });
}

/** Who holds the Lease; empty when it was released. */
async function holder({ client }: Cluster): Promise<string> {
  const spec = (await client.get(lease))?.['spec'] as { holderIdentity?: string } | undefined;
  return spec?.holderIdentity ?? '';
}

describeOnClusters(
  'two replicas',
  {
    controllers: 'lifecycle',
    audit: true,
    async prepare({ client }) {
      const layouts = Object.fromEntries(WORKLOADS.map((name) => [`app/${name}`, join(FIXTURES, 'legacy3-k1')]));
      registry = await startRegistry({ layouts });
      await installReports(client, 'wgpolicyk8s');
      return registry;
    },
  },
  (cluster) => {
    describe('the leader is killed in mid-pass', () => {
      test('and the other takes over: every verdict comes, no report is written by both', async () => {
        const { client } = cluster();
        await client.apply(
          namespace('team'),
          trustedKey('team', { publicKey: { pem: publicKey('k1') } }),
          policy('team', 'team'),
        );
        for (const name of WORKLOADS) await deploy(client, 'team', name, imageOf(registry, `app/${name}`));
        registry.fault({ match: '/manifests/', delayMs: 300 });
        const [first, second] = ACCOUNTS as readonly [Account, Account];
        const leader = await startReplica(cluster(), first);
        await eventually(async () => expect(await holder(cluster())).not.toBe(''));
        const before = await holder(cluster());
        await using follower = await startReplica(cluster(), second);
        await eventually(async () => expect((await reports(client, 'team')).length).toBeGreaterThan(0), { every: 20 });
        await leader.end('SIGKILL');
        const killedAt = Date.now();
        await eventually(async () => expect([before, '']).not.toContain(await holder(cluster())), { within: 25_000 });
        expect(Date.now() - killedAt).toBeLessThan(20_000);
        await eventually(async () => expect(await reports(client, 'team')).toHaveLength(WORKLOADS.length), {
          within: 30_000,
        });
        expect(await reports(client, 'team')).toEqual(
          WORKLOADS.map((name) => `Deployment/${name} team/app pass Verified`).toSorted(),
        );
        expect(await follower.metric('leader_election_master_status')).toBe(1);
        // No verdict is lost, and none is news a second time: the first `verified` of an image is none at all.
        const all = { total: WORKLOADS.length, verified: WORKLOADS.length, rejected: 0, unknown: 0 };
        await eventually(async () => expect((await policyStatus(client, 'team')).workloads).toEqual(all));
        expect(await follower.metric('image_trust_workloads', { policy: 'team', state: 'verified' })).toBe(
          all.verified,
        );
        expect(await events(client, 'team')).toEqual([]);
        const written = ACCOUNTS.map((account) => namesOf(cluster(), account));
        expect(written[0]?.length).toBeGreaterThan(0);
        expect(written[0]?.filter((name) => written[1]?.includes(name))).toEqual([]);
        const ended = await follower.end();
        expect([ended.code, await holder(cluster())]).toEqual([0, '']);
        expect(ended.tookMs).toBeLessThan(10_000);
      });
    });

    test('a follower writes nothing but what its election needs', async () => {
      const [first, second] = ACCOUNTS as readonly [Account, Account];
      await using leader = await startReplica(cluster(), first);
      await eventually(async () => expect(await leader.metric('leader_election_master_status')).toBe(1));
      const from = writesOf(doneBy(cluster(), second)).length;
      await using follower = await startReplica(cluster(), second);
      await deploy(cluster().client, 'team', 'late', imageOf(registry, 'app/web-0'));
      await eventually(async () => expect(await reports(cluster().client, 'team')).toHaveLength(WORKLOADS.length + 1));
      expect(await follower.isReady()).toBe(true);
      const wrote = writesOf(doneBy(cluster(), second)).slice(from);
      expect(wrote.filter(({ resource }) => resource !== 'leases')).toEqual([]);
    });
  },
);

/** Reports that somebody wrote, each once. */
function namesOf(cluster: Cluster, account: Account): readonly string[] {
  const done = writesOf(doneBy(cluster, account)).filter(
    ({ resource, code }) => resource === 'policyreports' && code < 300,
  );
  return [...new Set(done.flatMap(({ name }) => name ?? []))];
}
