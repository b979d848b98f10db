/**
 * The operator as a whole: reads the world, becomes leader, verifies and publishes, and ends well. Composition of the
 * controllers and the order of their lives; must never do the work of one of them.
 */
import type { Clock } from '../core/clock.ts';
import type { PullIndex } from '../core/pull-index.ts';
import type { Elector } from '../kube/leader.ts';
import type { Resource } from '../kube/resource.ts';
import type { Recorder } from '../kube/recorder.ts';
import type { KubeClient } from '../kube/verbs.ts';
import type { Metrics } from '../outputs/metrics.ts';
import type { ReportApi } from '../outputs/policy-report.ts';
import type { KmsKeysOptions } from '../store/kms-keys.ts';
import { createProofMemo } from '../verify/engine/memo.ts';
import { FAMILIES } from '../verify/families.ts';
import type { TufClient } from '../registry/tuf/client.ts';
import type { RevocationSource } from '../verify/revocation/status.ts';
import type { RootSources } from '../verify/trust/material.ts';
import type { Controller, ControllerObserver } from './controller.ts';
import { Desk } from './desk.ts';
import type { OperatorLog } from './log.ts';
import type { ResourceLookup } from './owners.ts';
import type { SourceAdditions } from '../store/registry-settings.ts';
import type { OpenedSource } from './registry-sources.ts';

/** What the operator is made of. Everything from outside comes in here. */
export interface OperatorOptions {
  readonly client: KubeClient;
  readonly lookup: ResourceLookup;
  /** Absent: this replica leads without asking. */
  readonly elector: Elector | undefined;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: OperatorLog;
  readonly observerOf: (controller: string) => ControllerObserver;
  /** Told of what is counted: checks, passes, reports. */
  readonly onVerified: Metrics['verified'];
  readonly onPassed: Metrics['passed'];
  readonly onReport: Metrics['reported'];
  readonly onEnforced: Metrics['enforced'];
  readonly openSource: (additions: SourceAdditions) => Promise<OpenedSource>;
  /** Where Pods are told to, by whom their images are pulled; absent where nobody asks. */
  readonly pulls: PullIndex | undefined;
  /** Asks key management services for public keys by URI: PEM blocks. Throws Failure. */
  readonly askKms: KmsKeysOptions['ask'];
  readonly cwd: string;
  readonly trust: TrustOptions;
  readonly revocationSource: RevocationSource;
  readonly namespace: string | undefined;
  readonly reports: { readonly resource: Resource; readonly api: ReportApi } | undefined;
  /** Try what Kyverno does with Pods that are never created (`--probe-admission`). Default false. */
  readonly probeAdmission?: boolean;
  /** Tasks of one registry at once. */
  readonly concurrency: number;
}

/** Sigstore trust roots that no key names, and how those of TUF repositories are fetched. */
export interface TrustOptions extends Pick<RootSources, 'given' | 'instance'> {
  readonly tuf: TufClient;
}

/** A running operator. */
export interface Operator {
  /** Runs until `stop` fires, or until the Lease is lost: then false. `kill` ends what does not end by itself. */
  run(stop: AbortSignal, kill: AbortSignal): Promise<boolean>;
  /**
   * Has everything been read once, and is what an earlier life left visible? A replica that waits for the Lease is ready
   * when it has seen that another holds it.
   */
  isReady(): boolean;
  isLeader(): boolean;
  /** What it knows, for metrics. */
  readonly desk: Desk;
}

/** Makes the operator; nothing happens before `run`. */
export function createOperator(options: OperatorOptions): Operator {
  const { elector, log } = options;
  const ended = new AbortController();
  const desk = new Desk({ ...options, signal: ended.signal, families: FAMILIES, memo: createProofMemo() });
  const phase = { loaded: false, leads: false, ready: false };
  const follows = (): boolean => elector !== undefined && elector.leader() !== '' && !elector.isLeader();
  return {
    desk,
    isReady(): boolean {
      // Ready once, a follower that becomes the leader does not look as if it were starting anew.
      phase.ready ||= phase.leads || (phase.loaded && follows());
      return phase.loaded && phase.ready && desk.world.isSynced();
    },
    isLeader: () => phase.leads && (elector?.isLeader() ?? true),
    async run(stop, kill): Promise<boolean> {
      // They end with the operator, also where it ends by itself: a Lease that is lost, a start that fails.
      const readers = runAll(desk.readerControllers, AbortSignal.any([stop, ended.signal]), kill);
      try {
        desk.world.start();
        await until(desk.world.synced, stop);
        await desk.load(stop);
        phase.loaded = true;
        log.info('ready', desk.figures());
        await elector?.acquire(stop);
        return await lead(desk, elector, { stop, kill, onBegun: () => (phase.leads = true) });
      } catch (error) {
        if (stop.aborted) return true;
        throw error;
      } finally {
        phase.loaded = false;
        phase.leads = false;
        await elector?.release(kill);
        await options.recorder.idle();
        ended.abort(new DOMException('The operator has ended', 'AbortError'));
        await Promise.all([desk.world.stop(), readers, desk.close()]);
      }
    },
  };
}

interface Leading {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  /** What an earlier life left is taken back. */
  readonly onBegun: () => void;
}

/** Verifies and publishes until `stop` fires; false where the Lease was lost before. */
async function lead(desk: Desk, elector: Elector | undefined, { stop, kill, onBegun }: Leading): Promise<boolean> {
  desk.options.log.info('leading', { elected: elector !== undefined });
  const lost = new AbortController();
  const end = AbortSignal.any([stop, lost.signal]);
  const held = elector?.hold(end).then(
    () => lost.abort(new Error('the Lease was lost')),
    () => undefined,
  );
  await desk.begin(end);
  onBegun();
  await Promise.all([
    // What was not looked at to the end can be looked at again; nobody waits for it.
    runAll(desk.lookers, end, end),
    // What is being written is written; but who leads no more must not write.
    runAll(desk.writers, end, AbortSignal.any([kill, lost.signal])),
  ]);
  await held;
  return !lost.signal.aborted;
}

async function runAll(controllers: readonly Controller[], stop: AbortSignal, kill: AbortSignal): Promise<void> {
  await Promise.all(controllers.map((controller) => controller.run(stop, kill)));
}

/** Waits for the promise, or for the signal, whose reason is thrown. */
async function until(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
