/**
 * PolicyReports (wgpolicyk8s.io/v1alpha2): one per top-level workload, one result per policy, container and digest.
 * Owns the mapping and its bounds. Must never take a name that another reporter uses (Kyverno and Kubewarden name
 * theirs by the bare uid), nor write anything that changes while the verdicts do not.
 */
import { createHash } from 'node:crypto';
import { LABELS } from '../api/group.ts';
import { compareText, type ImageUse, type ObjectIdentity } from '../core/image-use.ts';
import { type RowState, type ScanRow, stateOf } from '../core/scan-result.ts';
import type { ReportResult, ReportStatus, WorkloadReport } from './report-shape.ts';

/** The same text wherever a report names its maker: consumers filter by it. */
export const REPORT_SOURCE = 'imagetrust';

/**
 * At most so many results in a report; the summary counts those that were cut. With messages and properties bounded
 * as below it stays under half of the 1.5 MiB that etcd takes.
 */
export const MAX_REPORT_RESULTS = 200;
const MAX_MESSAGE = 1024;
const MAX_PROPERTY = 512;

const RESULTS: Readonly<Record<RowState, ReportStatus>> = {
  verified: 'pass',
  rejected: 'fail',
  unknown: 'error',
  excepted: 'skip',
};

/** Worst first: what is cut is what matters least. */
const WORST: readonly ReportStatus[] = ['fail', 'error', 'skip', 'pass'];

/**
 * The reports for these rows, by namespace and workload. `changedAt` says since when a row has been in its state:
 * the time of the change, not of the scan, for consumers notify on results that are newer than they are.
 */
export function policyReports(rows: readonly ScanRow[], changedAt: (row: ScanRow) => Date): readonly WorkloadReport[] {
  const groups = Map.groupBy(rows, ({ use }) => workloadKey(use));
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      return first === undefined ? [] : [reportOf(first.use, group, changedAt)];
    });
}

function reportOf(use: ImageUse, rows: readonly ScanRow[], changedAt: (row: ScanRow) => Date): WorkloadReport {
  const { workload, namespace } = use;
  const results = resultsOf(rows, changedAt);
  const count = (status: ReportStatus): number => results.filter(({ result }) => result === status).length;
  return {
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: 'PolicyReport',
    metadata: {
      name: reportName(workload, namespace),
      namespace,
      labels: { [LABELS.managedBy]: REPORT_SOURCE },
      ...ownerReferences(workload),
    },
    scope: { ...workload, namespace: workload.namespace ?? namespace },
    summary: { pass: count('pass'), fail: count('fail'), warn: 0, error: count('error'), skip: count('skip') },
    results: bounded(results).sort(compareResults),
  };
}

/** Without a uid (a manifest that was never applied) nobody can own the report, and the garbage collector takes none. */
function ownerReferences({ apiVersion, kind, name, uid }: ObjectIdentity): Partial<WorkloadReport['metadata']> {
  return uid === undefined ? {} : { ownerReferences: [{ apiVersion, kind, name, uid }] };
}

function reportName(workload: ObjectIdentity, namespace: string): string {
  if (workload.uid !== undefined) return `${REPORT_SOURCE}-${workload.uid}`;
  const { apiVersion, kind, name } = workload;
  const readable = `${kind}-${name}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 200);
  return `${REPORT_SOURCE}-${readable}-${hash([apiVersion, kind, namespace, name]).slice(0, 8)}`;
}

/** Pods of the workload that run the same digest are one result; where they differ, the worst speaks. */
function resultsOf(rows: readonly ScanRow[], changedAt: (row: ScanRow) => Date): readonly ReportResult[] {
  const groups = Map.groupBy(rows, resultKey);
  return [...groups].flatMap(([key, group]) => {
    const [worst] = group.toSorted((a, b) => rank(RESULTS[stateOf(a)]) - rank(RESULTS[stateOf(b)]));
    return worst === undefined ? [] : [resultOf(worst, key, changedAt(worst))];
  });
}

function resultOf(row: ScanRow, key: string, changedAt: Date): ReportResult {
  const { policy, severity, use, outcome } = row;
  const judged = outcome.kind === 'judged';
  const message = judged ? outcome.verdict.message : `excepted: ${outcome.reason}`;
  const keys = judged ? [...new Set(outcome.verdict.evidence.map(({ trustedKey }) => trustedKey))] : [];
  const properties = {
    resultID: hash([key]),
    container: use.container,
    containerType: use.containerType,
    image: cut(use.image, MAX_PROPERTY),
    ...(use.digest === undefined ? {} : { digest: use.digest }),
    reason: judged ? outcome.verdict.reason : 'Excepted',
    ...(keys.length === 0 ? {} : { trustedKeys: cut(keys.join(','), MAX_PROPERTY) }),
    ...(judged || outcome.expiresAt === undefined ? {} : { expiresAt: outcome.expiresAt }),
  };
  return {
    source: REPORT_SOURCE,
    policy,
    rule: 'verify-image',
    category: 'Image Trust',
    severity,
    result: RESULTS[stateOf(row)],
    scored: true,
    message: cut(message, MAX_MESSAGE),
    timestamp: timestampOf(changedAt),
    properties,
  };
}

/** The worst results, and one that says what is missing. */
function bounded(results: readonly ReportResult[]): ReportResult[] {
  if (results.length <= MAX_REPORT_RESULTS) return [...results];
  const kept = results
    .toSorted((a, b) => rank(a.result) - rank(b.result) || compareResults(a, b))
    .slice(0, MAX_REPORT_RESULTS - 1);
  const missing = results.length - kept.length;
  const newest = results.reduce((a, b) => (b.timestamp.seconds > a.timestamp.seconds ? b : a));
  return [...kept, cutNotice(missing, results.length, newest)];
}

function cutNotice(missing: number, total: number, { timestamp }: ReportResult): ReportResult {
  return {
    source: REPORT_SOURCE,
    policy: REPORT_SOURCE,
    rule: 'report-size',
    category: 'Image Trust',
    severity: 'info',
    result: 'skip',
    scored: false,
    message: `${missing} of ${total} results are left out of this report, the best ones first; the summary counts them all`,
    timestamp,
    properties: { resultID: hash(['report-size', missing, total]) },
  };
}

/** Apart by what a person tells apart: policy, container, image and digest. Stable from pass to pass. */
function resultKey({ policy, use }: ScanRow): string {
  const { containerType, container, image, digest } = use;
  return JSON.stringify([workloadKey(use), policy, containerType, container, image, digest]);
}

function workloadKey({ namespace, workload }: ImageUse): string {
  return JSON.stringify([namespace, workload.kind, workload.name, workload.apiVersion, workload.uid]);
}

function compareResults(a: ReportResult, b: ReportResult): number {
  return compareText(orderOf(a), orderOf(b));
}

function orderOf({ policy, properties }: ReportResult): string {
  return JSON.stringify([policy, properties['container'], properties['image'], properties['resultID']]);
}

function rank(status: ReportStatus): number {
  return WORST.indexOf(status);
}

function timestampOf(time: Date): ReportResult['timestamp'] {
  const milliseconds = time.getTime();
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: (milliseconds - seconds * 1000) * 1_000_000 };
}

function hash(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Well-formed even where the cut goes through a surrogate pair: the API server takes no other text. */
function cut(text: string, limit: number): string {
  return (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`).toWellFormed();
}
