/**
 * Reports read back: what an earlier life of the program said of a workload, so that a restart shows nothing as
 * unverified that was verified. What is read is a claim and no proof: it keeps the picture until the next look, under
 * the trust that it names and no other. Must never take in a report that we did not write, nor a result that we would
 * not have written so.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { LABELS } from '../api/group.ts';
import { REASONS, type Reason, type RejectedReason, type UnknownReason } from '../api/reasons.ts';
import { isDigest } from '../core/digest.ts';
import type { ContainerType, ImageUse, ObjectIdentity } from '../core/image-use.ts';
import { type KnownRow, keyOfRow } from '../core/known.ts';
import type { ScanOutcome } from '../core/scan-result.ts';
import { canonical } from './canonical.ts';
import { EXCEPTED_PREFIX, REPORT_SOURCE, reportName } from './policy-report.ts';
import { readRefusal } from './report-refusal.ts';
import { RESULT_PROPERTIES } from './report-shape.ts';

/** One result as it was. A verdict has no evidence any more; who vouched is in `vouchers`, without their sets. */
export interface RestoredRow
  extends Pick<KnownRow, 'policy' | 'outcome' | 'changedAt' | 'trustId' | 'vouchers' | 'refusal'> {
  readonly use: Pick<ImageUse, 'containerType' | 'container' | 'image' | 'digest'>;
}

/** A report of ours, without what it says. */
export interface ReportHead {
  readonly name: string;
  readonly namespace: string;
  readonly workload: ObjectIdentity;
  /** Equal to `reportContentId` of the report that would be written with the same content. */
  readonly contentId: string;
}

/** A report of ours. */
export interface RestoredReport extends ReportHead {
  /** By `keyOfRow`. Results that were cut or damaged are not there. */
  readonly rows: ReadonlyMap<string, RestoredRow>;
}

/** Reads a report object of either kind as the API server returns it; undefined where it is none of ours. */
export function restoreReport(object: unknown): RestoredReport | undefined {
  const head = readReportHead(object);
  if (head === undefined) return undefined;
  const { results } = fieldsOf(object);
  const rows = (Array.isArray(results) ? results : []).flatMap((result) => restoreRow(result) ?? []);
  return { ...head, rows: new Map(rows.map((row) => [keyOfRow(row), row])) };
}

/** Whose report it is and which content it has; undefined where it is none of ours. */
export function readReportHead(object: unknown): ReportHead | undefined {
  const read = ReportObject.safeParse(object);
  if (!read.success) return undefined;
  const { metadata, scope, source } = read.data;
  const workload = identityOf(scope);
  if (metadata.labels[LABELS.managedBy] !== REPORT_SOURCE) return undefined;
  if (metadata.name !== reportName(workload, metadata.namespace)) return undefined;
  if (source !== undefined && source !== REPORT_SOURCE) return undefined;
  return { name: metadata.name, namespace: metadata.namespace, workload, contentId: reportContentId(object) };
}

/** Do two report objects say the same? What the API server adds (resourceVersion, managedFields) does not count. */
export function sameReport(a: unknown, b: unknown): boolean {
  return reportContentId(a) === reportContentId(b);
}

/** Identity of what a report says: 64 hex digits. Equal for what we would write and what the API server returns of it. */
export function reportContentId(report: unknown): string {
  const { apiVersion, kind, metadata, scope, source, summary, results } = fieldsOf(report);
  const { name, namespace, labels, ownerReferences } = fieldsOf(metadata);
  const owners = Array.isArray(ownerReferences) ? ownerReferences.map(ownerFields) : [];
  const label = fieldsOf(labels)[LABELS.managedBy];
  const content = [apiVersion, kind, name, namespace, label, owners, scope, source, summary, results];
  return createHash('sha256').update(canonical(content)).digest('hex');
}

const text = z.string();

const ReportObject = z.object({
  metadata: z.object({ name: text, namespace: text, labels: z.record(text, text) }),
  scope: z.object({
    apiVersion: text,
    kind: text,
    namespace: text.optional(),
    name: text,
    uid: text.optional(),
  }),
  source: text.optional(),
  results: z.array(z.unknown()).default([]),
});

/** Seconds of the years 1 to 9999: what a Date and RFC 3339 can hold. */
const Timestamp = z.object({
  seconds: z.int().min(-62_135_596_800).max(253_402_300_799),
  nanos: z.int().min(0).max(999_999_999).default(0),
});

