/**
 * `make demo`: the operator, through the product's own command line, on a cluster with signed images. Trust is given,
 * shown, taken away and given back. Everything that was started is ended, whatever happens.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TrustedKeyStatus } from '../../src/api/trusted-key-status.ts';
import { startOperator } from '../support/cluster/operator.ts';
import { events, policyStatus } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { type DemoCluster, startCluster } from './cluster.ts';
import { hold, type Stage } from './hold.ts';
import { IMAGE_COUNT, startImages } from './images.ts';
import { makePods, runPods } from './nodes.ts';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLES = 'config/samples/demo';
/** Deployments of the samples, and the Pod beside them. */
const PODS = 14;
const PATIENCE = { within: 30_000, every: 100 };

/** Images by state under each policy: verified, rejected, unknown. */
type Expected = Readonly<Record<string, readonly [number, number, number]>>;
const TRUSTED: Expected = { shop: [3, 4, 1], payments: [1, 1, 0], 'built-by-ci': [1, 0, 0], vendors: [2, 0, 0] };
const FALLEN: Expected = { ...TRUSTED, shop: [0, 7, 1], payments: [0, 2, 0] };

const GET_POLICIES = ['get', 'imagetrustpolicies'];
const GET_KEYS = ['get', 'trustedkeys'];
const GET_REPORTS = [
  'get',
  'policyreports',
  '--namespace=shop',
  '--sort-by=.scope.name',
  '--output=custom-columns=WORKLOAD:.scope.name,RESULT:.results[*].result,REASON:.results[*].properties.reason,MESSAGE:.results[*].message',
];
const GET_EVENTS = [
  'get',
  'events.events.k8s.io',
  '--namespace=payments',
  '--sort-by=.reason',
  '--output=custom-columns=TYPE:.type,REASON:.reason,OBJECT:.regarding.name,NOTE:.note',
];

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  process.once('SIGINT', () => void stack.disposeAsync().then(() => process.exit(130)));
  process.once('SIGTERM', () => void stack.disposeAsync().then(() => process.exit(143)));
  const images = stack.use(await startImages());
  const cluster = stack.use(await startCluster(process.env['CLUSTER']));
  const stage = { cluster, images };

  say(`1. A cluster with ${PODS} workloads, and a registry with ${IMAGE_COUNT} images on loopback`);
  print(`${cluster.what}\n`);
  await fill(stage);

  say('2. The operator: who signed what runs here?');
  const flags = [...images.flags];
  print(`$ image-trust operator --kubeconfig … ${flags.join(' ')}\n`);
  const operator = stack.use(await startOperator({ kubeconfig: cluster.kubeconfig, args: flags, env: images.env }));
  try {
    await published(stage, TRUSTED);
    await show(stage, [GET_POLICIES, GET_KEYS, GET_REPORTS]);
    if (process.env['HOLD'] !== undefined) {
      await hold(stage, stack);
      return;
    }
    await revoke(stage);
    await bringBack(stage);
  } catch (error) {
    throw new Error(`${String(error)}\nThe operator said:\n${operator.output()}`, { cause: error });
  }
  say('5. The operator ends by itself when it is told to');
  const { code } = await operator.end();
  print(`exit code ${code}\n`);
  if (code !== 0) throw new Error(`expected exit code 0 of the operator, found ${code}\n${operator.output()}`);

  say('6. Without a cluster: the same verdicts from manifests, and what would fall without a key');
  await scan(stage);
}

