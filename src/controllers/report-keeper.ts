/**
 * The reports in the cluster: which are ours, what they say, and how to change them. Owns the writes (create, replace
 * with the version that was read, remove), and that what is there already is not written again. Must never touch a
 * report that we did not make.
 */
import { type KnownRow, keyOfWorkload } from '../core/known.ts';
import { isKubeFailure } from '../kube/failure.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { knownReports, type ReportApi } from '../outputs/policy-report.ts';
import { reportContentId, restoreReport, type RestoredReport } from '../outputs/report-restore.ts';
import type { WorkloadReport } from '../outputs/report-shape.ts';

/** A report of ours in the cluster. */
export interface ReportState extends RestoredReport {
  readonly resourceVersion: string;
}

/** The reports. */
export interface ReportKeeper {
  /** A report was seen; false where it says what we know already. */
  seen(report: ReportState): boolean;
  /** A report is gone. */
  gone(report: ReportState): void;
  /** Does the API server serve this kind now? */
  setServed(served: boolean): void;
  readonly served: boolean;
  /** Makes the report of a workload say this, and nothing where there are no rows. */
  publish(
    workload: string,
    rows: readonly KnownRow[],
    signal: AbortSignal,
  ): Promise<'written' | 'removed' | 'same' | 'unserved'>;
  /** Keys of the workloads that a report is there for. */
  workloads(): Iterable<string>;
  reports(): Iterable<ReportState>;
}

/** What the keeper is made of. */
export interface ReportKeeperOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly api: ReportApi;
}

/** What of a report object is kept; undefined for one that is not ours. */
export function projectReport(object: KubeObject): ReportState | undefined {
  const report = restoreReport(object);
  return report === undefined ? undefined : { ...report, resourceVersion: object.metadata.resourceVersion ?? '' };
}

/** Keeps the reports of one kind. */
export function createReportKeeper({ client, resource, api }: ReportKeeperOptions): ReportKeeper {
  const states = new Map<string, ReportState>();
  let served = true;
  const keep = (report: ReportState): void => void states.set(workloadOf(report), report);
  const remove = async (key: string, state: ReportState, signal: AbortSignal): Promise<'removed'> => {
    await client.remove(resource, state, { signal });
    states.delete(key);
    return 'removed';
  };
  return {
    get served() {
      return served;
    },
    setServed: (now) => {
      served = now;
      if (!now) states.clear();
    },
    seen: (report) => {
      const before = states.get(workloadOf(report));
      keep(report);
      return before?.contentId !== report.contentId;
    },
    gone: (report) => void states.delete(workloadOf(report)),
    workloads: () => states.keys(),
    reports: () => states.values(),
    async publish(key, rows, signal) {
      if (!served) return 'unserved';
      const state = states.get(key);
      const [report] = knownReports(rows, api);
      if (report === undefined) return state === undefined ? 'same' : remove(key, state, signal);
      if (state?.contentId === reportContentId(report)) return 'same';
      const written = await write(client, resource, { report, state }, signal);
      if (written !== undefined) keep(written);
      return 'written';
    },
  };
}

function workloadOf({ namespace, workload }: RestoredReport): string {
  return keyOfWorkload({ namespace, workload });
}

interface Wanted {
  readonly report: WorkloadReport;
  readonly state: ReportState | undefined;
}

/** Somebody else's write in between: what is there now is read, and replaced only where it is ours. */
async function write(
  client: KubeClient,
  resource: Resource,
  { report, state }: Wanted,
  signal: AbortSignal,
): Promise<ReportState | undefined> {
  try {
    return projectReport(await writeOver(client, resource, { report, state }, signal));
  } catch (error) {
    if (isKubeFailure(error, 'not-found') && state !== undefined)
      return projectReport(await client.create(resource, report, { signal }));
    if (!isKubeFailure(error, 'conflict')) throw error;
    const there = projectReport(await client.get(resource, report.metadata, { signal }));
    // Our name without our label: it is not ours, whoever made it.
    if (there === undefined) throw error;
    return projectReport(await writeOver(client, resource, { report, state: there }, signal));
  }
}

/** A namespace that is going away takes nothing new, and needs nothing. */
async function writeOver(
  client: KubeClient,
  resource: Resource,
  { report, state }: Wanted,
  signal: AbortSignal,
): Promise<KubeObject> {
  if (state === undefined) return client.create(resource, report, { signal });
  const { resourceVersion } = state;
  return client.replace(resource, { ...report, metadata: { ...report.metadata, resourceVersion } }, { signal });
}
