/**
 * What the options of config/components grant beside config/default: each right is for something, on the real API server.
 * Who reads the metrics is tried as a scraper meets it in secure-metrics.test.ts; here each question is forbidden.
 */
import { get } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Account, kubeconfigOf, tokenOf } from '../support/cluster/access.ts';
import { type ClusterClient, clusterClient, type Entrance, type Loose } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Gate, openGate } from '../support/cluster/gate.ts';
import { type Grant, grantsOf } from '../support/cluster/grants.ts';
import { applyKustomization, withOverlay } from '../support/cluster/kubectl.ts';
import { installKyvernoCrds } from '../support/cluster/kyverno-crds.ts';
import { installMonitoringCrds } from '../support/cluster/monitoring-crds.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { imageOf } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { ACCOUNT, CUSTOM_OWNERS, customCrd } from './owners.table.ts';
import { PROBING } from './probing.table.ts';
import { pulling } from './pulling.table.ts';
import { judged, owner } from './rbac.table.ts';
import { MANY, manyOf, expectNeeded, type Rights, without } from './rights.ts';

const SCRAPER: Account = { namespace: 'monitoring', name: 'prometheus' };
const REVIEWS = ['create authentication.k8s.io/tokenreviews', 'create authorization.k8s.io/subjectaccessreviews'];
const PULLS = ['secrets', 'serviceaccounts'] as const;
const ROLES = ['custom-owners', 'metrics-auth', 'probe', 'pull-secrets'].map((name) => `image-trust-operator-${name}`);

let client: ClusterClient;
let registry: TestRegistry;
/** One that asks for a password. */
let closed: TestRegistry;
let gate: Gate;
let grants: readonly Grant[];
let kubeconfig: string;

const rights = (): Rights => ({ client, gate, account: ACCOUNT, grants });

