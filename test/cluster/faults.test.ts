/**
 * The operator under an API server that misbehaves, in memory: whatever it answers for a while, a key that is revoked
 * shows in status, report and event soon after, and back again. And that a quiet operator says nothing.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ApiServer, Fault } from '../support/api-server/server.ts';
import type { ClusterClient } from '../support/cluster/client.ts';
import { describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import {
  deploy,
  events,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyStatus,
  policyTarget,
  publicKey,
  reports,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry } from '../support/registry.ts';

const LAYOUTS = { 'app/signed': join(import.meta.dirname, '../fixtures/legacy3-k1') };
/** Keys, policies, Pods, namespaces and reports. */
const WATCHED = 5;
const OURS = /^(patch|create|update|delete) (trustedkeys|imagetrustpolicies|policyreports|events)/;

/** The times of back-offs beside those of the work. */
const PATIENCE_MS = 20_000;
/** All clients but the tests themselves. */
const OPERATOR = /^(?!tests)/;

let operator: Operator;
let client: ClusterClient;
let api: ApiServer;

async function expectVerdict(state: 'verified' | 'rejected', within: number): Promise<void> {
  const result = state === 'verified' ? 'pass Verified' : 'fail KeyRevoked';
  const attempt = async (): Promise<void> => {
    expect((await policyStatus(client, 'team')).images).toMatchObject({ total: 1, [state]: 1 });
    expect(await reports(client, 'team')).toEqual([`Deployment/web team/app ${result}`]);
  };
  try {
    await eventually(attempt, { within, every: 100 });
  } catch (error) {
    throw new Error(`${String(error)}\nThe operator said last:\n${operator.output().slice(-3000)}`, { cause: error });
  }
}

/** Turns the key over and back while something is wrong; `wrong` may give the way to end it. */
async function survives(wrong: () => (() => void) | void): Promise<void> {
  await expectVerdict('verified', PATIENCE_MS);
  const end = wrong();
  try {
    await client.patch(keyTarget('team'), { spec: { lifecycle: { state: 'Revoked' } } });
    await expectVerdict('rejected', PATIENCE_MS);
    await client.patch(keyTarget('team'), { spec: { lifecycle: { state: 'Active' } } });
    await expectVerdict('verified', PATIENCE_MS);
  } finally {
    end?.();
  }
  await eventually(() => expect(api.watches.size).toBeGreaterThanOrEqual(WATCHED));
  expect(await operator.isReady()).toBe(true);
}

