/**
 * The operator beside Kyverno's reports-controller: the same cluster, the same registry, the same signed images running,
 * one after the other in one run. Then a signature is deleted, and both are asked to look again. Kyverno runs with its
 * own defaults; its policy is one that people write, with `background: true`.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterClient, targetOf, type Target } from '../support/cluster/client.ts';
import { eventually } from '../support/eventually.ts';
import { type KyvernoTools, startKyverno } from '../support/kyverno.ts';
import { policyAndKey } from './cluster.ts';
import { type BenchCluster, type ControlPlaneTools, startBenchCluster } from './filled-cluster.ts';
import {
  countReports,
  demandReady,
  forgetReports,
  handWritten,
  makePods,
  namespaceOf,
  podName,
  POLICY_NAME,
  usageOf,
  withoutWebhooks,
} from './kyverno-scene.ts';
import { startCraneRegistry } from './processes.ts';
import { requestsIn } from './registry-log.ts';
import type { Figure } from './report.ts';
import { pushSignedImages, type SignedImages } from './signed-images.ts';
import { startWatchedOperator } from './watched-operator.ts';

export interface KyvernoBench {
  readonly box: ControlPlaneTools;
  readonly kyverno: KyvernoTools;
  readonly crane: string;
  readonly entry: string;
  readonly folder: string;
  readonly say: (line: string) => void;
}

interface Scene extends KyvernoBench {
  readonly cluster: BenchCluster;
  readonly host: string;
  readonly log: string;
  readonly signed: SignedImages;
}

/** One of the two, at work. */
interface Contender {
  readonly name: 'image-trust' | 'kyverno';
  readonly pid: number;
  /** As Date.now(), before the process was started. */
  readonly startedAt: number;
}

/** From the start of the process. */
interface Measured {
  readonly firstMs: number;
  readonly allMs: number;
  readonly imagesPerSecond: number;
  readonly requests: number;
  readonly cpuSeconds: number;
  readonly peakRss: number;
}

const IMAGES = 1_000;
const MORE_PODS = 5_000;
const PUBLISH_LIMIT_MS = 180_000;
const POLL_MS = 100;
/** So long the user waits who changed the Pod, and then who changed the policy. */
const POD_PATIENCE_MS = 30_000;
const POLICY_PATIENCE_MS = 60_000;

/** Measures; takes about five minutes. */
export async function kyvernoFigures(bench: KyvernoBench): Promise<readonly Figure[]> {
  const log = join(bench.folder, 'beside-kyverno-registry.log');
  await using registry = await startCraneRegistry(bench.crane, log);
  bench.say(`Pushing ${IMAGES} signed images to a registry in another process`);
  const signed = await pushSignedImages(registry.host, IMAGES, 'legacy');
  await using cluster = await startBenchCluster(bench.box);
  const scene: Scene = { ...bench, cluster, log, signed, host: registry.host };
  bench.say(`Making ${IMAGES} Pods, one for each image`);
  await makePods(cluster.client, { ...scene, from: 0, to: IMAGES });
  const theirs = await withKyverno(scene, IMAGES, deleted(scene));
  const ours = await withOurs(scene, IMAGES, deleted(scene));
  bench.say(`Making ${MORE_PODS - IMAGES} further Pods over the same images`);
  await makePods(cluster.client, { ...scene, from: IMAGES, to: MORE_PODS });
  const oursMore = await withOurs(scene, MORE_PODS);
  const theirsMore = await withKyverno(scene, MORE_PODS);
  return [
    ...figuresOf('kyverno', IMAGES, theirs.measured),
    ...figuresOf('image-trust', IMAGES, ours.measured),
    ...ratios(ours.measured, theirs.measured),
    ...figuresOf('kyverno', MORE_PODS, theirsMore.measured),
    ...figuresOf('image-trust', MORE_PODS, oursMore.measured),
    {
      name: `peak RSS at ${MORE_PODS} Pods, ours to theirs`,
      value: oursMore.measured.peakRss / theirsMore.measured.peakRss,
      unit: '×',
      target: { atMost: 1 },
    },
    ...theirs.noticed,
    ...ours.noticed,
  ];
}

