/**
 * Reports: one per top-level workload, one result per policy, container and digest, as wgpolicyk8s.io/v1alpha2 or
 * openreports.io/v1alpha1. Owns the mapping and its bounds. Must never take a name that another reporter uses (Kyverno
 * and Kubewarden name theirs by the bare uid), nor write anything that changes while the verdicts do not.
 */
import { createHash } from 'node:crypto';
import { LABELS } from '../api/group.ts';
import { compareText, type ImageUse, type ObjectIdentity } from '../core/image-use.ts';
import type { KnownRow } from '../core/known.ts';
import { type RowState, type ScanRow, stateOf } from '../core/scan-result.ts';
import { bounded } from './conditions.ts';
import { MAX_PROPERTY, refusalProperty } from './report-refusal.ts';
import { RESULT_PROPERTIES, type ReportResult, type ReportStatus, type WorkloadReport } from './report-shape.ts';

/** The same text wherever a report names its maker: consumers filter by it. */
export const REPORT_SOURCE = 'imagetrust';

/** At most so many results in a report; the summary counts those that were cut. */
export const MAX_REPORT_RESULTS = 200;
/** At most so many bytes of results, as JSON: half of what etcd takes in one request (1.5 MiB). */
export const MAX_REPORT_BYTES = 768 * 1024;
const MAX_MESSAGE = 1024;

/** What the message of an excepted result begins with. */
export const EXCEPTED_PREFIX = 'excepted: ';

/** The result of each state. */
export const STATE_RESULTS: Readonly<Record<RowState, ReportStatus>> = {
  verified: 'pass',
  rejected: 'fail',
  unknown: 'error',
  excepted: 'skip',
};

/** Worst first: what is cut is what matters least. */
const WORST: readonly ReportStatus[] = ['fail', 'error', 'skip', 'pass'];

/** The kinds of reports. Never both: a consumer that reads both would count everything twice. */
export type ReportApi = WorkloadReport['apiVersion'];

/** What is said of rows beside what they say themselves. */
export interface ReportOptions<R extends ScanRow> {
  /**
   * Since when a row has been in its state: the time of the change, not of the scan, for consumers notify on results
   * that are newer than they are.
   */
  readonly changedAt: (row: R) => Date;
  /** Identity of the trust that a row was judged under, where a later start is to take the verdict back. */
  readonly trustId?: (row: R) => string | undefined;
  /** Default wgpolicyk8s.io/v1alpha2. */
  readonly api?: ReportApi;
}

/** The reports on what the operator knows: with ages and trust, so that a start can read them back. */
export function knownReports(rows: readonly KnownRow[], api: ReportApi): readonly WorkloadReport[] {
  return workloadReports(rows, { api, changedAt: (row) => row.changedAt, trustId: (row) => row.trustId });
}

/** The reports for these rows of a scan, by namespace and workload. */
export function policyReports(rows: readonly ScanRow[], changedAt: (row: ScanRow) => Date): readonly WorkloadReport[] {
  return workloadReports(rows, { changedAt });
}

