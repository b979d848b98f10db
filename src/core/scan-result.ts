/**
 * What a pass found: one row per policy and image use. Owns the shape, its order and its sums; outputs/ writes it.
 * Must never change a verdict.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { compareText, compareUses, type ImageUse } from './image-use.ts';
import { type ExceptedUse, keyOfTask } from './task.ts';
import type { Verdict } from './verdict.ts';

/** Severity of a policy's violations. */
export type Severity = ImageTrustPolicy['spec']['severity'];

/** What came of one use under one policy. */
export type ScanOutcome =
  | { readonly kind: 'judged'; readonly verdict: Verdict }
  /** Not judged: an exception of the policy covers it. `expiresAt` RFC 3339; absent: for good. */
  | { readonly kind: 'excepted'; readonly reason: string; readonly expiresAt?: string };

/** One policy and one image use. */
export interface ScanRow {
  /** Name of the ImageTrustPolicy. */
  readonly policy: string;
  readonly severity: Severity;
  /** Identity of the task that judged it (`policy/digest`); absent where the digest could not be found out. */
  readonly task?: string;
  readonly use: ImageUse;
  readonly outcome: ScanOutcome;
  /** Present where the Kyverno policy would refuse the image, were its Pod created again now. */
  readonly refusal?: RestartRefusal;
}

/** Why a Pod that runs would be refused. */
export interface RestartRefusal {
  /** The reason of our verdict, or a word for what Kyverno decides otherwise. Example: SignatureFormat. */
  readonly reason: string;
  /** Why, and what can be done. Stable from pass to pass. */
  readonly message: string;
}

/** The rows in order: namespace, workload, Pod, container, policy. */
export interface ScanResult {
  readonly rows: readonly ScanRow[];
  /** Uses that no policy covers: nobody looked at them. */
  readonly uncovered: readonly ImageUse[];
}

/** The state of a row in one word. */
export type RowState = Verdict['state'] | 'excepted';

/** How many rows are in which state. */
export type ScanSummary = Readonly<Record<RowState | 'total' | 'uncovered', number>>;

/** A row for a use that was judged, or that could not be (then its verdict is `unknown`). */
export function judgedRow(policy: ImageTrustPolicy, use: ImageUse, verdict: Verdict): ScanRow {
  const task = use.digest === undefined ? {} : { task: keyOfTask({ policy, digest: use.digest }) };
  return { ...rowOf(policy, use), ...task, outcome: { kind: 'judged', verdict } };
}

/** A row for a use that an exception covers. */
export function exceptedRow({ policy, use, reason, expiresAt }: ExceptedUse): ScanRow {
  const end = expiresAt === undefined ? {} : { expiresAt };
  return { ...rowOf(policy, use), outcome: { kind: 'excepted', reason, ...end } };
}

/** A result with everything in its order. */
export function scanResult(rows: readonly ScanRow[], uncovered: readonly ImageUse[]): ScanResult {
  return { rows: rows.toSorted(compareRows), uncovered: uncovered.toSorted(compareUses) };
}

/** The state of a row. */
export function stateOf({ outcome }: ScanRow): RowState {
  return outcome.kind === 'excepted' ? 'excepted' : outcome.verdict.state;
}

/** Counts the rows by state. */
export function summarise({ rows, uncovered }: ScanResult): ScanSummary {
  const count = (state: RowState): number => rows.filter((row) => stateOf(row) === state).length;
  return {
    total: rows.length,
    verified: count('verified'),
    rejected: count('rejected'),
    unknown: count('unknown'),
    excepted: count('excepted'),
    uncovered: uncovered.length,
  };
}

function rowOf(policy: ImageTrustPolicy, use: ImageUse): Pick<ScanRow, 'policy' | 'severity' | 'use'> {
  return { policy: policy.metadata.name, severity: policy.spec.severity, use };
}

function compareRows(a: ScanRow, b: ScanRow): number {
  return compareUses(a.use, b.use) || compareText(a.policy, b.policy);
}
