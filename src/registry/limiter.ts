/**
 * How many requests may be in flight to one host: additive increase, multiplicative decrease, as TCP does it.
 * 429 and 503 halve the window and may close the gate for a while; answers widen it again.
 * One limiter per host, so that a slow host holds up nobody else.
 */
import type { Failure } from '../core/failure.ts';
import { errorOfAbort, type Trouble } from './abort.ts';
import type { Clock } from './clock.ts';

/** What a limiter shows of itself, for metrics. */
export interface LimiterState {
  readonly window: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** A slot in flight. Give it back exactly once. */
export interface Slot {
  /** The host answered: the window may grow. */
  succeeded(): void;
  /** The host asked to slow down. `pauseMs`: how long it wants to be left alone; `failure`: what waiters say of it. */
  pushedBack(pauseMs: number, failure: Failure): void;
  release(): void;
}

/** Limits the requests in flight to one host. */
export interface Limiter {
  acquire(signal: AbortSignal, where: string, trouble: Trouble): Promise<Slot>;
  state(): LimiterState;
}

/** Makes a limiter that starts at `initial` and never exceeds `max` requests in flight. */
export function createLimiter(clock: Clock, bounds: { initial: number; max: number }): Limiter {
  return new Gate(clock, bounds);
}

/** The gate of one host. Alive while somebody waits: no alarm outlives the last waiter, so that a process can end. */
class Gate implements Limiter {
  private readonly clock: Clock;
  private readonly max: number;
  private readonly queue = new Set<() => void>();
  private window: number;
  private inFlight = 0;
  private openAt = 0;
  private lastCut = Number.NEGATIVE_INFINITY;
  private pushBack: Failure | undefined;
  private alarm: AbortController | undefined;

  constructor(clock: Clock, { initial, max }: { initial: number; max: number }) {
    this.clock = clock;
    this.window = initial;
    this.max = max;
  }

  state(): LimiterState {
    return { window: Math.floor(this.window), inFlight: this.inFlight, waiting: this.queue.size };
  }

  async acquire(signal: AbortSignal, where: string, trouble: Trouble): Promise<Slot> {
    if (signal.aborted) throw errorOfAbort(signal, where, trouble);
    await new Promise<void>((resolve, reject) => {
      const admitted = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.leave(admitted);
        reject(errorOfAbort(signal, where, this.pushBack === undefined ? trouble : { last: this.pushBack }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.queue.add(admitted);
      this.admit();
    });
    return this.slot(this.clock.now());
  }

  private slot(startedAt: number): Slot {
    return {
      succeeded: () => {
        this.window = Math.min(this.max, this.window + 1 / this.window);
      },
      pushedBack: (pauseMs, failure) => {
        this.openAt = Math.max(this.openAt, this.clock.now() + pauseMs);
        this.pushBack = failure;
        if (startedAt < this.lastCut) return;
        this.lastCut = this.clock.now();
        this.window = Math.max(1, this.window / 2);
      },
      release: () => {
        this.inFlight -= 1;
        this.admit();
      },
    };
  }

  private admit(): void {
    if (this.clock.now() < this.openAt) {
      this.wakeAtOpening();
      return;
    }
    this.pushBack = undefined;
    for (const admitted of this.queue) {
      if (this.inFlight >= Math.max(1, Math.floor(this.window))) return;
      this.queue.delete(admitted);
      this.inFlight += 1;
      admitted();
    }
  }

  private wakeAtOpening(): void {
    if (this.alarm !== undefined || this.queue.size === 0) return;
    const alarm = new AbortController();
    this.alarm = alarm;
    const ring = (): void => {
      if (alarm.signal.aborted) return;
      this.alarm = undefined;
      this.admit();
    };
    this.clock.sleep(this.openAt - this.clock.now(), alarm.signal).then(ring, ring);
  }

  private leave(admitted: () => void): void {
    this.queue.delete(admitted);
    if (this.queue.size > 0) return;
    this.alarm?.abort();
    this.alarm = undefined;
  }
}