describeOnClusters(
  'the rights of the options',
  {
    crds: false,
    controllers: 'lifecycle',
    only: 'real',
    async prepare(cluster) {
      if (cluster.kind === 'embedded') throw new Error('the rights are tried on the real server');
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const layouts = { 'app/signed': join(import.meta.dirname, '../fixtures/legacy3-k1') };
      registry = stack.use(await startRegistry({ layouts }));
      const auth = { type: 'basic', username: 'puller', password: 'p' } as const;
      closed = stack.use(await startRegistry({ layouts, auth }));
      await client.apply(...CUSTOM_OWNERS.map((kind) => customCrd(kind) as Loose));
      await installMonitoringCrds(client);
      await installReports(client, 'wgpolicyk8s');
      await installKyvernoCrds(client, 'ImageValidatingPolicy');
      const components = ['custom-owners', 'pod-pull-secrets', 'probe-admission', 'secure-metrics'].map(
        (name) => `components/${name}`,
      );
      await withOverlay({ resources: ['default'], components }, (folder) => applyKustomization(cluster, folder));
      await Promise.all(
        CUSTOM_OWNERS.map(async (kind) => {
          await eventually(() => client.list(kind.apiVersion, kind.kind));
          await manyOf(client, imageOf(registry, 'app/signed'), kind);
        }),
      );
      grants = await grantsOf(client, ACCOUNT);
      gate = stack.use(await openGate(cluster.plane.entrance));
      kubeconfig = await kubeconfigOf(cluster, ACCOUNT, gate.server);
      return stack;
    },
  },
  (cluster) => {
    test('are these, and no others', () => {
      const owners = CUSTOM_OWNERS.flatMap(({ resource }) => [`get ${resource}`, `list ${resource}`]);
      const given = grants.filter(({ role }) => ROLES.includes(role.name)).map(({ right }) => right);
      const expected = [...owners, ...PULLS.map((one) => `get /${one}`), PROBING.right, ...REVIEWS];
      expect(given.toSorted()).toEqual(expected.toSorted());
    });

    describe('to read owners of other operators', () => {
      test('with all of them, owners of many Pods are read by lists', async () => {
        await using _ = await start();
        for (const { resource } of CUSTOM_OWNERS)
          expect([resource, gate.count(`list ${resource}`, 200), gate.count(`get ${resource}`)]).toEqual([
            resource,
            1,
            0,
          ]);
      });

      test.each(CUSTOM_OWNERS)('without `list $resource`, each owner is asked for by itself', async ({ resource }) => {
        await without(rights(), `list ${resource}`, async () => {
          await using _ = await start();
          expect(gate.count(`get ${resource}`, 200)).toBe(MANY);
        });
      });

      test('with `get` and not without, a Pod stands under what owns its owner', async () => {
        await using operator = await start();
        await judged({ client, registry }, 'team');
        const stage = { client, gate, registry, operator };
        for (const [index, kind] of CUSTOM_OWNERS.entries())
          await expectNeeded(rights(), stage, owner(kind), `step-${index}`);
      });
    });

    describe('to pull as Pods do', () => {
      test('a Pod is judged with its Secret and that of its ServiceAccount, and not without', async () => {
        await using operator = await start('--pod-pull-secrets', `--plain-http=${closed.host}`);
        const stage = { client, gate, registry, operator };
        for (const by of PULLS) await expectNeeded(rights(), stage, pulling(by, closed), `pull-${by}`);
      });
    });

    describe('to try the door', () => {
      test('a policy that lets everything in is found out, and not without', async () => {
        await using operator = await start('--probe-admission');
        await expectNeeded(rights(), { client, gate, registry, operator }, PROBING, 'probed');
      });

      test('with Pods that are never there: another of the operator is refused', async () => {
        const { server, ca } = entranceOf(cluster());
        await using account = clusterClient({
          server,
          ...(ca === undefined ? {} : { ca }),
          token: await tokenOf(cluster(), ACCOUNT),
        });
        const spec = { containers: [{ name: 'app', image: imageOf(registry, 'app/signed').reference }] };
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'real', namespace: 'default' }, spec };
        const create = (query: string) => account.send('POST', `/api/v1/namespaces/default/pods${query}`, pod);
        await expect(create('')).rejects.toThrow('may only try Pods (server-side dry run), not create them');
        expect(await create('?dryRun=All')).toMatchObject({ metadata: { name: 'real' } });
        expect(await client.list('v1', 'Pod', 'default')).toEqual([]);
      });
    });

    describe('to ask who reads the metrics', () => {
      test.each(REVIEWS)('without `%s` nobody is let in, and with it who may is', async (right) => {
        await using operator = await start('--metrics-secure');
        const token = await tokenOf(cluster(), SCRAPER);
        const group = 'rbac.authorization.k8s.io';
        await client.apply({
          apiVersion: `${group}/v1`,
          kind: 'ClusterRoleBinding',
          metadata: { name: 'scraper' },
          roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'image-trust-operator-metrics-reader' },
          subjects: [{ kind: 'ServiceAccount', ...SCRAPER }],
        });
        await without(rights(), right, async (refused) => {
          expect(await scraped(operator, token)).toBe(503);
          expect(refused()).toBe(true);
        });
        await eventually(async () => expect(await scraped(operator, token)).toBe(200));
      });
    });

    test('and the operator asks for nothing that it was not given', () => {
      const given = new Set(grants.map(({ right }) => right));
      const refused = gate.passed.filter(({ status }) => status === 403).map(({ right }) => right);
      expect(refused.filter((right) => !given.has(right))).toEqual([]);
    });
  },
);

function start(...flags: readonly string[]): Promise<Operator> {
  return startOperator({ kubeconfig, args: [`--plain-http=${registry.host}`, ...flags] });
}

/** The status of one scrape; whose certificate it is, is not asked. */
async function scraped({ metricsUrl }: Operator, token: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { headers: { authorization: `Bearer ${token}` }, agent: false, rejectUnauthorized: false } as const;
  get(`${metricsUrl.replace('http:', 'https:')}/metrics`, options, (response) => {
    response.resume();
    resolve(response.statusCode);
  }).on('error', reject);
  return promise;
}

function entranceOf(cluster: Cluster): Entrance {
  if (cluster.kind === 'embedded') throw new Error('the rights are tried on the real server');
  return cluster.plane.entrance;
}