/** CRDs, signers, policies and workloads, by kubectl; what the rest of a cluster does with them. */
async function fill({ cluster, images }: Stage): Promise<void> {
  const crds = ['crds/imagetrust.dev_trustedkeys.yaml', 'crds/imagetrust.dev_imagetrustpolicies.yaml'];
  await apply(cluster, [...crds, 'test/fixtures/crds/wgpolicyk8s.io_policyreports.yaml']);
  for (const kind of ['TrustedKey', 'ImageTrustPolicy'])
    await eventually(() => cluster.client.list('imagetrust.dev/v1alpha1', kind), PATIENCE);
  await eventually(() => cluster.client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport'), PATIENCE);
  await apply(cluster, ['config/samples/namespaces.yaml']);
  await apply(
    cluster,
    ['keys', 'policies', 'workloads'].map((name) => `${SAMPLES}/${name}.yaml`),
  );
  if (!cluster.hasControllers) await makePods(cluster.client);
  await runPods(cluster.client, images, PODS);
}

async function revoke(stage: Stage): Promise<void> {
  say('3. The key release-2026 has leaked: revoke it');
  await setState(stage, 'Revoked', FALLEN);
  await eventually(async () => {
    if (!(await events(stage.cluster.client, 'payments')).includes('Deployment/ledger Warning KeyRevoked'))
      throw new Error('expected an event KeyRevoked on Deployment/ledger, found none');
  }, PATIENCE);
  await show(stage, [GET_POLICIES, GET_REPORTS, GET_EVENTS]);
}

async function bringBack(stage: Stage): Promise<void> {
  say('4. A false alarm: bring it back');
  await setState(stage, 'Active', TRUSTED);
  await show(stage, [GET_POLICIES]);
}

async function setState(stage: Stage, state: string, expected: Expected): Promise<void> {
  const patch = JSON.stringify({ spec: { lifecycle: { state } } });
  await show(stage, [['patch', 'trustedkey', 'release-2026', '--type=merge', `--patch=${patch}`]]);
  const began = Date.now();
  await published(stage, expected);
  process.stderr.write(`demo: published everywhere after ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

/** Waits until status, reports and conditions of all policies, and the dependents of keys, say what is expected. */
async function published({ cluster: { client } }: Stage, expected: Expected): Promise<void> {
  await eventually(async () => {
    for (const [policy, counts] of Object.entries(expected)) {
      const { images, conditions = [] } = await policyStatus(client, policy);
      const found = [images?.verified, images?.rejected, images?.unknown].join(' ');
      const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      if (!ready || found !== counts.join(' '))
        throw new Error(`policy ${policy}: expected ${counts.join(' ')} and ready, found ${found}, ready: ${ready}`);
    }
    const reports = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport');
    const passed = reports.filter(({ summary }) => (summary as { pass: number }).pass === 1).length;
    const sum = Object.values(expected).reduce((total, [verified]) => total + verified, 0);
    if (reports.length !== PODS || passed !== sum)
      throw new Error(`expected ${PODS} reports, found ${reports.length}, of which ${passed} pass, expected ${sum}`);
    // Every image here that is verified is so by one key.
    const keys = await client.list('imagetrust.dev/v1alpha1', 'TrustedKey');
    const dependents = keys.map(({ status }) => (status as TrustedKeyStatus | undefined)?.dependents?.images ?? 0);
    const depend = dependents.reduce((total, images) => total + images, 0);
    if (depend !== sum) throw new Error(`expected ${sum} images to depend on keys, found ${depend}`);
  }, PATIENCE);
}

/** The other front door, as a process. It ends with 1: something is rejected. */
async function scan({ images }: Stage): Promise<void> {
  const args = ['scan', '-f', SAMPLES, '--policy', 'payments', '--without-key', 'release-2026'];
  print(`$ image-trust ${args.join(' ')} ${images.flags.join(' ')}\n`);
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...args, ...images.flags], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...images.env },
    timeout: 60_000,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 1) throw new Error(`expected exit code 1 of scan, found ${code}`);
}

async function apply(cluster: DemoCluster, files: readonly string[]): Promise<void> {
  const args = ['apply', ...files.flatMap((file) => ['-f', file])];
  print(`$ kubectl ${args.join(' ')}\n`);
  await cluster.kubectl(args);
}

async function show({ cluster }: Stage, commands: readonly (readonly string[])[]): Promise<void> {
  for (const args of commands)
    print(`$ kubectl ${args.map(quoted).join(' ')}
${await cluster.kubectl(args)}`);
}

function quoted(argument: string): string {
  return /^[\w./=-]*$/.test(argument) ? argument : `'${argument}'`;
}

function say(text: string): void {
  const [bold, plain] = process.stdout.isTTY ? ['\u001B[1m', '\u001B[0m'] : ['', ''];
  print(`\n${bold}${text}${plain}\n`);
}

function print(text: string): void {
  process.stdout.write(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
