/**
 * The operator on the real API server: 10,000 Pods, then 20,000, over the same digests. When everything was published is
 * read from the server's audit log: the last write before the operator came to rest.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AuditTail, followAudit, isWrite, type Request } from './audit-tail.ts';
import { policyAndKey } from './cluster.ts';
import { type BenchCluster, type ControlPlaneTools, fill, startBenchCluster } from './filled-cluster.ts';
import type { Figure } from './report.ts';
import type { SignedImages } from './signed-images.ts';
import { type Sample, startWatchedOperator, type WatchedOperator } from './watched-operator.ts';

/** What is needed of the run as a whole. */
export interface OperatorBench {
  readonly box: ControlPlaneTools;
  readonly entry: string;
  /** Of the registry that has the images. */
  readonly host: string;
  readonly signed: SignedImages;
  readonly say: (line: string) => void;
}

/** What happened between a cause and rest. */
interface Phase {
  /** From the cause to the last write, in milliseconds. */
  readonly tookMs: number;
  readonly cpuMs: number;
  readonly stallMs: number;
  readonly requests: readonly Request[];
  readonly registryRequests: number;
}

interface Scene extends OperatorBench {
  readonly cluster: BenchCluster;
  readonly audit: AuditTail;
}

const OURS = 'imagetrust.dev/v1alpha1';
const POLICY = { apiVersion: OURS, kind: 'ImageTrustPolicy', name: 'bench' };
const KEY = { apiVersion: OURS, kind: 'TrustedKey', name: 'bench' };
const PODS = 10_000;
const PODS_PER_WORKLOAD = 10;
/** The operator gathers changes for up to 2 s; after so long without a write it is at rest. */
const REST_MS = 4_000;
const PHASE_LIMIT_MS = 120_000;

/** Measures; takes some minutes, most of which go into making Pods. */
export async function operatorFigures(bench: OperatorBench): Promise<readonly Figure[]> {
  await using cluster = await startBenchCluster(bench.box);
  const audit = await followAudit(join(cluster.plane.folder, 'audit.log'), cluster.user);
  const scene = { ...bench, cluster, audit };
  bench.say(`Making ${PODS} Pods on the real API server`);
  await fill(cluster.client, { ...bench, from: 0, to: PODS });
  const ten = await withTen(scene);
  bench.say(`Making another ${PODS} Pods`);
  await forget(scene);
  await fill(cluster.client, { ...bench, from: PODS, to: 2 * PODS });
  const twenty = await withTwenty(scene);
  return [
    ...ten.figures,
    { name: 'operator, 20,000 Pods: start to all published', value: twenty.start.tookMs / 1000, unit: 's' },
    { name: 'operator, 20,000 Pods: peak RSS', value: twenty.peakRss / 1e6, unit: 'MB' },
    {
      name: 'operator, 20,000 Pods to 10,000: time',
      value: twenty.start.tookMs / ten.start.tookMs,
      unit: '×',
      target: { atMost: 2 },
    },
    {
      name: 'operator, 20,000 Pods to 10,000: CPU time',
      value: twenty.start.cpuMs / ten.start.cpuMs,
      unit: '×',
      target: { atMost: 2 },
    },
  ];
}

async function withTen(scene: Scene): Promise<{ readonly figures: readonly Figure[]; readonly start: Phase }> {
  await using operator = await started(scene);
  const start = await startPhase(scene, operator, PODS);
  scene.say('An unchanged pass');
  const unchanged = await unchangedPass(scene, operator);
  scene.say('The key revoked on which all depend');
  const revoked = await revocation(scene, operator);
  const stalls = operator.samples.filter(({ at }) => at > beginOf(operator));
  return {
    start,
    figures: [
      ...phaseFigures('start to all published', start, 60),
      {
        name: 'operator, 10,000 Pods: peak RSS',
        value: peakOf(operator) / 1e6,
        unit: 'MB',
        target: { atMost: 200 },
      },
      { name: 'operator, 10,000 Pods: RSS at rest', value: (operator.samples.at(-1)?.rss ?? 0) / 1e6, unit: 'MB' },
      {
        name: 'operator, 10,000 Pods: longest stall of the event loop',
        value: Math.max(...stalls.map(({ stallMs }) => stallMs)),
        unit: 'ms',
        target: { atMost: 100 },
      },
      {
        name: 'operator, unchanged pass: writes beside the answer to the request',
        value: Math.max(0, unchanged.requests.filter(isWrite).length - 1),
        unit: '',
        target: { atMost: 0 },
      },
      { name: 'operator, unchanged pass: requests to the registry', value: unchanged.registryRequests, unit: '' },
      ...phaseFigures('key revoked to all published', revoked, 10),
      {
        name: 'operator, key revoked: requests to the registry',
        value: revoked.registryRequests,
        unit: '',
        target: { atMost: 0 },
      },
    ],
  };
}

async function withTwenty(scene: Scene): Promise<{ readonly start: Phase; readonly peakRss: number }> {
  await using operator = await started(scene);
  const start = await startPhase(scene, operator, 2 * PODS);
  return { start, peakRss: peakOf(operator) };
}

async function started({ cluster, signed, entry, say }: Scene): Promise<WatchedOperator> {
  await cluster.client.apply(...policyAndKey(signed));
  say('Starting the operator');
  return startWatchedOperator(entry, [`--kubeconfig=${cluster.kubeconfig}`, '--log-level=info']);
}

