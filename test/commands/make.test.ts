/**
 * The Makefile's targets for a cluster, each run as a user runs it, from a copy of the checkout, against the real
 * control plane: what is there afterwards, and what stays when the operator goes.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Ended, runTool } from '../toolbox/toolbox.ts';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { kubectl } from '../support/cluster/kubectl.ts';
import {
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyTarget,
  publicKey,
  reports,
  runPod,
  trustedKey,
} from '../support/cluster/scene.ts';
import { answers } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';
import { program } from '../support/program.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What the targets read. */
const PARTS = ['Makefile', 'package.json', 'package-lock.json', '.ci', 'config', 'crds', 'src', 'test/toolbox'];
const IMAGE = 'registry.example.com:5000/you/operator:1.2.3-rc.1';
const NAMESPACE = 'image-trust-system';
/** Every object of the installation that is no CRD, as `kubectl get` takes kinds. */
const KINDS =
  'namespaces,deployments,services,serviceaccounts,poddisruptionbudgets,networkpolicies,roles,rolebindings,clusterroles,clusterrolebindings';
const CRDS = ['imagetrustpolicies', 'trustedkeys'].map((plural) => `${plural}.imagetrust.dev`);

/** The tests may themselves have been started by make, which tells its children what it was told. */
const APART = { MAKEFLAGS: '', MAKELEVEL: '0' };

let client: ClusterClient;
let registry: TestRegistry;
let checkout: string;

describeOnClusters(
  'make',
  {
    crds: false,
    controllers: 'all',
    only: 'real',
    async prepare(cluster) {
      const stack = new AsyncDisposableStack();
      ({ client } = cluster);
      registry = stack.use(await startRegistry({ layouts: { 'app/signed': join(ROOT, 'test/fixtures/legacy3-k1') } }));
      checkout = mkdtempSync(join(tmpdir(), 'image-trust-make-'));
      stack.defer(() => rmSync(checkout, { recursive: true }));
      for (const part of PARTS) cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
      return stack;
    },
  },
  (cluster) => {
    const make = (...args: readonly string[]): Promise<Ended> => runMake(cluster(), args);
    const withCluster = (...args: readonly string[]): Promise<Ended> =>
      make(...args, `KUBECONFIG=${cluster().kubeconfig}`);

    test('manifests writes the whole installation, with the image that was named and nothing else changed', async () => {
      expect(await make('manifests', `IMG=${IMAGE}`)).toMatchObject({
        code: 0,
        stdout: `==> dist/install.yaml installs ${IMAGE}\n`,
        stderr: '',
      });
      const { stdout: rendered } = await kubectl(cluster(), 'kustomize', join(checkout, 'config/default'));
      const written = readFileSync(join(checkout, 'dist/install.yaml'), 'utf8');
      const differing = written.split('\n').filter((line, index) => line !== rendered.split('\n')[index]);
      expect(differing.map((line) => line.trim())).toEqual([`image: ${IMAGE}`]);
    });

    test('install with a kubeconfig that is merely exported leaves the cluster alone', async () => {
      expect((await make('install')).code).toBe(0);
      expect(await crds()).toEqual([]);
    });

    test('install with KUBECONFIG=… installs the CRDs, and says so', async () => {
      const { code, stdout, stderr } = await withCluster('install');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const name of CRDS)
        expect(stdout).toContain(`customresourcedefinition.apiextensions.k8s.io/${name} created`);
      expect(await crds()).toEqual(CRDS);
    });

    test('deploy installs the operator with the image that was named', async () => {
      const { code, stderr } = await withCluster('deploy', `IMG=${IMAGE}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const pods = await eventually(async () => {
        const found = await client.list('v1', 'Pod', NAMESPACE);
        expect(found).toHaveLength(2);
        return found;
      });
      const images = pods.map(({ spec }) => (spec as { containers: { image: string }[] }).containers[0]?.image);
      expect(images).toEqual([IMAGE, IMAGE]);
    });

    test('run judges the cluster from the sources, and ends when it is asked', async () => {
      await installReports(client, 'wgpolicyk8s');
      await client.apply(
        namespace('team'),
        trustedKey('team', { publicKey: { pem: publicKey('k1') } }),
        policy('team', 'team'),
      );
      // Not in a Deployment: its controllers, which run here, make its Pods themselves.
      await runPod(client, { name: 'web', namespace: 'team' }, imageOf(registry, 'app/signed'));
      const [metrics, probes] = await freePorts(2);
      const flags = [
        `--plain-http=${registry.host}`,
        `--metrics-bind-address=127.0.0.1:${metrics}`,
        `--health-probe-bind-address=127.0.0.1:${probes}`,
      ];
      const running = program({
        folder: checkout,
        path: 'make',
        flags: [...common(cluster()), 'run', `KUBECONFIG=${cluster().kubeconfig}`, `ARGS=${flags.join(' ')}`],
        env: APART,
        ready: () => answers(`http://127.0.0.1:${probes}/readyz`),
      });
      try {
        await running.start();
        await eventually(async () => expect(await reports(client, 'team')).toEqual(['Pod/web team/app pass Verified']));
      } finally {
        await running.stop();
      }
      expect(await answers(`http://127.0.0.1:${probes}/healthz`)).toBe(false);
    });

    test('undeploy removes the operator, and keeps what users made and what was found', async () => {
      const { code, stderr } = await withCluster('undeploy');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const left = await kubectl(
        cluster(),
        'get',
        KINDS,
        '-A',
        '-o',
        'name',
        '-l',
        'app.kubernetes.io/part-of=image-trust-operator',
      );
      expect(left).toMatchObject({ code: 0, stdout: '' });
      expect(await crds()).toEqual(CRDS);
      for (const target of [keyTarget('team'), policyTarget('team')]) expect(await client.get(target)).toBeDefined();
      expect(await reports(client, 'team')).toHaveLength(1);
    });

    test('undeploy where nothing is left has nothing to say against it', async () => {
      expect(await withCluster('undeploy')).toMatchObject({ code: 0, stderr: '' });
    });

    test('uninstall removes the CRDs with every key and policy, and nothing else', async () => {
      const { code, stderr } = await withCluster('uninstall');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await eventually(async () => expect(await crds()).toEqual([]));
      expect(await reports(client, 'team')).toHaveLength(1);
    });
  },
);

/** What every call has: the kubectl of the toolbox, and packages that are taken to be installed. */
function common(cluster: Cluster): readonly string[] {
  if (cluster.kind === 'embedded') throw new Error('make is tried on the real server');
  const { kubectl: path } = cluster.plane;
  return ['--no-print-directory', '-C', checkout, '-o', 'node_modules/.install', `KUBECTL=${path}`];
}

/** Runs make to its end, with the cluster in the environment alone. */
function runMake(cluster: Cluster, args: readonly string[]): Promise<Ended> {
  const env = { ...APART, KUBECONFIG: cluster.kubeconfig };
  return runTool('make', [...common(cluster), ...args], { env, timeoutMs: 50_000 });
}

/** Names of our CRDs in the cluster, sorted. */
async function crds(): Promise<readonly string[]> {
  const found = await client.list('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
  return found
    .map(({ metadata: { name = '' } }) => name)
    .filter((name) => name.endsWith('.imagetrust.dev'))
    .toSorted();
}
