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
import {
  readReportHead,
  reportContentId,
  type ReportHead,
  restoreReport,
  type RestoredReport,
} from '../outputs/report-restore.ts';
import type { WorkloadReport } from '../outputs/report-shape.ts';

/** A report of ours in the cluster, without what it says: a thousand of them are kept. */
export interface ReportState extends ReportHead {
  readonly resourceVersion: string;
}

/** The reports. */
export interface ReportKeeper {
  /** Their kind. */
  readonly resource: Resource;
  /** What of a report object is kept; undefined for one that is not ours. */
  project(object: KubeObject): ReportState | undefined;
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
  /**
   * What the reports say, for whoever begins to lead: given away once. From then on nobody keeps it, for what is there
   * was written or looked at by this replica.
   */
  takeRestored(): readonly RestoredReport[];
}

/** What the keeper is made of. */
export interface ReportKeeperOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly api: ReportApi;
}

/** What of a report object tells whose it is; undefined for one that is not ours. */
export function projectReport(object: KubeObject): ReportState | undefined {
  const report = readReportHead(object);
  return report === undefined ? undefined : { ...report, resourceVersion: object.metadata.resourceVersion ?? '' };
}

/** Keeps the reports of one kind. */
export function createReportKeeper(options: ReportKeeperOptions): ReportKeeper {
  const { resource } = options;
  const states = new Map<string, ReportState>();
  const sayings = createSayings();
  let served = true;
  return {
    project: (object) => {
      sayings.read(object);
      return projectReport(object);
    },
    resource,
    takeRestored: () => sayings.take(),
    get served() {
      return served;
    },
    setServed: (now) => {
      served = now;
      if (now) return;
      states.clear();
      sayings.clear();
    },
    seen: (report) => {
      const before = states.get(workloadOf(report));
      states.set(workloadOf(report), report);
      return before?.contentId !== report.contentId;
    },
    gone: (report) => {
      states.delete(workloadOf(report));
      sayings.forget(report);
    },
    workloads: () => states.keys(),
    publish: (key, rows, signal) =>
      served ? publish({ key, rows }, states, options, signal) : Promise.resolve('unserved'),
  };
}

interface Publication {
  readonly key: string;
  readonly rows: readonly KnownRow[];
}

async function publish(
  { key, rows }: Publication,
  states: Map<string, ReportState>,
  { client, resource, api }: ReportKeeperOptions,
  signal: AbortSignal,
): Promise<'written' | 'removed' | 'same'> {
  const state = states.get(key);
  const [report] = knownReports(rows, api);
  if (report === undefined) {
    if (state === undefined) return 'same';
    await client.remove(resource, state, { signal });
    states.delete(key);
    return 'removed';
  }
  if (state?.contentId === reportContentId(report)) return 'same';
  const written = await write(client, resource, { report, state }, signal);
  if (written !== undefined) states.set(key, written);
  return 'written';
}

/** What reports say, by their workloads, until somebody takes it. */
interface Sayings {
  read(object: KubeObject): void;
  forget(report: ReportHead): void;
  clear(): void;
  take(): readonly RestoredReport[];
}

function createSayings(): Sayings {
  const reports = new Map<string, RestoredReport>();
  let wanted = true;
  return {
    read(object): void {
      const report = wanted ? restoreReport(object) : undefined;
      if (report !== undefined) reports.set(workloadOf(report), report);
    },
    forget: (report) => void reports.delete(workloadOf(report)),
    clear: () => reports.clear(),
    take(): readonly RestoredReport[] {
      wanted = false;
      const taken = [...reports.values()];
      reports.clear();
      return taken;
    },
  };
}

function workloadOf({ namespace, workload }: ReportHead): string {
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