function figuresOf(name: string, pods: number, measured: Measured): readonly Figure[] {
  const of = `${name}, ${pods} Pods`;
  return [
    { name: `${of}: start to first result`, value: measured.firstMs / 1000, unit: 's' },
    { name: `${of}: start to all results`, value: measured.allMs / 1000, unit: 's' },
    { name: `${of}: while it verifies`, value: measured.imagesPerSecond, unit: 'images/s' },
    { name: `${of}: requests to the registry per image`, value: measured.requests / IMAGES, unit: '' },
    { name: `${of}: CPU time`, value: measured.cpuSeconds, unit: 's' },
    { name: `${of}: peak RSS`, value: measured.peakRss / 1e6, unit: 'MB' },
  ];
}

function ratios(ours: Measured, theirs: Measured): readonly Figure[] {
  const ratio = (of: (measured: Measured) => number): number => of(ours) / of(theirs);
  return [
    {
      name: 'images/s, ours to theirs',
      value: ratio(({ imagesPerSecond }) => imagesPerSecond),
      unit: '×',
      target: { atLeast: 10 },
    },
    {
      name: 'first result, ours to theirs',
      value: ratio(({ firstMs }) => firstMs),
      unit: '×',
      target: { atMost: 0.1 },
    },
    { name: 'all results, ours to theirs', value: ratio(({ allMs }) => allMs), unit: '×' },
    { name: 'requests, ours to theirs', value: ratio(({ requests }) => requests), unit: '×', target: { atMost: 1 } },
  ];
}

/** What is tried once everything has its result; gives figures. */
type Afterwards = (contender: Contender) => Promise<readonly Figure[]>;

interface Outcome {
  readonly measured: Measured;
  readonly noticed: readonly Figure[];
}

async function withKyverno(scene: Scene, pods: number, afterwards?: Afterwards): Promise<Outcome> {
  const { cluster, kyverno: tools, say } = scene;
  const host = { ...cluster, kubeconfig: cluster.plane.kubeconfig, folder: cluster.plane.folder };
  say('Starting Kyverno');
  await using kyverno = await startKyverno(host, tools);
  await cluster.client.apply(handWritten(scene));
  await eventually(async () => demandReady(await cluster.client.get(targetOf(handWritten(scene)))), { within: 60_000 });
  say(`Its reports-controller, with ${pods} Pods`);
  const before = await requestsIn(scene.log);
  const startedAt = Date.now();
  await kyverno.reports.start();
  const { pid } = kyverno.reports;
  const contender: Contender = { name: 'kyverno', pid, startedAt };
  const measured = await untilAll(scene, contender, { pods, before });
  const noticed = (await afterwards?.(contender)) ?? [];
  await cluster.client.remove(targetOf(handWritten(scene)));
  await kyverno[Symbol.asyncDispose]();
  await withoutWebhooks(cluster.client);
  await forgetReports(cluster.client);
  return { measured, noticed };
}

async function withOurs(scene: Scene, pods: number, afterwards?: Afterwards): Promise<Outcome> {
  const { cluster, entry, signed, say } = scene;
  await cluster.client.apply(...policyAndKey(signed));
  say(`image-trust operator, with ${pods} Pods`);
  const before = await requestsIn(scene.log);
  await using operator = startWatchedOperator(entry, [`--kubeconfig=${cluster.kubeconfig}`, '--log-level=info']);
  const { pid, startedAt } = operator;
  const contender: Contender = { name: 'image-trust', pid, startedAt };
  const measured = await untilAll(scene, contender, { pods, before });
  const noticed = (await afterwards?.(contender)) ?? [];
  await operator[Symbol.asyncDispose]();
  for (const object of policyAndKey(signed)) await cluster.client.remove(targetOf(object));
  await forgetReports(cluster.client);
  return { measured, noticed };
}

