/**
 * The cluster of the demo: an API server in memory, or with CLUSTER=real the real kube-apiserver, etcd,
 * kube-controller-manager and kubectl. Either takes the same kubectl commands; for the one in memory, the few that the
 * demo uses are done here.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { startApiServer } from '../support/api-server/server.ts';
import { type ClusterClient, clusterClient, type Loose } from '../support/cluster/client.ts';
import { CONTROL_PLANE_TOOLS, startControlPlane, writeKubeconfig } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { toolbox } from '../toolbox/toolbox.ts';
import { customColumns, printerColumns, table } from './columns.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface DemoCluster extends AsyncDisposable {
  readonly what: string;
  readonly kubeconfig: string;
  readonly client: ClusterClient;
  /** Whether somebody makes Pods of Deployments. */
  readonly hasControllers: boolean;
  /** What `kubectl ARGS` prints. */
  kubectl(args: readonly string[]): Promise<string>;
}

export async function startCluster(kind: string | undefined): Promise<DemoCluster> {
  return kind === 'real' ? real() : embedded();
}

async function embedded(): Promise<DemoCluster> {
  const api = await startApiServer({ bookmarkEveryMs: 5000 });
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-demo-'));
  const client = clusterClient({ server: api.url });
  return {
    what: 'a Kubernetes API server in memory (CLUSTER=real: kube-apiserver and etcd)',
    kubeconfig: writeKubeconfig(folder, 'demo', { server: api.url }),
    client,
    hasControllers: false,
    kubectl: (args) => inMemory(client, args),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function real(): Promise<DemoCluster> {
  const box = await toolbox(...CONTROL_PLANE_TOOLS);
  if (!box.ready) throw new Error('CLUSTER=real: the real control plane cannot be had on this machine, see above');
  const plane = await startControlPlane(box, { controllers: 'all' });
  const client = clusterClient(plane.entrance);
  await eventually(
    async () => {
      const found = await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' });
      if (found === undefined) throw new Error('it is not there');
    },
    { what: 'namespace default' },
  );
  const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
  return {
    what: 'the real kube-apiserver, etcd and kube-controller-manager',
    kubeconfig: plane.kubeconfig,
    client,
    hasControllers: true,
    kubectl: async (args) =>
      execFileSync(plane.kubectl, args, { cwd: ROOT, env, encoding: 'utf8', timeout: 30_000, stdio: 'pipe' }),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
    },
  };
}

/** The kinds that the demo gets, by the names that kubectl takes. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, kind: string, crd?: string]>> = {
  imagetrustpolicies: ['imagetrust.dev/v1alpha1', 'ImageTrustPolicy', 'imagetrustpolicies.imagetrust.dev'],
  trustedkeys: ['imagetrust.dev/v1alpha1', 'TrustedKey', 'trustedkeys.imagetrust.dev'],
  trustedkey: ['imagetrust.dev/v1alpha1', 'TrustedKey'],
  policyreports: ['wgpolicyk8s.io/v1alpha2', 'PolicyReport'],
  'events.events.k8s.io': ['events.k8s.io/v1', 'Event'],
};

async function inMemory(client: ClusterClient, args: readonly string[]): Promise<string> {
  const [verb, resource = '', name = ''] = args;
  if (verb === 'apply') return apply(client, args);
  const [apiVersion, kind, crd] = KINDS[resource] ?? [];
  if (apiVersion === undefined || kind === undefined) throw new Error(`kubectl ${args.join(' ')}: not in the demo`);
  if (verb === 'patch') {
    const { patch = '{}' } = options(args.slice(3));
    await client.patch({ apiVersion, kind, name }, JSON.parse(patch) as object);
    return `${kind.toLowerCase()}.imagetrust.dev/${name} patched\n`;
  }
  const { namespace, output, 'sort-by': sortBy } = options(args.slice(2));
  const objects = await client.list(apiVersion, kind, namespace);
  if (output !== undefined)
    return table(objects, customColumns(output.replace('custom-columns=', '')), '<none>', sortBy);
  const definition = await client.get({ ...CRD, name: crd ?? '' });
  if (definition === undefined) throw new Error(`${resource}: there is no CRD`);
  return table(objects, printerColumns(definition), '', '.metadata.name');
}

const CRD = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

function options(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      namespace: { type: 'string', short: 'n' },
      output: { type: 'string', short: 'o' },
      'sort-by': { type: 'string' },
      type: { type: 'string' },
      patch: { type: 'string', short: 'p' },
    },
  });
  return values;
}

async function apply(client: ClusterClient, args: readonly string[]): Promise<string> {
  const files = args.filter((_, index) => args[index - 1] === '-f');
  const said: string[] = [];
  for (const file of files)
    for (const document of parseAllDocuments(readFileSync(join(ROOT, file), 'utf8'))) {
      const object = document.toJS() as Loose;
      await client.apply(object);
      const { name } = object['metadata'] as { name: string };
      said.push(`${nameOf(object)}/${name} created\n`);
    }
  return said.join('');
}

/** kubectl says `deployment.apps/cart`. */
function nameOf({ apiVersion, kind }: Loose): string {
  const [group = '', version] = apiVersion.split('/');
  return version === undefined ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}
