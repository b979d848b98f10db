/**
 * What is known of the tasks: the verdict that was established last and its age, and the failure to look that may lie
 * over it. Owns the shapes that status, reports, events and metrics are rendered from. Must never decide a verdict.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Behind } from './behind.ts';
import type { Digest } from './digest.ts';
import type { EnforcementView } from './enforcement.ts';
import type { Failure } from './failure.ts';
import type { ImageUse } from './image-use.ts';
import type { KnownLeads } from './lead.ts';
import type { ScanRow } from './scan-result.ts';
import type { Why } from './task.ts';
import type { Verdict } from './verdict.ts';

/** A verdict that somebody reached by looking. */
export type EstablishedVerdict = Extract<Verdict, { state: 'verified' | 'rejected' }>;
/** A failure to look. */
export type UnknownVerdict = Extract<Verdict, { state: 'unknown' }>;

/** A key that vouched, and the set for which it did. What is left of evidence across a restart. */
export interface Voucher {
  readonly trustedKey: string;
  /** Absent where it was read back from a report, which names keys only. */
  readonly set?: string;
}

/** The last verdict that was reached, under the trust that `Known.trustId` names. */
export interface Established {
  readonly verdict: EstablishedVerdict;
  /** When it was last confirmed. */
  readonly at: Date;
  /** Since when state and reason are what they are. */
  readonly changedAt: Date;
  readonly vouchers: readonly Voucher[];
}

/** A check that could not be made, though it was tried. */
export interface Unknown {
  readonly verdict: UnknownVerdict;
  /** The latest try, and the first of those in a row. */
  readonly at: Date;
  readonly since: Date;
  /** Canonical references that were tried. */
  readonly references: ReadonlySet<string>;
}

/** What is known of one task: a policy and a digest. */
export interface Known {
  /** Name of the ImageTrustPolicy. */
  readonly policy: string;
  readonly digest: Digest;
  /** Identity of the demands and signers that it was judged under (see trust-id.ts). */
  readonly trustId: string;
  /** Absent: nothing was established under this trust. */
  readonly established?: Established;
  /** Present while the latest check could not be made. */
  readonly unknown?: Unknown;
  /** Where the references led, of those that were followed. */
  readonly leads: KnownLeads;
  /** What tags that moved away from the digest lead to; absent where none did, or nobody asked. */
  readonly behind?: Behind;
  /** Canonical references that the established verdict took into account; it says nothing of uses under other names. */
  readonly references: ReadonlySet<string>;
  /**
   * Read back from reports after a start, and not looked at since: without evidence and leads, so it speaks only for
   * the rows that the reports had, never for a new use.
   */
  readonly restored: boolean;
}

/** A row of a scan with its ages: one policy and one use. */
export interface KnownRow extends ScanRow {
  /** Since when the row has been in its state for its reason: the `timestamp` of reports. */
  readonly changedAt: Date;
  /** When the shown outcome was last confirmed by looking; absent where that never was (exceptions, `unknown`). */
  readonly checkedAt?: Date;
  /** Present while the shown verdict is older than a failed try to confirm it. */
  readonly unknown?: { readonly verdict: UnknownVerdict; readonly since: Date };
  /**
   * Identity of the trust that the row was judged under. Reports carry it as property `trust`, so that a start can tell
   * whether a verdict that it reads back still counts. Absent for exceptions and uses without a digest.
   */
  readonly trustId?: string;
  /** Who vouched. Empty unless verified. */
  readonly vouchers: readonly Voucher[];
}

/** One pass over all images of a policy. */
export interface PassRecord {
  readonly startTime: Date;
  /** Absent while it runs. */
  readonly completionTime?: Date;
  readonly reason: Why;
}

/** Everything that the status of one policy is rendered from. */
export interface PolicyView {
  readonly policy: ImageTrustPolicy;
  readonly rows: readonly KnownRow[];
  /** Uses that have not been judged yet under the trust of now, and how many tasks that is. */
  readonly pending: { readonly uses: number; readonly tasks: number };
  readonly lastPass?: PassRecord;
  /** When the next pass is due; absent while suspended, or where the schedule cannot be used. */
  readonly nextPass?: Date;
  /** What somebody must mend in the spec before anything can be done: a time zone that does not exist, and the like. */
  readonly problem?: Failure;
  /** TrustedKeys that the policy names and that vouch for nothing now: missing, or not ready. */
  readonly keysNotReady: readonly { readonly name: string; readonly message: string }[];
  /** Value of the annotation requestedAt that was handled last. */
  readonly lastHandledRequestedAt?: string;
  /** What came of its Kyverno policy; absent: nobody has looked yet, and what the status says of it stays. */
  readonly enforcement?: EnforcementView;
}

/** Identity of a row within its workload: rows that differ only in the Pod are one. */
export function keyOfRow({
  policy,
  use,
}: {
  readonly policy: string;
  readonly use: Pick<ImageUse, 'containerType' | 'container' | 'image' | 'digest'>;
}): string {
  const { containerType, container, image, digest } = use;
  return JSON.stringify([policy, containerType, container, image, digest ?? '']);
}

/** Identity of the workload of a use, as reports are cut: namespace and top-level owner. */
export function keyOfWorkload({ namespace, workload }: Pick<ImageUse, 'namespace' | 'workload'>): string {
  const made = WORKLOAD_KEYS.get(workload);
  if (made?.namespace === namespace) return made.key;
  const key = JSON.stringify([namespace, workload.kind, workload.name, workload.apiVersion, workload.uid ?? '']);
  WORKLOAD_KEYS.set(workload, { namespace, key });
  return key;
}

/** The Pods of a workload hold one identity of it between them, and each of their rows is asked for its key. */
const WORKLOAD_KEYS = new WeakMap<ImageUse['workload'], { readonly namespace: string; readonly key: string }>();