/** Waits until every Pod has its report, and looks on meanwhile. */
async function untilAll(
  { cluster: { client }, log }: Scene,
  { pid, startedAt }: Contender,
  { pods, before }: { readonly pods: number; readonly before: number },
): Promise<Measured> {
  const seen: { at: number; requests: number }[] = [];
  let firstMs = Number.NaN;
  for (;;) {
    const requests = (await requestsIn(log)) - before;
    if (requests > (seen.at(-1)?.requests ?? 0)) seen.push({ at: Date.now(), requests });
    const reports = await countReports(client);
    if (reports > 0 && Number.isNaN(firstMs)) firstMs = Date.now() - startedAt;
    if (reports >= pods) break;
    if (Date.now() - startedAt > PUBLISH_LIMIT_MS) throw new Error(`${reports} of ${pods} reports within 180 s`);
    await delay(POLL_MS);
  }
  const allMs = Date.now() - startedAt;
  const verifying = (seen.at(-1)?.at ?? Number.NaN) - (seen[0]?.at ?? Number.NaN) + POLL_MS;
  const { cpuSeconds, peakRss } = await usageOf(pid);
  const requests = seen.at(-1)?.requests ?? 0;
  return { firstMs, allMs, imagesPerSecond: IMAGES / (verifying / 1000), requests, cpuSeconds, peakRss };
}

/** Deletes the signature of one image, asks for another look, and puts the signature back. */
function deleted(scene: Scene): Afterwards {
  return async (contender) => {
    const { signed, host, say, cluster, log } = scene;
    const image = signed.images[0]!;
    const manifest = `http://${host}/v2/${image.repository}/manifests/${image.digest.replace(':', '-')}.sig`;
    const signature = await (await fetch(manifest)).text();
    const gone = await fetch(manifest, { method: 'DELETE' });
    if (gone.status >= 300) throw new Error(`the registry does not delete a tag: ${gone.status}`);
    say('One signature is deleted, and another look asked for');
    const before = await requestsIn(log);
    const figures: Figure[] = [];
    for (const { name, target, within } of asking(contender.name)) {
      await cluster.client.annotate(target, { [name]: new Date().toISOString() });
      const tookMs = await untilRejected(cluster.client, within);
      const what = `${contender.name}, deleted signature: noticed after ${target.kind} is annotated`;
      figures.push({ name: what, value: (tookMs ?? Number.NaN) / 1000, unit: 's' });
      if (tookMs !== undefined) break;
      say(`  ${what}: not within ${within / 1000} s`);
    }
    figures.push({
      name: `${contender.name}, deleted signature: requests to the registry until then`,
      value: (await requestsIn(log)) - before,
      unit: '',
    });
    const type = 'application/vnd.oci.image.manifest.v1+json';
    await fetch(manifest, { method: 'PUT', body: signature, headers: { 'content-type': type } });
    return figures;
  };
}

/**
 * How users ask each of the two to look again. Kyverno has no word for it: they touch the Pod, and where that does
 * not help, the policy.
 */
function asking(name: Contender['name']): readonly { name: string; target: Target; within: number }[] {
  const ours = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'bench' };
  if (name === 'image-trust') return [{ name: 'imagetrust.dev/requestedAt', target: ours, within: POLICY_PATIENCE_MS }];
  const touched = 'example.com/touched';
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace: namespaceOf(0), name: podName(0) };
  const policy = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: POLICY_NAME };
  return [
    { name: touched, target: pod, within: POD_PATIENCE_MS },
    { name: touched, target: policy, within: POLICY_PATIENCE_MS },
  ];
}

/** Until a report on the first Pod says `fail`; undefined where none does in time. */
async function untilRejected(client: ClusterClient, within: number): Promise<number | undefined> {
  const began = Date.now();
  while (Date.now() - began < within) {
    const reports = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', namespaceOf(0));
    const failed = reports.some((report) => {
      const { scope, results } = report as { scope?: { name?: string }; results?: readonly { result: string }[] };
      return scope?.name === podName(0) && (results ?? []).some(({ result }) => result === 'fail');
    });
    if (failed) return Date.now() - began;
    await delay(POLL_MS);
  }
  return undefined;
}
