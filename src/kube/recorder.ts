/**
 * Records events (events.k8s.io/v1) for people who read `kubectl describe`. Owns their bounds: what repeats becomes a
 * series, who makes noise is cut off, and a server that is away holds up nobody. Must never throw into its callers, and
 * never decide what is worth an event.
 */
import type { Clock } from '../core/clock.ts';
import { createLru } from '../core/lru.ts';
import { createBackOff } from './back-off.ts';
import {
  type EventInput,
  type EventReporter,
  eventObject,
  type ObjectReference,
  seriesObject,
} from './event-object.ts';
import { isKubeFailure } from './failure.ts';
import { EVENTS, type ObjectName } from './resource.ts';
import type { KubeClient } from './verbs.ts';

export type { EventInput, EventReporter, ObjectReference } from './event-object.ts';

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'apply'>;
  readonly reporter: EventReporter;
  readonly fieldManager: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Ends the recorder; what is not sent by then is lost. */
  readonly signal: AbortSignal;
  /** Told of every event that is not sent, and why. */
  readonly onDrop?: (event: EventInput, why: 'noise' | 'backlog' | 'refused', error?: unknown) => void;
}

/** Records events. */
export interface Recorder {
  /** Sends it soon. */
  record(event: EventInput): void;
  /** Resolves when nothing waits to be sent. */
  idle(): Promise<void>;
}

/** client-go, tools/events and tools/record: cache of 4,096; a series ends after 6 minutes; 25 at once, then one in 5 minutes. */
const REMEMBERED = 4_096;
const SERIES_MS = 360_000;
const BURST = 25;
const REFILL_MS = 300_000;
const BACKLOG = 1_000;
const TRIES = 6;

/** Makes a recorder. */
export function createRecorder(options: RecorderOptions): Recorder {
  return new EventRecorder(options);
}

interface Told {
  readonly place: ObjectName;
  readonly count: number;
  readonly at: number;
}

class EventRecorder implements Recorder {
  private readonly options: RecorderOptions;
  private readonly told = createLru<Told>(REMEMBERED);
  private readonly noise = createLru<{ readonly tokens: number; readonly at: number }>(REMEMBERED);
  private readonly backlog: EventInput[] = [];
  private sending: Promise<void> = Promise.resolve();
  private isSending = false;
  private serial = 0;

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  record(event: EventInput): void {
    const { signal, onDrop } = this.options;
    if (signal.aborted) return;
    if (!this.isQuiet(event.regarding)) return onDrop?.(event, 'noise');
    if (this.backlog.length >= BACKLOG) return onDrop?.(event, 'backlog');
    this.backlog.push(event);
    if (this.isSending) return;
    this.isSending = true;
    this.sending = this.sendAll();
  }

  idle(): Promise<void> {
    return this.sending;
  }

  /** One after the other: events are never urgent, and a repetition must find what it repeats. */
  private async sendAll(): Promise<void> {
    for (let event = this.backlog.shift(); event !== undefined; event = this.backlog.shift()) {
      if (this.options.signal.aborted) break;
      await this.send(event).catch(() => undefined);
    }
    this.isSending = false;
  }

  private async send(event: EventInput): Promise<void> {
    const { clock, random, signal, onDrop } = this.options;
    const backOff = createBackOff(() => clock.now(), random, { initialMs: 500, maxMs: 10_000, resetMs: 120_000 });
    for (let tries = 1; ; tries++) {
      try {
        return await this.tell(event);
      } catch (error) {
        if (signal.aborted) return;
        const passing = isKubeFailure(error, 'unavailable', 'timeout', 'rate-limited', 'conflict');
        if (!passing || tries >= TRIES) return onDrop?.(event, 'refused', error);
        await clock.sleep(Math.max(backOff.next(), error.detail.retryAfterMs ?? 0), signal);
      }
    }
  }

  private async tell(event: EventInput): Promise<void> {
    const { client, clock, signal, fieldManager, reporter } = this.options;
    const key = keyOf(event);
    const at = clock.now();
    const before = this.told.get(key);
    if (before !== undefined && at - before.at <= SERIES_MS) {
      const again = { ...before, count: before.count + 1, at };
      this.told.set(key, again);
      const sent = await client.apply(EVENTS, seriesObject(before.place, again), { fieldManager, signal }).then(
        () => true,
        // It expired on the server meanwhile (an apply would make half an event): tell it as new.
        (error: unknown) => {
          if (!isKubeFailure(error, 'invalid', 'not-found')) throw error;
          return false;
        },
      );
      if (sent) return;
    }
    this.serial += 1;
    const object = eventObject(event, reporter, { at, serial: this.serial });
    await client.create(EVENTS, object, { signal });
    this.told.set(key, { place: object.metadata, count: 1, at });
  }

  /** A bucket for every object: who fell 25 times in a row is known by then. */
  private isQuiet(regarding: ObjectReference): boolean {
    const key = JSON.stringify([regarding.apiVersion, regarding.kind, regarding.namespace, regarding.name]);
    const at = this.options.clock.now();
    const before = this.noise.get(key) ?? { tokens: BURST, at };
    const tokens = Math.min(BURST, before.tokens + Math.max(0, at - before.at) / REFILL_MS);
    this.noise.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
    return tokens >= 1;
  }
}

/** Events are the same when they say the same of the same objects. */
function keyOf({ regarding, related, type, reason, action, note }: EventInput): string {
  return JSON.stringify([regarding, related ?? null, type, reason, action, note]);
}