/** The name of the report on a workload: stable, and nobody else's. */
export function reportName(workload: ObjectIdentity, namespace: string): string {
  if (workload.uid !== undefined) return `${REPORT_SOURCE}-${workload.uid}`;
  const { apiVersion, kind, name } = workload;
  const readable = `${kind}-${name}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 200);
  return `${REPORT_SOURCE}-${readable}-${hash([apiVersion, kind, namespace, name]).slice(0, 8)}`;
}

function workloadReports<R extends ScanRow>(rows: readonly R[], options: ReportOptions<R>): readonly WorkloadReport[] {
  const groups = Map.groupBy(rows, ({ use }) => workloadKey(use));
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const [first] = group;
      return first === undefined ? [] : [reportOf(first.use, group, options)];
    });
}

function reportOf<R extends ScanRow>(use: ImageUse, rows: readonly R[], options: ReportOptions<R>): WorkloadReport {
  const { workload, namespace } = use;
  const results = resultsOf(rows, options);
  const count = (status: ReportStatus): number => results.filter(({ result }) => result === status).length;
  const body = {
    metadata: {
      name: reportName(workload, namespace),
      namespace,
      labels: { [LABELS.managedBy]: REPORT_SOURCE },
      ...ownerReferences(workload),
    },
    scope: { ...workload, namespace: workload.namespace ?? namespace },
    summary: { pass: count('pass'), fail: count('fail'), warn: 0, error: count('error'), skip: count('skip') },
    results: inOrder(fitting(results)),
  };
  return options.api === 'openreports.io/v1alpha1'
    ? { apiVersion: options.api, kind: 'Report', source: REPORT_SOURCE, ...body }
    : { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport', ...body };
}

/** Without a uid (a manifest that was never applied) nobody can own the report, and the garbage collector takes none. */
function ownerReferences({ apiVersion, kind, name, uid }: ObjectIdentity): Partial<WorkloadReport['metadata']> {
  return uid === undefined ? {} : { ownerReferences: [{ apiVersion, kind, name, uid }] };
}

/** Pods of the workload that run the same digest are one result; where they differ, the worst speaks. */
function resultsOf<R extends ScanRow>(rows: readonly R[], options: ReportOptions<R>): readonly ReportResult[] {
  const groups = Map.groupBy(rows, resultKey);
  return [...groups].flatMap(([key, group]) => {
    const [worst] = group.toSorted((a, b) => compareRows(a, b));
    return worst === undefined ? [] : [resultOf(worst, key, options)];
  });
}

function resultOf<R extends ScanRow>(row: R, key: string, options: ReportOptions<R>): ReportResult {
  const { policy, severity, use, outcome } = row;
  const judged = outcome.kind === 'judged';
  const message = judged ? outcome.verdict.message : `${EXCEPTED_PREFIX}${outcome.reason}`;
  const trustId = judged ? options.trustId?.(row) : undefined;
  const keys = vouchingKeys(row);
  const properties = {
    [RESULT_PROPERTIES.resultID]: hash([key]),
    [RESULT_PROPERTIES.container]: use.container,
    [RESULT_PROPERTIES.containerType]: use.containerType,
    [RESULT_PROPERTIES.image]: bounded(use.image, MAX_PROPERTY),
    ...(use.digest === undefined ? {} : { [RESULT_PROPERTIES.digest]: use.digest }),
    [RESULT_PROPERTIES.reason]: judged ? outcome.verdict.reason : 'Excepted',
    ...(keys.length === 0 ? {} : { [RESULT_PROPERTIES.trustedKeys]: bounded(keys.join(','), MAX_PROPERTY) }),
    ...(trustId === undefined ? {} : { [RESULT_PROPERTIES.trust]: trustId }),
    ...refusalProperty(row),
    ...(judged || outcome.expiresAt === undefined ? {} : { [RESULT_PROPERTIES.expiresAt]: outcome.expiresAt }),
  };
  return {
    source: REPORT_SOURCE,
    policy,
    rule: 'verify-image',
    category: 'Image Trust',
    severity,
    result: STATE_RESULTS[stateOf(row)],
    scored: true,
    message: bounded(message, MAX_MESSAGE),
    timestamp: timestampOf(options.changedAt(row)),
    properties,
  };
}

/** By the evidence, or by what is left of it after a restart. */
function vouchingKeys(row: ScanRow & Partial<Pick<KnownRow, 'vouchers'>>): readonly string[] {
  if (row.outcome.kind !== 'judged') return [];
  const vouchers = row.vouchers ?? row.outcome.verdict.evidence;
  return [...new Set(vouchers.map(({ trustedKey }) => trustedKey))];
}

/** The worst results that fit, and one that says what is missing. */
function fitting(results: readonly ReportResult[]): ReportResult[] {
  const worst = inOrder(results).sort((a, b) => rank(a.result) - rank(b.result));
  const room = worst.length <= MAX_REPORT_RESULTS ? worst.length : MAX_REPORT_RESULTS - 1;
  const kept = worst.slice(0, Math.min(room, countWithin(worst, MAX_REPORT_BYTES)));
  const missing = results.length - kept.length;
  if (missing === 0) return kept;
  const newest = results.reduce((a, b) => (b.timestamp.seconds > a.timestamp.seconds ? b : a));
  return [...kept, cutNotice(missing, results.length, newest)];
}

/** How many of these, from the first on, fit in so many bytes. */
function countWithin(results: readonly ReportResult[], bytes: number): number {
  let left = bytes;
  const over = results.findIndex((result) => {
    left -= Buffer.byteLength(JSON.stringify(result)) + 1;
    return left < 0;
  });
  return over < 0 ? results.length : over;
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

/** By policy, container and image; the text to compare is made once for each. */
function inOrder(results: readonly ReportResult[]): ReportResult[] {
  return results
    .map((result) => ({ result, order: orderOf(result) }))
    .sort((a, b) => compareText(a.order, b.order))
    .map(({ result }) => result);
}

function orderOf({ policy, properties }: ReportResult): string {
  return JSON.stringify([
    policy,
    properties[RESULT_PROPERTIES.container],
    properties[RESULT_PROPERTIES.image],
    properties[RESULT_PROPERTIES.resultID],
  ]);
}

/** The worst first; among equals the order is theirs alone, whatever the order of Pods. */
function compareRows(a: ScanRow, b: ScanRow): number {
  return rank(STATE_RESULTS[stateOf(a)]) - rank(STATE_RESULTS[stateOf(b)]) || compareText(wordsOf(a), wordsOf(b));
}

function wordsOf({ outcome }: ScanRow): string {
  return outcome.kind === 'judged' ? `${outcome.verdict.reason} ${outcome.verdict.message}` : outcome.reason;
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
