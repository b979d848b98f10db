/** What the real Prometheus makes of the running operator: its metrics are clean, and a scrape finds what runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { deploy, imageOf, namespace, policy, policyStatus, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { answers } from '../support/control-plane.ts';
import { CONFIG } from '../support/cluster/kubectl.ts';
import { type DashboardPanel, PANELS, VARIABLES } from '../config/dashboard.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';
import { program } from '../support/program.ts';
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
    trustedKey('team', { publicKey: { pem: publicKey('k1') }, lifecycle: { validUntil: '2099-01-01T00:00:00Z' } }),
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

describe('a Prometheus that scrapes it', () => {
  let api: string;
  const prometheus = new AsyncDisposableStack();

  beforeAll(async () => {
    if (!box.ready) return;
    const folder = mkdtempSync(join(tmpdir(), 'image-trust-prometheus-'));
    prometheus.defer(() => rmSync(folder, { recursive: true, force: true }));
    const [port] = await freePorts(1);
    api = `http://127.0.0.1:${port}/api/v1`;
    const { host } = new URL(operator.metricsUrl);
    const scrape = [{ job_name: 'image-trust', scrape_interval: '1s', static_configs: [{ targets: [host] }] }];
    const global = { evaluation_interval: '1s' };
    const config = { global, rule_files: [join(CONFIG, 'prometheus/rules.yaml')], scrape_configs: scrape };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const running = program({
      folder,
      path: path('prometheus'),
      flags: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      ready: () => answers(`http://127.0.0.1:${port}/-/ready`),
    });
    prometheus.defer(() => running.stop());
    await running.start();
    // A rate takes two scrapes.
    const scraped = async (): Promise<void> => {
      if ((await values('count_over_time(up[1m]) > 2')).length === 0) throw new Error('not scraped twice yet');
    };
    await eventually(scraped, { within: 60_000 });
  });
  afterAll(() => prometheus.disposeAsync());

  test('answers queries about what runs', async () => {
    expect(await values('image_trust_images{policy="team",state="verified"} > 0')).toEqual([1]);
    expect(await values('image_trust_images{policy="team",reason="NoSignature"}')).toEqual([1]);
    expect(await values('leader_election_master_status')).toEqual([1]);
    expect(await values('image_trust_build_info')).toEqual([1]);
  });

  test('takes the alerts, and evaluates each of them', async () => {
    const rules = async () => {
      const { groups } = await asked<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
      return groups.flatMap((group) => group.rules);
    };
    const found = await eventually(async () => {
      const all = await rules();
      expect(all.filter(({ health }) => health === 'unknown')).toEqual([]);
      return all;
    });
    expect(found.length).toBeGreaterThanOrEqual(10);
    expect(found.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  describe('and the dashboard', () => {
    test.each(PANELS.map((panel): [string, DashboardPanel] => [panel.title, panel]))(
      'panel %s has something to show for each of its queries',
      async (_, { targets }) => {
        const shown = await Promise.all(targets.map(async ({ expr }) => (await values(chosen(expr))).length > 0));
        const empty = targets.filter((__, index) => shown[index] === false).map(({ expr }) => expr);
        expect(empty.filter((expr) => !ABSENT.test(expr))).toEqual([]);
      },
    );

    test.each(VARIABLES.map((variable): [string, string] => [variable.name, variable.definition]))(
      'variable %s has choices',
      async (name, definition) => {
        const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
        const found = await asked<string[]>(`label/${label}/values?match[]=${encodeURIComponent(chosen(selector))}`);
        expect([name, found]).toEqual([name, [name === 'job' ? 'image-trust' : 'team']]);
      },
    );
  });

  async function values(expression: string): Promise<readonly number[]> {
    const { result } = await asked<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result.map(({ value: [, value] }) => Number(value));
  }

  async function asked<T>(question: string): Promise<T> {
    const response = await fetch(`${api}/${question}`);
    const { status, error, data } = (await response.json()) as { status: string; error?: string; data: T };
    if (status !== 'success') throw new Error(`${decodeURIComponent(question)}: ${error}`);
    return data;
  }
});

/** Has no series: no key here goes by a TUF repository. That the query parses is tried all the same. */
const ABSENT = /image_trust_trust_root_expiry_timestamp_seconds/;

/** A query with everything chosen, as Grafana would send it for the last half hour. */
function chosen(expression: string): string {
  return expression.replaceAll(/\$(job|policy|key)\b/g, '.*').replaceAll('$__rate_interval', '1m');
}
