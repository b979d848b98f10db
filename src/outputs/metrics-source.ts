/**
 * What metrics are read from when somebody asks for them. Shapes only; the controllers fill them from what they hold,
 * so that a scrape shows the state of now and no series outlives its object.
 */
import type { ImageTrustPolicyStatus } from '../api/image-trust-policy-status.ts';
import type { TrustedKeyStatus } from '../api/trusted-key-status.ts';
import type { PolicyView } from '../core/known.ts';
import type { KeyView } from './key-status.ts';

/** A policy; only where this replica leads. `status`: what was rendered of it last, whoever wrote it. */
export interface PolicySeries {
  readonly view: PolicyView;
  readonly status: ImageTrustPolicyStatus | undefined;
}

/** A key; only where this replica leads. Its dependents are read from the status. */
export interface KeySeries {
  readonly view: Omit<KeyView, 'dependents'>;
  readonly status: TrustedKeyStatus | undefined;
  /** The trust root of a TUF repository by which the key's signatures are proven; `refreshed`: the mirror was last asked with success. */
  readonly root?: { readonly expires: Date; readonly refreshed?: Date };
}

/** A controller with its queue; times in seconds. */
export interface ControllerSeries {
  readonly name: string;
  readonly concurrency: number;
  state(): {
    /** Keys that are ready, by priority. */
    readonly depth: ReadonlyMap<number, number>;
    readonly inWork: number;
    readonly unfinishedSeconds: number;
    readonly longestSeconds: number;
  };
}

/** The state of now. Called at each scrape; nothing may wait. */
export interface MetricsSource {
  policies(): Iterable<PolicySeries>;
  keys(): Iterable<KeySeries>;
  controllers(): Iterable<ControllerSeries>;
  /** Limits by registry host. */
  registries(): Iterable<
    readonly [host: string, limits: { readonly window: number; readonly inFlight: number; readonly waiting: number }]
  >;
  /** Image uses that no policy covers. */
  uncovered(): number;
  /** Reports of ours in the cluster. */
  reports(): number;
  /** Does this replica lead? The Lease by name. */
  leader(): { readonly name: string; readonly leading: boolean };
}
