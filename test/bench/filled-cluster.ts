/**
 * The real API server, filled: Deployments of ten Pods each, with their ReplicaSets, and Pods whose status is what a
 * kubelet writes. No controller runs, so nothing but the operator changes anything.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../support/api-server/object.ts';
import { kubeconfigOf, makeAdmin, userOf } from '../support/cluster/access.ts';
import { type ClusterClient, clusterClient, type Loose } from '../support/cluster/client.ts';
import type { Cluster } from '../support/cluster/cluster.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { podOf } from './cluster.ts';
import type { SignedImages } from './signed-images.ts';

/** Where the programs of the control plane are. */
export type ControlPlaneTools = Parameters<typeof startControlPlane>[0];

/** A cluster to measure in. */
export interface BenchCluster extends AsyncDisposable {
  readonly client: ClusterClient;
  readonly plane: ControlPlane;
  /** As whom the operator comes: its kubeconfig, and its name in the audit log. */
  readonly kubeconfig: string;
  readonly user: string;
}

/** Pods by number, from `from` up to `to`; ten make a workload, and the workloads run the images in turn. */
export interface Filling {
  readonly host: string;
  readonly signed: SignedImages;
  readonly from: number;
  readonly to: number;
}

const PODS_PER_APP = 10;
const NAMESPACES = 40;
const AT_ONCE = 24;
const OPERATOR = { namespace: 'image-trust-system', name: 'operator' };
const CRDS = [
  'crds/imagetrust.dev_trustedkeys.yaml',
  'crds/imagetrust.dev_imagetrustpolicies.yaml',
  'test/fixtures/crds/wgpolicyk8s.io_policyreports.yaml',
];

/** Starts it, with our kinds and reports served, and an account for the operator. */
export async function startBenchCluster(box: ControlPlaneTools): Promise<BenchCluster> {
  const plane = await startControlPlane(box, { audit: true });
  const client = clusterClient(plane.entrance);
  const dispose = async (): Promise<void> => {
    await client[Symbol.asyncDispose]();
    await plane[Symbol.asyncDispose]();
  };
  try {
    for (const file of CRDS) await client.apply(...(await documentsOf(file)));
    await eventually(() => client.list('imagetrust.dev/v1alpha1', 'TrustedKey'), { what: 'TrustedKey is served' });
    await eventually(() => client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport'), { what: 'PolicyReport is served' });
    const cluster: Cluster = {
      kind: 'real',
      plane,
      client,
      kubeconfig: plane.kubeconfig,
      folder: plane.folder,
      stopApiServer: () => plane.apiServer.stop(),
      startApiServer: () => plane.apiServer.start(),
      [Symbol.asyncDispose]: dispose,
    };
    const kubeconfig = await kubeconfigOf(cluster, OPERATOR);
    await makeAdmin(cluster, OPERATOR);
    for (let number = 0; number < NAMESPACES; number += 1)
      await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `team-${number}` } });
    return { client, plane, kubeconfig, user: userOf(OPERATOR), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Makes the Pods, and what owns them. */
export async function fill(client: ClusterClient, { host, signed, from, to }: Filling): Promise<void> {
  const count = (to - from) / PODS_PER_APP;
  const apps = Array.from({ length: count }, (_, number) => from / PODS_PER_APP + number).values();
  const worker = async (): Promise<void> => {
    for (const app of apps) {
      const { repository, tag, digest } = signed.images[app % signed.images.length]!;
      const name = `${host}/${repository}`;
      await makeApp(client, app, { image: `${name}:${tag}`, imageID: `${name}@${digest}` });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

interface Running {
  readonly image: string;
  readonly imageID: string;
}

async function makeApp(client: ClusterClient, app: number, { image, imageID }: Running): Promise<void> {
  const name = `app-${app}`;
  const namespace = `team-${app % NAMESPACES}`;
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const workloads = `/apis/apps/v1/namespaces/${namespace}`;
  const deployment = await create(client, `${workloads}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec,
  });
  const set = await create(client, `${workloads}/replicasets`, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `${name}-7d9c5b8f6d`, namespace, ownerReferences: [controllerOf(deployment)] },
    spec,
  });
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (let number = app * PODS_PER_APP; number < (app + 1) * PODS_PER_APP; number += 1) {
    const pod = podOf(number, image, imageID);
    const { uid: _uid, resourceVersion: _version, ...rest } = pod.metadata;
    const metadata = { ...rest, namespace, ownerReferences: [controllerOf(set)] };
    await create(client, pods, { ...pod, metadata });
    // The server drops the status of what is created.
    await client.send('PUT', `${pods}/${String(rest['name'])}/status`, { ...pod, metadata });
  }
}

async function create(client: ClusterClient, path: string, object: object): Promise<ApiObject> {
  return (await client.send('POST', path, object)) as ApiObject;
}

function controllerOf({ apiVersion, kind, metadata }: ApiObject): object {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

async function documentsOf(path: string): Promise<readonly Loose[]> {
  const text = await readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Loose);
}
