/**
 * What the operator is tried on: signed images in a registry, keys, policies and workloads in a namespace, and what
 * can be seen of a workload afterwards (status, report, events, metrics).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiObject } from '../api-server/object.ts';
import type { TestRegistry } from '../registry.ts';
import type { ClusterClient, Loose, Target } from './client.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const OURS = 'imagetrust.dev/v1alpha1';

/** A public key of test/fixtures/keys. */
export function publicKey(name: string): string {
  return readFileSync(join(FIXTURES, 'keys', `${name}.pub`), 'utf8');
}

/** An image in the registry: its repository, and the digest behind its tag. */
export interface Image {
  readonly repository: string;
  readonly reference: string;
  readonly digest: string;
}

/** The image that a repository of the registry holds under a tag. */
export function imageOf(registry: TestRegistry, path: string, tag = 'v1'): Image {
  const digest = registry.repository(path).tags.get(tag);
  if (digest === undefined) throw new Error(`${path} has no tag ${tag}`);
  const repository = `${registry.host}/${path}`;
  return { repository, digest, reference: `${repository}@${digest}` };
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Loose {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

export function trustedKey(name: string, spec: object): Loose {
  return { apiVersion: OURS, kind: 'TrustedKey', metadata: { name }, spec: { transparencyLog: 'Ignored', ...spec } };
}

/** A policy over all images of a namespace, which one key must have signed. */
export function policy(name: string, key: string, rest: Readonly<Record<string, unknown>> = {}): Loose {
  const attestors = [{ name: 'release', entries: [{ trustedKey: key }] }];
  return {
    apiVersion: OURS,
    kind: 'ImageTrustPolicy',
    metadata: { name },
    spec: { images: ['*'], match: { namespaces: [name] }, attestors, ...rest },
  };
}

/** A workload with a running Pod: Deployment, ReplicaSet and Pod, each owned by the one before. */
export async function deploy(client: ClusterClient, space: string, name: string, image: Image): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: 'app', image: image.reference }];
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const [owner] = await client.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: space },
    spec,
  });
  const [set] = await client.apply({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `${name}-1`, namespace: space, ownerReferences: [controllerOf(owner)] },
    spec,
  });
  await runPod(client, { name: `${name}-1-a`, namespace: space, labels, ownerReferences: [controllerOf(set)] }, image);
}

/** A Pod that runs an image: its status is what a kubelet would write. */
export async function runPod(client: ClusterClient, metadata: object, image: Image, rest: object = {}): Promise<void> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata };
  const containers = [{ name: 'app', image: image.reference }];
  const running = {
    name: 'app',
    image: image.reference,
    imageID: `${image.repository}@${image.digest}`,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
  };
  await client.apply({ ...pod, spec: { containers, ...rest } });
  await client.applyStatus({ ...pod, status: { phase: 'Running', containerStatuses: [running] } });
}

export function controllerOf(object: ApiObject | undefined): object {
  if (object === undefined) throw new Error('nothing was applied');
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export const policyTarget = (name: string): Target => ({ apiVersion: OURS, kind: 'ImageTrustPolicy', name });
export const keyTarget = (name: string): Target => ({ apiVersion: OURS, kind: 'TrustedKey', name });
export const podTarget = (space: string, name: string): Target => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: space,
  name,
});
export const deploymentTarget = (space: string, name: string): Target => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: space,
  name,
});

/** A condition of an object. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface PolicyStatus {
  readonly observedGeneration?: number;
  readonly lastHandledRequestedAt?: string;
  readonly images?: Readonly<Record<'total' | 'verified' | 'rejected' | 'unknown', number>>;
  readonly workloads?: Readonly<Record<'total' | 'verified' | 'rejected' | 'unknown', number>>;
  readonly samples?: readonly { readonly workload: string; readonly reason: string }[];
  readonly conditions?: readonly Condition[];
}

export async function policyStatus(client: ClusterClient, name: string): Promise<PolicyStatus> {
  return (await client.get(policyTarget(name)))?.['status'] ?? {};
}

/** `Ready=True Succeeded`, sorted. */
export function shownConditions({ conditions = [] }: PolicyStatus): readonly string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).toSorted();
}

interface Result {
  readonly policy: string;
  readonly result: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** The kinds of reports, by what `--report-api` calls them. */
export const REPORT_KINDS: Readonly<
  Record<'wgpolicyk8s' | 'openreports', readonly [apiVersion: string, kind: string]>
> = {
  wgpolicyk8s: ['wgpolicyk8s.io/v1alpha2', 'PolicyReport'],
  openreports: ['openreports.io/v1alpha1', 'Report'],
};

/** Reports of a namespace as `Deployment/cart production/app fail KeyRevoked`, sorted. */
export async function reports(
  client: ClusterClient,
  space: string,
  api: keyof typeof REPORT_KINDS = 'wgpolicyk8s',
): Promise<readonly string[]> {
  const found = await client.list(...REPORT_KINDS[api], space);
  return found
    .flatMap((report) => {
      const scope = report['scope'] as { kind: string; name: string };
      const results = report['results'] as readonly Result[];
      return results.map(
        ({ policy: by, result, properties }) =>
          `${scope.kind}/${scope.name} ${by}/${properties['container']} ${result} ${properties['reason']}`,
      );
    })
    .toSorted();
}

/** Events as `Deployment/cart Warning KeyRevoked`, sorted, each once. */
export async function events(client: ClusterClient, space: string): Promise<readonly string[]> {
  const found = await client.list('events.k8s.io/v1', 'Event', space);
  const shown = found.map((event) => {
    const { kind, name } = event['regarding'] as { kind: string; name: string };
    return `${kind}/${name} ${String(event['type'])} ${String(event['reason'])}`;
  });
  return [...new Set(shown)].toSorted();
}
