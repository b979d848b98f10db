/**
 * Keys that want work: each at most once in the queue and at most once in work, the most urgent first, some later.
 * Owns client-go's queue semantics with controller-runtime's priorities; must never know what the work is.
 */
import type { Clock } from '../core/clock.ts';
import { createDelayedKeys } from './delayed-keys.ts';
import { createReadyKeys, type Ready } from './ready-keys.ts';
import { createRetryDelays, type RetryDelays, type RetryLimits } from './retry-delay.ts';

/** Priorities as controller-runtime has them: what somebody just changed is never delayed by initial or periodic work. */
export const PRIORITY = { changed: 0, background: -100 } as const;

/** How urgent and how soon. */
export interface AddOptions {
  /** Higher is sooner. Default `PRIORITY.changed`. */
  readonly priority?: number;
  /** Not before this many milliseconds from now. Default 0. */
  readonly afterMs?: number;
}

/** What is told of the queue; times in seconds, for `workqueue_*`. */
export interface QueueObserver {
  added?(): void;
  retried?(): void;
  /** A key was handed out: how long it had been ready. */
  waited?(seconds: number): void;
  /** A key is done: how long it was in work. */
  worked?(seconds: number): void;
}

/** What a queue shows of itself when asked. */
export interface QueueState {
  /** Keys that are ready, by priority. */
  readonly depth: ReadonlyMap<number, number>;
  /** Keys that wait for their time. */
  readonly delayed: number;
  readonly inWork: number;
  /** Sum over all keys in work. */
  readonly unfinishedSeconds: number;
  readonly longestSeconds: number;
}

/** A queue of keys. */
export interface WorkQueue {
  /**
   * Wants work on the key. Where it is queued already, the higher priority and the earlier time count; where it is in
   * work, it is handed out again afterwards.
   */
  add(key: string, options?: AddOptions): void;
  /** `add` after a failure: waits for as long as the limits say, at least `afterMs`. */
  retry(key: string, options?: AddOptions): void;
  /** The work on the key succeeded: its next failure counts as the first. */
  forget(key: string): void;
  /** How often the key failed since it was forgotten. */
  failures(key: string): number;
  /** The next key, for which `done` must be called; undefined once the queue is shut down. Rejects when the signal fires. */
  take(signal?: AbortSignal): Promise<string | undefined>;
  done(key: string): void;
  /** Takes nothing more and hands nothing more out; work under way ends as it likes. */
  shutDown(): void;
  state(): QueueState;
}

/** What a queue is made of. */
export interface QueueOptions {
  readonly clock: Clock;
  readonly limits?: RetryLimits;
  readonly observer?: QueueObserver;
}

/** Makes a queue. */
export function createWorkQueue(options: QueueOptions): WorkQueue {
  return new Queue(options);
}

interface Taker {
  give(key: string | undefined): void;
}

class Queue implements WorkQueue {
  private readonly clock: Clock;
  private readonly observer: QueueObserver;
  private readonly retries: RetryDelays;
  private readonly ready = createReadyKeys();
  private readonly delayed = createDelayedKeys();
  /** Since when. */
  private readonly inWork = new Map<string, number>();
  /** Keys that became ready while they were in work. */
  private readonly again = new Map<string, Ready>();
  private readonly takers = new Set<Taker>();
  private alarm: { readonly at: number; readonly cancel: AbortController } | undefined;
  private closed = false;

  constructor({ clock, limits, observer = {} }: QueueOptions) {
    this.clock = clock;
    this.observer = observer;
    this.retries = createRetryDelays(() => clock.now(), limits);
  }

  add(key: string, { priority = PRIORITY.changed, afterMs = 0 }: AddOptions = {}): void {
    if (this.closed) return;
    this.observer.added?.();
    const now = this.clock.now();
    // What is ready already, or will be after the work under way, comes sooner than anything delayed.
    const soon = !(afterMs > 0) || this.ready.has(key) || this.again.has(key);
    if (soon) this.makeReady(key, { priority, since: now });
    else this.delayed.add({ key, priority, readyAt: now + afterMs });
    this.serve();
  }

  retry(key: string, { priority = PRIORITY.changed, afterMs = 0 }: AddOptions = {}): void {
    if (this.closed) return;
    this.observer.retried?.();
    this.add(key, { priority, afterMs: Math.max(afterMs, this.retries.next(key)) });
  }

  forget(key: string): void {
    this.retries.forget(key);
  }

  failures(key: string): number {
    return this.retries.failures(key);
  }

  take(signal?: AbortSignal): Promise<string | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.takers.delete(taker);
        reject(signal?.reason instanceof Error ? signal.reason : new DOMException('Cancelled', 'AbortError'));
      };
      const taker: Taker = {
        give: (key) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(key);
        },
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.takers.add(taker);
      this.serve();
    });
  }

  done(key: string): void {
    const since = this.inWork.get(key);
    if (since === undefined) return;
    this.inWork.delete(key);
    this.observer.worked?.(Math.max(0, this.clock.now() - since) / 1000);
    const again = this.again.get(key);
    this.again.delete(key);
    if (again !== undefined) this.ready.add(key, again);
    this.serve();
  }

  shutDown(): void {
    this.closed = true;
    this.stopAlarm();
    for (const taker of this.takers) taker.give(undefined);
    this.takers.clear();
  }

  state(): QueueState {
    const now = this.clock.now();
    const ages = [...this.inWork.values()].map((since) => Math.max(0, now - since) / 1000);
    return {
      depth: this.ready.depth(),
      delayed: this.delayed.size,
      inWork: this.inWork.size,
      unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
      longestSeconds: ages.reduce((most, age) => Math.max(most, age), 0),
    };
  }

  private makeReady(key: string, wanted: Ready): void {
    const waiting = this.delayed.remove(key);
    const ready = { ...wanted, priority: Math.max(wanted.priority, waiting?.priority ?? wanted.priority) };
    if (!this.inWork.has(key)) return this.ready.add(key, ready);
    const again = this.again.get(key) ?? ready;
    this.again.set(key, { since: again.since, priority: Math.max(again.priority, ready.priority) });
  }

  /** Moves on what is due, hands out what is ready, and sleeps until the next is due. */
  private serve(): void {
    if (this.closed) return;
    const now = this.clock.now();
    for (let due = this.delayed.shiftDue(now); due !== undefined; due = this.delayed.shiftDue(now)) {
      this.makeReady(due.key, { priority: due.priority, since: due.readyAt });
    }
    for (const taker of this.takers) {
      const next = this.ready.shift();
      if (next === undefined) break;
      this.takers.delete(taker);
      this.inWork.set(next.key, now);
      this.observer.waited?.(Math.max(0, now - next.ready.since) / 1000);
      taker.give(next.key);
    }
    this.setAlarm();
  }

  private setAlarm(): void {
    const at = this.delayed.nextAt();
    if (at === this.alarm?.at) return;
    this.stopAlarm();
    if (at === undefined) return;
    const cancel = new AbortController();
    this.alarm = { at, cancel };
    const ring = (): void => {
      if (cancel.signal.aborted) return;
      this.alarm = undefined;
      this.serve();
    };
    this.clock.sleep(Math.min(LONGEST_SLEEP_MS, Math.max(0, at - this.clock.now())), cancel.signal).then(ring, ring);
  }

  private stopAlarm(): void {
    this.alarm?.cancel.abort();
    this.alarm = undefined;
  }
}

/** Timers of Node hold 31 bits of milliseconds, and one that was set long ago misses a change of the clock. */
const LONGEST_SLEEP_MS = 3_600_000;
