/** `image-trust operator` within this process, on an API server in memory: how it starts, what it serves, how it ends. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { type Sample, samplesOf } from '../support/cluster/operator.ts';
import { type CliRun, imageTrust } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';

type Embedded = Extract<Cluster, { kind: 'embedded' }>;

async function embedded(): Promise<Embedded> {
  const cluster = await startCluster('embedded');
  if (cluster?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  return cluster;
}

interface Started {
  /** Sends the signal that a terminal sends. */
  stop(): Promise<CliRun>;
  metrics(): Promise<readonly Sample[]>;
}

/** Starts the command; it leads when this returns. */
async function started({ kubeconfig }: Embedded, ...args: readonly string[]): Promise<Started> {
  const [metricsPort, probesPort] = await freePorts(2);
  const stop = new AbortController();
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--metrics-bind-address=127.0.0.1:${metricsPort}`,
    `--health-probe-bind-address=127.0.0.1:${probesPort}`,
  ];
  const run = imageTrust(['operator', ...flags, ...args], { signal: stop.signal });
  const end = async (): Promise<CliRun> => {
    stop.abort(new Error('the test is over'));
    return run;
  };
  onTestFinished(async () => void (await end()));
  const metrics = async (): Promise<readonly Sample[]> =>
    samplesOf(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
  await eventually(async () => {
    const leads = (await metrics()).find(({ name }) => name === 'leader_election_master_status');
    expect(leads?.value).toBe(1);
  });
  return { stop: end, metrics };
}

test('the requests for the Lease are counted with the others', async () => {
  const cluster = await embedded();
  const operator = await started(cluster, '--leader-elect', '--leader-election-namespace=default');
  const seen = cluster.api.requests.filter(({ verb, resource }) => verb === 'create' && resource.includes('leases'));
  expect(seen).toHaveLength(1);
  const created = (await operator.metrics()).filter(
    ({ name, labels }) =>
      name === 'rest_client_requests_total' && labels['method'] === 'POST' && labels['code'] === '201',
  );
  expect(created.map(({ value }) => value)).toEqual([1]);
});

test('told to stop, it gives up the Lease, closes every watch and ends well', async () => {
  const cluster = await embedded();
  const operator = await started(cluster, '--leader-elect', '--leader-election-namespace=default');
  expect(cluster.api.watches.size).toBeGreaterThan(0);
  const { code, stderr } = await operator.stop();
  expect(code).toBe(0);
  expect(stderr).toContain('"message":"ended"');
  const [lease] = cluster.api.stored('coordination.k8s.io/leases', 'default');
  expect(lease?.['spec']).toMatchObject({ holderIdentity: '' });
  await eventually(() => expect(cluster.api.watches.size).toBe(0));
});

test('a port that is taken is wrong usage, and nothing is left running', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { kubeconfig, api } = await embedded();
  const flags = ['--metrics-bind-address=0', `--health-probe-bind-address=127.0.0.1:${port}`];
  const { code, stderr } = await imageTrust(['operator', `--kubeconfig=${kubeconfig}`, ...flags]);
  expect([code, stderr]).toEqual([64, expect.stringContaining(String(port))]);
  expect(api.watches.size).toBe(0);
});

test('a signal before the start ends it before it begins', async () => {
  const { kubeconfig, api } = await embedded();
  const asked = api.requests.length;
  const flags = ['--metrics-bind-address=0', '--health-probe-bind-address=0'];
  const signal = AbortSignal.abort(new Error('too late'));
  const { code } = await imageTrust(['operator', `--kubeconfig=${kubeconfig}`, ...flags], { signal });
  expect([code, api.requests.length - asked]).toEqual([0, 0]);
});
