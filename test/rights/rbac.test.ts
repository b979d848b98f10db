/**
 * The operator with the rights that config/ gives it and no others, on the real API server: they are enough, and of each
 * there is something that is not seen without it. Each is taken away alone.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kubeconfigOf } from '../support/cluster/access.ts';
import type { ClusterClient } from '../support/cluster/client.ts';
import { describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Gate, openGate } from '../support/cluster/gate.ts';
import { type Grant, grantsOf } from '../support/cluster/grants.ts';
import { CONFIG, applyKustomization } from '../support/cluster/kubectl.ts';
import { installKyvernoCrds } from '../support/cluster/kyverno-crds.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { imageOf } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ACCOUNT, OWNERS } from './owners.table.ts';
import { ENFORCEMENT } from './rbac-enforcement.table.ts';
import { AT_START, judged, SCENARIOS as WORK } from './rbac.table.ts';
import { MANY, manyOf, expectNeeded, type Rights, without as withoutRight } from './rights.ts';

const SCENARIOS = [...WORK, ...ENFORCEMENT];
const FIXTURES = join(import.meta.dirname, '../fixtures');
const LEASES = 'coordination.k8s.io/leases';
const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...ACCOUNT };

let client: ClusterClient;
let registry: TestRegistry;
let gate: Gate;
let grants: readonly Grant[];
let kubeconfig: string;
/** The one that leads, from the tests of its Lease on. */
let operator: Operator;

describeOnClusters(
  'the rights of the operator',
  {
    crds: false,
    controllers: 'lifecycle',
    only: 'real',
    async prepare(cluster) {
      if (cluster.kind === 'embedded') throw new Error('the rights are tried on the real server');
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const layouts = { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/unsigned': join(FIXTURES, 'unsigned') };
      registry = stack.use(await startRegistry({ layouts }));
      await applyKustomization(cluster, join(CONFIG, 'default'));
      for (const api of ['wgpolicyk8s', 'openreports'] as const) await installReports(client, api);
      await installKyvernoCrds(client, 'ClusterPolicy', 'ImageValidatingPolicy');
      await Promise.all(OWNERS.map((kind) => manyOf(client, imageOf(registry, 'app/signed'), kind)));
      grants = await grantsOf(client, ACCOUNT);
      gate = stack.use(await openGate(cluster.plane.entrance));
      kubeconfig = await kubeconfigOf(cluster, ACCOUNT, gate.server);
      stack.defer(async () => void (await operator?.end()));
      return stack;
    },
  },
  () => {
    test('are each of them for something', () => {
      const rights = grants.map(({ right }) => right);
      expect(rights.toSorted()).toEqual([...AT_START, ...SCENARIOS.map(({ right }) => right)].toSorted());
    });

    describe('at the start of the operator', () => {
      test('with all of them, owners of many Pods are read by lists, and the Lease is given up at the end', async () => {
        await using started = await start();
        for (const { resource } of OWNERS)
          expect([resource, gate.count(`list ${resource}`, 200), gate.count(`get ${resource}`)]).toEqual([
            resource,
            1,
            0,
          ]);
        await eventually(async () => expect(await holder()).not.toBe(''));
        expect((await started.end()).code).toBe(0);
        expect(await holder()).toBe('');
      });

      test.each(OWNERS)('without `list $resource`, each owner is asked for by itself', async ({ resource }) => {
        await without(`list ${resource}`, async () => {
          await using _ = await start();
          expect(gate.count(`get ${resource}`)).toBe(MANY);
        });
      });

      test(`without \`create ${LEASES}\`, nobody leads where there is no Lease`, async () => {
        await client.remove(lease);
        await without(`create ${LEASES}`, async (refused) => {
          operator = await start(false);
          await eventually(() => expect(refused()).toBe(true));
          expect(await client.get(lease)).toBeUndefined();
          expect(await operator.isReady()).toBe(false);
        });
        await eventually(async () => expect(await leads()).toBe(1));
      });

      test(`without \`update ${LEASES}\`, the Lease is not given up`, async () => {
        await without(`update ${LEASES}`, async () => {
          await operator.end();
          expect(await holder()).not.toBe('');
        });
        await client.remove(lease);
      });

      test(`without \`get ${LEASES}\`, nobody leads, and nobody is ready`, async () => {
        await without(`get ${LEASES}`, async (refused) => {
          operator = await start(false);
          await eventually(() => expect(refused()).toBe(true));
          expect(await operator.isReady()).toBe(false);
        });
        await eventually(async () => expect(await leads()).toBe(1));
      });
    });

    test('let it judge, to begin with', async () => {
      const before = gate.passed.length;
      await judged({ client, registry }, 'team');
      expect(gate.passed.slice(before).filter(({ status }) => status === 403)).toEqual([]);
    });

    test.each(SCENARIOS.map((scenario, index) => ({ ...scenario, name: `step-${index}` })))(
      'with `$right` and not without: $shows',
      async ({ name, ...scenario }) => expectNeeded(rights(), { client, gate, registry, operator }, scenario, name),
    );

    describe('at a start after --report-api was another', () => {
      const right = (verb: string): string => `${verb} openreports.io/reports`;

      test.each(['list', 'delete'])(
        'without `%s openreports.io/reports`, a report of that kind stays',
        async (verb) => {
          await operator.end();
          await leaveBehind();
          await without(right(verb), async (refused) => {
            operator = await start();
            await eventually(() => expect(refused()).toBe(true));
            expect(await leftBehind()).toHaveLength(1);
          });
        },
      );

      test('with both it goes', async () => {
        await operator.end();
        operator = await start();
        await eventually(async () => expect(await leftBehind()).toEqual([]));
      });
    });

    test('and it asks for nothing that it was not given', () => {
      const given = new Set(grants.map(({ right }) => right));
      const refused = gate.passed.filter(({ status }) => status === 403).map(({ right }) => right);
      expect(refused.filter((right) => !given.has(right))).toEqual([]);
    });
  },
);

async function start(ready = true): Promise<Operator> {
  const args = [`--plain-http=${registry.host}`, '--leader-elect', `--leader-election-namespace=${ACCOUNT.namespace}`];
  return startOperator({ kubeconfig, args, ready });
}

/** A report of ours as the operator wrote it when it was told to write the other kind. */
async function leaveBehind(): Promise<void> {
  const reports = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', 'team');
  const report = reports.find(({ scope }) => (scope as { name: string }).name === 'web');
  if (report === undefined) throw new Error('there is no report of Deployment/web');
  const { name, namespace: space, labels, annotations } = report.metadata;
  const metadata = { name, namespace: space, labels, annotations };
  await client.apply({ ...report, apiVersion: 'openreports.io/v1alpha1', kind: 'Report', metadata });
}

const leftBehind = () => client.list('openreports.io/v1alpha1', 'Report', 'team');

/** Who holds the Lease; empty where nobody does. */
async function holder(): Promise<string> {
  const spec = (await client.get(lease))?.['spec'] as { holderIdentity?: string } | undefined;
  return spec?.holderIdentity ?? '';
}

function leads(): Promise<number> {
  return operator.metric('leader_election_master_status');
}

const rights = (): Rights => ({ client, gate, account: ACCOUNT, grants });

/** Does it without this one right, of those that the operator has. */
function without<T>(right: string, work: (refused: () => boolean) => Promise<T>): Promise<T> {
  return withoutRight(rights(), right, work);
}