/** From the start of the process; ends only when every workload has its report and the policy says so. */
async function startPhase(scene: Scene, operator: WatchedOperator, pods: number): Promise<Phase> {
  const phase = await phaseFrom(scene, operator, operator.startedAt, () => allShown(scene, 'verified', pods));
  const ready = operator.log.find(({ message }) => message === 'ready');
  scene.say(`  ready after ${((ready?.at ?? Number.NaN) - operator.startedAt) / 1000} s; ${whereTimeWent(phase)}`);
  return phase;
}

async function unchangedPass(scene: Scene, operator: WatchedOperator): Promise<Phase> {
  const requestedAt = new Date().toISOString();
  const since = Date.now();
  await scene.cluster.client.annotate(POLICY, { 'imagetrust.dev/requestedAt': requestedAt });
  const phase = await phaseFrom(scene, operator, since, async () => {
    const status = await statusOf(scene);
    return status['lastHandledRequestedAt'] === requestedAt;
  });
  scene.say(`  ${whereTimeWent(phase)}`);
  return phase;
}

async function revocation(scene: Scene, operator: WatchedOperator): Promise<Phase> {
  const since = Date.now();
  await scene.cluster.client.patch(KEY, { spec: { lifecycle: { state: 'Revoked' } } });
  const phase = await phaseFrom(scene, operator, since, () => allShown(scene, 'rejected', PODS));
  scene.say(`  ${whereTimeWent(phase)}`);
  return phase;
}

/** Waits until it is done and the operator writes no more. */
async function phaseFrom(
  { audit, host }: Scene,
  operator: WatchedOperator,
  since: number,
  isDone: () => Promise<boolean>,
): Promise<Phase> {
  const before = operator.samples.findLast(({ at }) => at <= since);
  const requestsSince = async (): Promise<readonly Request[]> => (await audit.read()).filter(({ at }) => at >= since);
  const deadline = Date.now() + PHASE_LIMIT_MS;
  for (;;) {
    operator.demandAlive();
    const requests = await requestsSince();
    const lastWrite = requests.findLast(isWrite)?.at ?? since;
    if (Date.now() - lastWrite > REST_MS && (await isDone())) {
      const samples = operator.samples.filter(({ at }) => at > since);
      const atRest = samples.find(({ at }) => at > lastWrite + 500) ?? samples.at(-1);
      return {
        tookMs: lastWrite - since,
        cpuMs: (atRest?.cpuMs ?? Number.NaN) - (before?.cpuMs ?? 0),
        stallMs: Math.max(...samples.filter(({ at }) => at > beginOf(operator)).map(({ stallMs }) => stallMs)),
        requests,
        registryRequests: registryCount(samples.at(-1), host) - registryCount(before, host),
      };
    }
    // It falls short: no figure, and the measurement goes on.
    if (Date.now() > deadline) return { tookMs: NaN, cpuMs: NaN, stallMs: NaN, requests, registryRequests: NaN };
    await delay(500);
  }
}

/** Does the policy count every image so, and has every workload a report? */
async function allShown(
  { cluster: { client }, signed }: Scene,
  state: 'verified' | 'rejected',
  pods: number,
): Promise<boolean> {
  const status = await client.get(POLICY);
  const images = (status?.['status'] as { images?: Record<string, number> } | undefined)?.images;
  if (images?.[state] !== Math.min(signed.images.length, pods / PODS_PER_WORKLOAD)) return false;
  const first = (await client.send('GET', '/apis/wgpolicyk8s.io/v1alpha2/policyreports?limit=1')) as {
    readonly items: readonly unknown[];
    readonly metadata: { readonly remainingItemCount?: number };
  };
  return first.items.length + (first.metadata.remainingItemCount ?? 0) === pods / PODS_PER_WORKLOAD;
}

/** Removes what the operator made, and its policy and key. */
async function forget({ cluster: { client } }: Scene): Promise<void> {
  for (const { metadata } of await client.list('v1', 'Namespace')) {
    const path = `/apis/wgpolicyk8s.io/v1alpha2/namespaces/${metadata.name}/policyreports`;
    await client.send('DELETE', path);
  }
  await client.remove(POLICY);
  await client.remove(KEY);
}

function phaseFigures(name: string, { tookMs, cpuMs }: Phase, seconds: number): readonly Figure[] {
  return [
    { name: `operator, 10,000 Pods: ${name}`, value: tookMs / 1000, unit: 's', target: { atMost: seconds } },
    { name: `operator, 10,000 Pods: ${name}, CPU time`, value: cpuMs / 1000, unit: 's' },
  ];
}

/** The requests by kind, and the operator's own share of the time. */
function whereTimeWent({ tookMs, cpuMs, stallMs, requests, registryRequests }: Phase): string {
  const kinds = Map.groupBy(
    requests,
    ({ verb, resource, code }) => `${verb} ${resource}${code < 400 ? '' : ` ${code}`}`,
  );
  const told = [...kinds]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, 6)
    .map(([kind, of]) => `${of.length} ${kind}`);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return `${seconds(tookMs)}, of which ${seconds(cpuMs)} the operator's CPU; longest stall ${Math.round(stallMs)} ms; ${told.join(', ')}; ${registryRequests} requests to the registry`;
}

async function statusOf({ cluster: { client } }: Scene): Promise<Readonly<Record<string, unknown>>> {
  return ((await client.get(POLICY))?.['status'] ?? {}) as Record<string, unknown>;
}

/** Modules are loaded before the first line of the log; nobody waits for the event loop then. */
function beginOf({ log, startedAt }: WatchedOperator): number {
  return log[0]?.at ?? startedAt;
}

function peakOf({ samples }: WatchedOperator): number {
  return samples.at(-1)?.peakRss ?? Number.NaN;
}

function registryCount(sample: Sample | undefined, host: string): number {
  return sample?.requests[`http://${host}`] ?? 0;
}
