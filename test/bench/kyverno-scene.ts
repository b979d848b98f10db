/**
 * What the comparison with Kyverno is made of: Pods that nobody owns, a policy as people write it, and what can be seen
 * of both from outside: reports, processor time and memory.
 */
import { readFile } from 'node:fs/promises';
import type { ClusterClient, Loose } from '../support/cluster/client.ts';
import { podOf } from './cluster.ts';
import type { Filling } from './filled-cluster.ts';

const AT_ONCE = 24;
const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2';

/** Its name. */
export const POLICY_NAME = 'beside';

/** As it stands in Kyverno's documentation, for a key and without a log; every field beyond that has its default. */
export function handWritten({ signed, host }: Pick<Filling, 'signed' | 'host'>): Loose {
  const keys = { publicKeys: signed.publicKey, rekor: { ignoreTlog: true }, ctlog: { ignoreSCT: true } };
  const verifyImages = [
    {
      imageReferences: [`${host}/*`],
      mutateDigest: false,
      verifyDigest: false,
      attestors: [{ count: 1, entries: [{ keys }] }],
    },
  ];
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: POLICY_NAME, annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' } },
    spec: { validationFailureAction: 'Audit', background: true, rules: [{ name: 'signed', match, verifyImages }] },
  };
}

/** Throws where Kyverno has not taken the policy up yet. */
export function demandReady(policy: unknown): void {
  const { status } = (policy ?? {}) as { status?: { conditions?: readonly { type: string; status: string }[] } };
  const ready = (status?.conditions ?? []).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  if (!ready) throw new Error('the ClusterPolicy is not ready');
}

/** Pods by number that run the images in turn; nobody owns them, so each has a report of its own. */
export async function makePods(client: ClusterClient, { host, signed, from, to }: Filling): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index).values();
  const worker = async (): Promise<void> => {
    for (const number of numbers) {
      const { repository, tag, digest } = signed.images[number % signed.images.length]!;
      const pod = podOf(number, `${host}/${repository}:${tag}`, `${host}/${repository}@${digest}`);
      const { uid: _uid, resourceVersion: _version, ownerReferences: _owners, ...metadata } = pod.metadata;
      const path = `/api/v1/namespaces/${namespaceOf(number)}/pods`;
      await client.send('POST', path, { ...pod, metadata });
      await client.send('PUT', `${path}/${podName(number)}/status`, { ...pod, metadata });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Of the Pod of that number. */
export function podName(number: number): string {
  return String(podOf(number, '', '').metadata['name']);
}

/** Of the Pod of that number. */
export function namespaceOf(number: number): string {
  return String(podOf(number, '', '').metadata['namespace']);
}

/** PolicyReports in the cluster. */
export async function countReports(client: ClusterClient): Promise<number> {
  const { items, metadata } = (await client.send('GET', `${REPORTS}/policyreports?limit=1`)) as {
    readonly items: readonly unknown[];
    readonly metadata: { readonly remainingItemCount?: number };
  };
  return items.length + (metadata.remainingItemCount ?? 0);
}

/** Removes every report, and what Kyverno gathers them from. */
export async function forgetReports(client: ClusterClient): Promise<void> {
  for (const { metadata } of await client.list('v1', 'Namespace')) {
    await client.send('DELETE', `${REPORTS}/namespaces/${metadata.name}/policyreports`);
    await client
      .send('DELETE', `/apis/reports.kyverno.io/v1/namespaces/${metadata.name}/ephemeralreports`)
      .catch(() => undefined);
  }
}

/** It leaves them when it ends, and then nobody answers them. */
export async function withoutWebhooks(client: ClusterClient): Promise<void> {
  for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']) {
    const apiVersion = 'admissionregistration.k8s.io/v1';
    for (const { metadata } of await client.list(apiVersion, kind))
      await client.remove({ apiVersion, kind, name: metadata.name ?? '' });
  }
}

/** As the kernel counts it. */
export async function usageOf(pid: number): Promise<{ readonly cpuSeconds: number; readonly peakRss: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peakKilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  // Fields 14 and 15, after the name in brackets: ticks of 10 ms (proc_pid_stat(5)).
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
  return { cpuSeconds: (Number(stat[11]) + Number(stat[12])) / 100, peakRss: peakKilobytes * 1024 };
}
