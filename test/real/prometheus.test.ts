/** What the real Prometheus makes of the running operator: its metrics are clean, and a scrape finds what runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { deploy, imageOf, namespace, policy, policyStatus, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';
import { startRegistry } from '../support/registry.ts';
import { runTool, toolbox } from '../toolbox/toolbox.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const box = await toolbox('promtool', 'prometheus');

const stack = new AsyncDisposableStack();
let operator: Operator;
let client: ClusterClient;

beforeAll(async () => {
  if (!box.ready) return;
  const cluster: Cluster | undefined = await startCluster('embedded');
  if (cluster === undefined) throw new Error('no cluster');
  ({ client } = stack.use(cluster));
  await installReports(client, 'wgpolicyk8s');
  const layouts = { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/unsigned': join(FIXTURES, 'unsigned') };
  const registry = stack.use(await startRegistry({ layouts }));
  const args = [`--plain-http=${registry.host}`, '--leader-elect', '--leader-election-namespace=default'];
  operator = stack.use(await startOperator({ kubeconfig: cluster.kubeconfig, args }));
  await client.apply(
    namespace('team'),
    trustedKey('team', { publicKey: { pem: publicKey('k1') } }),
    policy('team', 'team'),
  );
  await deploy(client, 'team', 'good', imageOf(registry, 'app/signed'));
  await deploy(client, 'team', 'bad', imageOf(registry, 'app/unsigned'));
});
afterAll(() => stack.disposeAsync());
beforeEach((context) => context.skip(!box.ready, box.ready ? '' : box.why));

const path = (name: 'promtool' | 'prometheus'): string => (box.ready ? box.path(name) : name);

test('the operator judges what runs', async () => {
  await eventually(async () => {
    expect((await policyStatus(client, 'team')).images).toMatchObject({ verified: 1, rejected: 1 });
  });
});

test('promtool finds nothing to say against the metrics of a running operator', async () => {
  const text = await (await fetch(`${operator.metricsUrl}/metrics`)).text();
  const { code, stdout, stderr } = await runTool(path('promtool'), ['check', 'metrics'], { input: text });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('Prometheus scrapes it and answers queries about what runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-prometheus-'));
  const [port] = await freePorts(1);
  const target = new URL(operator.metricsUrl).host;
  const scrape = [{ job_name: 'image-trust', scrape_interval: '1s', static_configs: [{ targets: [target] }] }];
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: scrape }));
  const flags = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(path('prometheus'), flags, { stdio: 'ignore' });
  try {
    await eventually(async () => expect(await query(port ?? 0, 'up')).toEqual([1]), { within: 60_000 });
    expect(await query(port ?? 0, 'image_trust_images{policy="team",state="verified"} > 0')).toEqual([1]);
    expect(await query(port ?? 0, 'image_trust_images{policy="team",reason="NoSignature"}')).toEqual([1]);
    expect(await query(port ?? 0, 'leader_election_master_status')).toEqual([1]);
    expect(await query(port ?? 0, 'image_trust_build_info')).toEqual([1]);
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

async function query(port: number, expression: string): Promise<readonly number[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result.map(({ value: [, value] }) => Number(value));
}