describeOnClusters(
  'an API server that misbehaves',
  {
    only: 'embedded',
    async prepare(cluster) {
      if (cluster.kind === 'real') throw new Error('faults are committed by the server in memory');
      ({ client, api } = cluster);
      await installReports(client, 'wgpolicyk8s');
      const stack = new AsyncDisposableStack();
      const registry = stack.use(await startRegistry({ layouts: LAYOUTS }));
      const args = [`--plain-http=${registry.host}`, '--leader-elect', '--leader-election-namespace=default'];
      operator = stack.use(await startOperator({ kubeconfig: cluster.kubeconfig, args }));
      const key = trustedKey('team', { publicKey: { pem: publicKey('k1') } });
      await client.apply(namespace('team'), key, policy('team', 'team'));
      await deploy(client, 'team', 'web', imageOf(registry, 'app/signed'));
      return stack;
    },
  },
  () => {
    const write = (fault: Omit<Fault, 'match'>): Fault => ({ match: OURS, userAgent: OPERATOR, times: 4, ...fault });
    test.each<[string, Fault]>([
      ['writes meet conflicts', write({ status: 409 })],
      ['writes are too many', write({ status: 429, retryAfter: 1 })],
      ['writes fail inside', write({ status: 500 })],
      ['writes time out', write({ status: 504 })],
      ['writes find no server', write({ status: 503, retryAfter: 1 })],
      ['writes break off', write({ action: 'reset' })],
      ['answers to writes are lost', write({ action: 'reset', after: true })],
      ['answers to writes are cut', write({ action: 'truncate' })],
      ['answers to writes are those of a proxy', write({ action: 'garbage' })],
      ['writes are slow', write({ delayMs: 1500 })],
      ['the Lease cannot be renewed for a moment', { match: /leases/, userAgent: OPERATOR, times: 3, status: 500 }],
    ])('%s', async (_, fault) => expect(await survives(() => api.fault(fault))).toBeUndefined());

    const keys = 'imagetrust.dev/trustedkeys';
    const policies = 'imagetrust.dev/imagetrustpolicies';
    const reported = 'wgpolicyk8s.io/policyreports';
    /** Ends the watch, and refuses those who come back twice. */
    const refuse = (resource: string, status: number, how: 'end' | 'reset'): (() => void) => {
      const match = new RegExp(`^(watch|list) ${resource.split('/')[1]}`);
      const end = api.fault({ match, userAgent: OPERATOR, times: 2, status });
      api.dropWatches(resource, how);
      return end;
    };
    // Each watch twice at most: with every failure within two minutes a reflector waits longer, as client-go's does.
    test.each<[string, () => (() => void) | void]>([
      ['of keys says that its version is too old', () => api.failWatches(keys)],
      ['of keys is gone when it comes back', () => refuse(keys, 410, 'end')],
      ['of policies breaks off', () => api.dropWatches(policies, 'reset')],
      ['of policies is too much when it comes back', () => refuse(policies, 429, 'reset')],
      ['of Pods says that something is wrong inside', () => api.failWatches('/pods', 500, 'InternalError')],
      ['of Pods comes back after history was compacted', () => (api.compact(), api.dropWatches('/pods'))],
      ['of namespaces ends', () => api.dropWatches('/namespaces')],
      ['of namespaces is refused when it comes back', () => refuse('/namespaces', 500, 'end')],
      ['of reports is refused when it comes back', () => refuse(reported, 503, 'reset')],
      ['of reports says that its version is too old', () => api.failWatches(reported)],
    ])('a watch %s', async (_, wrong) => expect(await survives(wrong)).toBeUndefined());

    test('a pass that changes nothing writes the request that it answers, and nothing else', async () => {
      await expectVerdict('verified', 20_000);
      const written = () =>
        api.requests.filter(
          ({ verb, resource, userAgent }) =>
            userAgent !== 'tests' && !['get', 'list', 'watch'].includes(verb) && !resource.endsWith('/leases'),
        );
      await quiet(() => written().length);
      const before = written().length;
      await client.annotate(policyTarget('team'), { 'imagetrust.dev/requestedAt': 'now' });
      await eventually(async () => expect((await policyStatus(client, 'team')).lastHandledRequestedAt).toBe('now'));
      await quiet(() => written().length);
      const after = written().slice(before);
      expect(new Set(after.map(({ verb, resource, subresource }) => `${verb} ${resource}/${subresource}`))).toEqual(
        new Set(['patch imagetrust.dev/imagetrustpolicies/status']),
      );
      expect(after.length).toBeLessThanOrEqual(2);
      expect(await events(client, 'team')).toContain('Deployment/web Warning KeyRevoked');
    });

    test('SIGTERM in the midst of a write: it is written, the Lease is given up, the end is 0 and comes in time', async () => {
      await expectVerdict('verified', PATIENCE_MS);
      api.fault({ match: /^update policyreports/, userAgent: OPERATOR, times: 1, delayMs: 3000 });
      await client.patch(keyTarget('team'), { spec: { lifecycle: { state: 'Revoked' } } });
      const writing = (): Promise<number> =>
        operator.metric('controller_runtime_active_workers', { controller: 'report' });
      await eventually(async () => expect(await writing()).toBe(1));
      const { code, tookMs } = await operator.end();
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(10_000);
      expect(await reports(client, 'team')).toEqual(['Deployment/web team/app fail KeyRevoked']);
      const [lease] = await client.list('coordination.k8s.io/v1', 'Lease', 'default');
      expect(lease?.['spec']).toMatchObject({ holderIdentity: '' });
    });
  },
);

/** Waits until a count has stood still for three seconds. */
async function quiet(count: () => number): Promise<void> {
  let [last, since] = [count(), Date.now()];
  await eventually(
    () => {
      if (count() !== last) [last, since] = [count(), Date.now()];
      expect(Date.now() - since).toBeGreaterThan(3000);
    },
    { within: 30_000 },
  );
}
