/** Reports of the kind that is not chosen any more: ours go, and only when the chosen kind says what they said. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OperatorOptions } from '../../src/controllers/operator.ts';
import { OPEN_REPORTS } from '../../src/kube/resource.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import { deploy, imageOf, namespace, policy, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { runOperator } from '../support/operator.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const OLD = 'wgpolicyk8s.io/policyreports';
const NEW = 'openreports.io/reports';
const OPEN = { resource: OPEN_REPORTS, api: 'openreports.io/v1alpha1' } as const;

let cluster: Extract<Cluster, { kind: 'embedded' }>;
let registry: TestRegistry;
let stack: AsyncDisposableStack;

/** Two namespaces with a report each of the old kind, as an operator of yesterday left them. */
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const started = await startCluster('embedded');
  if (started?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  cluster = stack.use(started);
  registry = stack.use(
    await startRegistry({ layouts: { 'app/signed': join(import.meta.dirname, '../fixtures/legacy3-k1') } }),
  );
  await installReports(cluster.client, 'wgpolicyk8s');
  await cluster.client.apply(
    ...['shop', 'desk'].map((name) => namespace(name)),
    trustedKey('all', { publicKey: { pem: publicKey('k1') } }),
    policy('all', 'all', { match: { namespaces: ['shop', 'desk'] } }),
  );
  for (const space of ['shop', 'desk']) await deploy(cluster.client, space, 'web', imageOf(registry, 'app/signed'));
  await using _ = await run();
  await eventually(() => {
    if (stored(OLD).length < 2) throw new Error('the reports of yesterday are not there');
  });
});
afterEach(() => stack.disposeAsync());

const run = (options: Partial<OperatorOptions> = {}): ReturnType<typeof runOperator> =>
  runOperator(cluster.kubeconfig, [registry.host], options);

function stored(kind: typeof OLD | typeof NEW): readonly string[] {
  return ['shop', 'desk'].flatMap((space) =>
    cluster.api.stored(kind, space).map(({ metadata }) => `${space}/${metadata.name}`),
  );
}

test('another kind is chosen: the new reports come, then ours of the old kind go, and nobody else’s', async () => {
  await installReports(cluster.client, 'openreports');
  const foreign = (name: string, labels: object): object => ({
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: 'PolicyReport',
    metadata: { name, namespace: 'shop', labels },
    scope: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    results: [],
  });
  cluster.api.seed([
    foreign('theirs', { theirs: 'yes' }) as never,
    foreign('also-theirs', { 'app.kubernetes.io/managed-by': 'imagetrust' }) as never,
  ]);
  const from = cluster.api.requests.length;
  await using _ = await run({ reports: OPEN });
  await eventually(() => expect([stored(NEW).length, stored(OLD)]).toEqual([2, ['shop/also-theirs', 'shop/theirs']]));
  const order = cluster.api.requests
    .slice(from)
    .filter(({ verb, resource }) => verb === 'delete' || (verb === 'create' && resource.endsWith('reports')))
    .map(({ verb, namespace: space }) => `${verb} ${space}`);
  for (const space of ['shop', 'desk'])
    expect(order.indexOf(`create ${space}`)).toBeLessThan(order.indexOf(`delete ${space}`));
});

test('no kind is chosen: they go, and none comes', async () => {
  await using _ = await run({ reports: undefined });
  await eventually(() => expect(stored(OLD)).toEqual([]));
});

test('the kind that is chosen is not served: what there is stays', async () => {
  await using operator = await run({ reports: OPEN });
  await eventually(() => expect(operator.operator.desk.board.rowsOf('all')).toHaveLength(2));
  await delay(1000);
  expect(stored(OLD)).toHaveLength(2);
});

test('an operator of one namespace leaves the reports of the others alone', async () => {
  {
    await using _ = await run({ reports: undefined, namespace: 'desk' });
    await eventually(() => expect(stored(OLD)).toEqual([expect.stringMatching(/^shop/)]));
  }
  await using _ = await run({ namespace: 'desk' });
  await eventually(() => expect(stored(OLD)).toHaveLength(2));
});

test('a report that somebody wrote in between is looked up anew', async () => {
  cluster.api.fault({ match: /^delete policyreports/, times: 2, status: 409 });
  await using _ = await run({ reports: undefined });
  await eventually(() => expect(stored(OLD)).toEqual([]));
});

test.each([
  ['list', /^list policyreports/],
  ['delete', /^delete policyreports/],
])('without the right to %s them it says so and goes on', async (_, match) => {
  cluster.api.fault({ match, status: 403 });
  await using operator = await run({ reports: undefined });
  await eventually(() =>
    expect(operator.log.filter(([message]) => message.includes('of another kind')).length).toBeGreaterThan(0),
  );
  await eventually(() => expect(operator.operator.desk.board.rowsOf('all')).toHaveLength(2));
  expect(stored(OLD)).toHaveLength(2);
});

test('a list that breaks off is read again', async () => {
  cluster.api.fault({ match: /^list policyreports/, times: 2, status: 503 });
  await using _ = await run({ reports: undefined });
  await eventually(() => expect(stored(OLD)).toEqual([]));
});