const Result = z.object({
  source: z.literal(REPORT_SOURCE),
  policy: text.min(1),
  rule: z.literal('verify-image'),
  result: z.enum(['pass', 'fail', 'error', 'skip']),
  message: text.default(''),
  timestamp: Timestamp,
  properties: z.record(text, text),
});
type Result = z.output<typeof Result>;

const CONTAINER_TYPES: readonly ContainerType[] = ['container', 'initContainer', 'ephemeralContainer', 'imageVolume'];

function restoreRow(object: unknown): RestoredRow | undefined {
  const read = Result.safeParse(object);
  if (!read.success) return undefined;
  const { policy, timestamp, properties, message } = read.data;
  const use = useOf(properties);
  const vouchers = vouchersOf(properties);
  const outcome = outcomeOf(read.data, vouchers);
  if (use === undefined || outcome === undefined) return undefined;
  const trustId = properties[RESULT_PROPERTIES.trust];
  return {
    policy,
    use,
    outcome,
    changedAt: new Date(timestamp.seconds * 1000 + Math.floor(timestamp.nanos / 1_000_000)),
    ...(trustId === undefined ? {} : { trustId }),
    vouchers,
    ...readRefusal(properties, message),
  };
}

function useOf(properties: Result['properties']): RestoredRow['use'] | undefined {
  const container = properties[RESULT_PROPERTIES.container];
  const image = properties[RESULT_PROPERTIES.image];
  const digest = properties[RESULT_PROPERTIES.digest];
  const containerType = CONTAINER_TYPES.find((type) => type === properties[RESULT_PROPERTIES.containerType]);
  if (container === undefined || image === undefined || containerType === undefined) return undefined;
  if (digest === undefined) return { container, image, containerType };
  return isDigest(digest) ? { container, image, containerType, digest } : undefined;
}

function vouchersOf(properties: Result['properties']): KnownRow['vouchers'] {
  const names = properties[RESULT_PROPERTIES.trustedKeys]?.split(',') ?? [];
  // A list that was cut ends in the middle of a name.
  return names.filter((name) => name !== '' && !name.endsWith('…')).map((trustedKey) => ({ trustedKey }));
}

/** The result and its reason must belong together; a pass for which nobody vouched is none that we wrote. */
function outcomeOf(result: Result, vouchers: KnownRow['vouchers']): ScanOutcome | undefined {
  const { message, properties } = result;
  const base = { message, evidence: [], entries: [], notes: [] };
  const reason = properties[RESULT_PROPERTIES.reason] ?? '';
  switch (result.result) {
    case 'pass':
      if (reason !== 'Verified' || vouchers.length === 0 || properties[RESULT_PROPERTIES.digest] === undefined) {
        return undefined;
      }
      return { kind: 'judged', verdict: { state: 'verified', reason, ...base } };
    case 'fail':
      return isRejected(reason) ? { kind: 'judged', verdict: { state: 'rejected', reason, ...base } } : undefined;
    case 'error':
      return isUnknown(reason) ? { kind: 'judged', verdict: { state: 'unknown', reason, ...base } } : undefined;
    case 'skip':
      return reason === 'Excepted' ? exceptionOf(message, properties[RESULT_PROPERTIES.expiresAt]) : undefined;
  }
}

function exceptionOf(message: string, expiresAt: string | undefined): ScanOutcome {
  const reason = message.startsWith(EXCEPTED_PREFIX) ? message.slice(EXCEPTED_PREFIX.length) : message;
  return { kind: 'excepted', reason, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function isReason(name: string): name is Reason {
  return Object.hasOwn(REASONS, name);
}

function isRejected(name: string): name is RejectedReason {
  return isReason(name) && REASONS[name].state === 'rejected';
}

function isUnknown(name: string): name is UnknownReason {
  return isReason(name) && REASONS[name].state === 'unknown';
}

function identityOf({
  apiVersion,
  kind,
  namespace,
  name,
  uid,
}: z.output<typeof ReportObject>['scope']): ObjectIdentity {
  return {
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(uid === undefined ? {} : { uid }),
  };
}

function ownerFields(owner: unknown): unknown {
  const { apiVersion, kind, name, uid } = fieldsOf(owner);
  return { apiVersion, kind, name, uid };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
