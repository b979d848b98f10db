/**
 * The shape of reports, as wgpolicyk8s.io/v1alpha2 and openreports.io/v1alpha1 define it and as far as we write it.
 * Shape only.
 */
import type { ObjectIdentity } from '../core/image-use.ts';
import type { Severity } from '../core/scan-result.ts';

/** Result of one check. `error`: could not be evaluated. `skip`: excepted. */
export type ReportStatus = 'pass' | 'fail' | 'warn' | 'error' | 'skip';

/** One result. Properties are texts, `resultID` among them: unique in the cluster and stable. */
export interface ReportResult {
  readonly source: string;
  readonly policy: string;
  readonly rule: string;
  readonly category: string;
  readonly severity: Severity;
  readonly result: ReportStatus;
  readonly scored: boolean;
  readonly message: string;
  /** Unix time of the last change. */
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly properties: Readonly<Record<string, string>>;
}

/** The properties of a result by name. They are part of what other programs read: none is renamed. */
export const RESULT_PROPERTIES = {
  resultID: 'resultID',
  container: 'container',
  containerType: 'containerType',
  image: 'image',
  digest: 'digest',
  /** Reason of the verdict, or `Excepted`. */
  reason: 'reason',
  /** Names of the TrustedKeys that vouched, joined by commas. */
  trustedKeys: 'trustedKeys',
  /** Identity of the trust that the verdict was reached under (core/trust-id.ts). */
  trust: 'trust',
  /** Why its Pod would be refused, were it created again now: a reason, a colon, a sentence. Absent: it would not. */
  refusedOnRestart: 'refusedOnRestart',
  /** End of the exception, RFC 3339. */
  expiresAt: 'expiresAt',
} as const;

interface ReportBody {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly Omit<Required<ObjectIdentity>, 'namespace'>[];
  };
  /** The workload; results have no resources of their own and inherit it. */
  readonly scope: ObjectIdentity;
  /** Counts every result, those that were cut included. */
  readonly summary: Readonly<Record<ReportStatus, number>>;
  readonly results: readonly ReportResult[];
}

/** A report on one workload, in one of two kinds. */
export type WorkloadReport =
  | (ReportBody & { readonly apiVersion: 'wgpolicyk8s.io/v1alpha2'; readonly kind: 'PolicyReport' })
  | (ReportBody & {
      readonly apiVersion: 'openreports.io/v1alpha1';
      readonly kind: 'Report';
      /** Who made the report; only this kind says it for all results at once. */
      readonly source: string;
    });
