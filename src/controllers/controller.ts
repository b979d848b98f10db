/**
 * The shell of every controller: takes keys from its queue, reconciles them, and decides what a result means for the
 * queue. Owns retries, times and the end; must never die of one key, nor know what the key stands for.
 */
import type { Clock } from '../core/clock.ts';
import { KubeFailure } from '../kube/failure.ts';
import { type AddOptions, createWorkQueue, type QueueObserver, type QueueState } from '../kube/work-queue.ts';
import type { RetryLimits } from '../kube/retry-delay.ts';
import { createTurns } from './turns.ts';

/** What follows from a reconciliation: nothing, or another one at a time. Failures are thrown. */
export type Next = { readonly kind: 'done' } | { readonly kind: 'at'; readonly at: Date };

/** Nothing more to do until something changes. */
export const DONE: Next = { kind: 'done' };

/** How a reconciliation ended, in controller-runtime's words. */
export type ReconcileResult = 'success' | 'requeue_after' | 'error';

/** Told of reconciliations, for metrics and logs. */
export interface ControllerObserver {
  readonly queue?: QueueObserver;
  started?(): void;
  ended?(result: ReconcileResult, seconds: number): void;
  /** A key failed; it is tried again. */
  failed?(key: string, error: unknown): void;
}

/** What a controller is made of. */
export interface ControllerOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Keys in work at once. */
  readonly concurrency: number;
  /**
   * Does what there is to do for a key, by the state of now: it may be called again at any time. Throws what kept it
   * from its work. `signal` ends it without regard.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Next>;
  readonly observer?: ControllerObserver;
  readonly limits?: RetryLimits;
}

/** A controller. */
export interface Controller {
  readonly name: string;
  readonly concurrency: number;
  add(key: string, options?: AddOptions): void;
  /**
   * Works until `stop` fires; then takes no further key and resolves when those in work are done. `kill` is the signal
   * that reconciliations get.
   */
  run(stop: AbortSignal, kill: AbortSignal): Promise<void>;
  state(): QueueState;
}

/** From the first failure on twice as long each time; a key that keeps failing is tried every half minute. */
const LIMITS: RetryLimits = { baseMs: 250, maxMs: 30_000, perSecond: 50, burst: 200 };

/** Makes a controller; nothing happens before `run`. */
export function createController(options: ControllerOptions): Controller {
  const { name, clock, concurrency, observer = {} } = options;
  const queue = createWorkQueue({
    clock,
    limits: options.limits ?? LIMITS,
    ...(observer.queue === undefined ? {} : { observer: observer.queue }),
  });
  const reconcile = async (key: string, kill: AbortSignal): Promise<ReconcileResult> => {
    try {
      const next = await options.reconcile(key, kill);
      queue.forget(key);
      if (next.kind === 'done') return 'success';
      queue.add(key, { afterMs: Math.max(0, next.at.getTime() - clock.now()) });
      return 'requeue_after';
    } catch (error) {
      if (kill.aborted) return 'error';
      observer.failed?.(key, error);
      queue.retry(key, { afterMs: wishOf(error) });
      return 'error';
    }
  };
  const turns = createTurns(clock);
  const work = async (kill: AbortSignal): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      while (turns.isOver()) await turns.next();
      const since = clock.now();
      observer.started?.();
      const result = await reconcile(key, kill);
      queue.done(key);
      observer.ended?.(result, Math.max(0, clock.now() - since) / 1000);
    }
  };
  const run = async (stop: AbortSignal, kill: AbortSignal): Promise<void> => {
    if (stop.aborted) queue.shutDown();
    else stop.addEventListener('abort', () => queue.shutDown(), { once: true });
    await Promise.all(Array.from({ length: concurrency }, () => work(kill)));
  };
  return { name, concurrency, add: (key, add) => queue.add(key, add), state: () => queue.state(), run };
}

/** How long the server wants to be left alone. */
function wishOf(error: unknown): number {
  return error instanceof KubeFailure ? (error.detail.retryAfterMs ?? 0) : 0;
}
