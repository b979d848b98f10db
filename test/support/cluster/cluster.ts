/**
 * The two clusters on which the operator's suites run: the in-process API server, and the real control plane by the
 * rule of DESIGN §9. `describeOnClusters` runs a suite on both; `CLUSTER=embedded` or `CLUSTER=real` on one.
 *
 *   describeOnClusters('policies', {}, (cluster) => {
 *     test('are taken', async () => { await cluster().client.apply(policy); });
 *   });
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { toolbox } from '../../toolbox/toolbox.ts';
import { type ApiServer, startApiServer } from '../api-server/server.ts';
import {
  CONTROL_PLANE_TOOLS,
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
  writeKubeconfig,
} from '../control-plane.ts';
import { eventually } from '../eventually.ts';
import { type ClusterClient, clusterClient, type Loose } from './client.ts';
import { REPORT_KINDS } from './scene.ts';

interface Base extends AsyncDisposable {
  /** Path of a kubeconfig as admin. */
  readonly kubeconfig: string;
  /** A temporary folder that goes with the cluster. */
  readonly folder: string;
  readonly client: ClusterClient;
  /** Takes the API server away and brings it back; what was stored stays. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
}
/** A cluster of either kind. */
export type Cluster =
  | (Base & { readonly kind: 'embedded'; readonly api: ApiServer })
  | (Base & { readonly kind: 'real'; readonly plane: ControlPlane });

export interface ClusterOptions extends ControlPlaneOptions {
  /** Apply crds/ and wait until they are served. Default true. */
  readonly crds?: boolean;
  /** For what only one kind can do. Default: both. */
  readonly only?: Cluster['kind'];
  /** What the suite needs beside the cluster; ended before it. */
  readonly prepare?: (cluster: Cluster) => Promise<AsyncDisposable>;
}

const KINDS = ['embedded', 'real'] as const;
const ROOT = join(import.meta.dirname, '../../..');
/** The real one may first have to be built. */
const START_LIMIT_MS = 30 * 60_000;

/** A suite on each kind of cluster; the real one is skipped, loudly, where it cannot be had. */
export function describeOnClusters(
  name: string,
  options: ClusterOptions,
  suite: (cluster: () => Cluster) => void,
): void {
  const kinds = KINDS.filter((kind) => kind === (options.only ?? kind));
  const wanted = process.env['CLUSTER'];
  describe.each(kinds)(`${name}, on the %s cluster`, (kind) => {
    let cluster: Cluster | undefined;
    const stack = new AsyncDisposableStack();
    beforeAll(async () => {
      if (kind === (wanted ?? kind)) cluster = await startCluster(kind, options);
      if (cluster === undefined) return;
      stack.use(cluster);
      stack.use(await options.prepare?.(cluster));
    }, START_LIMIT_MS);
    afterAll(() => stack.disposeAsync());
    beforeEach((context) =>
      context.skip(
        cluster === undefined,
        wanted === undefined ? 'no real control plane on this machine' : `CLUSTER=${wanted}`,
      ),
    );
    suite(() => {
      return cluster ?? unstarted();
    });
  });
}

/** A cluster; undefined where the real one cannot be had. */
export async function startCluster(kind: Cluster['kind'], options: ClusterOptions = {}): Promise<Cluster | undefined> {
  const cluster = kind === 'embedded' ? await embedded() : await real(options);
  if (cluster !== undefined && options.crds !== false) await installCrds(cluster.client);
  return cluster;
}

/** Applies the CRDs of this checkout and waits until their kinds are served. */
export async function installCrds(client: ClusterClient): Promise<void> {
  const crds = ['trustedkeys', 'imagetrustpolicies'].flatMap((plural) =>
    documentsOf(`crds/imagetrust.dev_${plural}.yaml`),
  );
  await client.apply(...crds);
  for (const kind of ['TrustedKey', 'ImageTrustPolicy'])
    await eventually(() => client.list('imagetrust.dev/v1alpha1', kind), { what: `${kind} is served` });
}

/** Applies the CRD of a kind of reports, from test/fixtures/crds, and waits until it is served. */
export async function installReports(client: ClusterClient, api: keyof typeof REPORT_KINDS): Promise<void> {
  await client.apply(...documentsOf(`test/fixtures/crds/${REPORT_CRDS[api]}`));
  await eventually(() => client.list(...REPORT_KINDS[api]), { what: `${REPORT_KINDS[api].join(' ')} is served` });
}

const REPORT_CRDS = {
  wgpolicyk8s: 'wgpolicyk8s.io_policyreports.yaml',
  openreports: 'openreports.io_reports.yaml',
} as const;

/** The documents of a YAML file of the checkout. */
export function documentsOf(path: string): readonly Loose[] {
  return parseAllDocuments(readFileSync(join(ROOT, path), 'utf8')).map((document) => document.toJS() as Loose);
}

async function embedded(): Promise<Cluster> {
  const api = await startApiServer({ bookmarkEveryMs: 1000 });
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-cluster-'));
  const client = clusterClient({ server: api.url });
  return {
    kind: 'embedded',
    api,
    client,
    folder,
    kubeconfig: writeKubeconfig(folder, 'admin', { server: api.url }),
    stopApiServer: () => api.stop(),
    startApiServer: () => api.resume(),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function real(options: ClusterOptions): Promise<Cluster | undefined> {
  const box = await toolbox(...CONTROL_PLANE_TOOLS);
  if (!box.ready) return undefined;
  const plane = await startControlPlane(box, options);
  const client = clusterClient(plane.entrance);
  // The namespace `default` is made by the API server itself, a moment after it is ready.
  await eventually(async () => (await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'default' })) ?? fail(), {
    what: 'namespace default',
  });
  return {
    kind: 'real',
    plane,
    client,
    folder: plane.folder,
    kubeconfig: plane.kubeconfig,
    // As in a crash: asked politely, it waits for those who watch it.
    stopApiServer: () => plane.apiServer.stop(500),
    startApiServer: () => plane.apiServer.start(),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
    },
  };
}

function unstarted(): never {
  throw new Error('the cluster has not been started');
}

function fail(): never {
  throw new Error('not there yet');
}
