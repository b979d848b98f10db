/**
 * Who of the replicas leads: client-go's election on a Lease. Owns the rules (15 s lease, 10 s to renew, a try every 2 s;
 * expiry counted on our own clock from when the record was last seen to change); must never let two lead at once:
 * who could not renew in time leads no more, whether or not it noticed.
 */
import type { Clock } from '../core/clock.ts';
import { createDeadline } from './deadline.ts';
import { isKubeFailure } from './failure.ts';
import { type LeaseRecord, leaseOf, microTime, recordOf } from './lease.ts';
import { type KubeObject, LEASES } from './resource.ts';
import type { KubeClient } from './verbs.ts';

/** What an election is about, and whom to tell. */
export interface ElectionOptions {
  /** Over the lane `streams`, so that a renewal waits behind nothing. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique among all that may lead: host name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Another holder is seen, or oneself; empty: nobody. */
  readonly onLeader?: (identity: string) => void;
  /** A try that failed, for logs. Election goes on. */
  readonly onFailure?: (error: unknown) => void;
}

/** Takes part in an election. */
export interface Elector {
  /** Waits until this replica leads. Rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Renews until that fails for too long, or another leads: then it resolves, and the process has to end. Rejects with the signal's reason. */
  hold(signal: AbortSignal): Promise<void>;
  /** Gives the Lease up, so that another leads at once. Never throws; bounded by the signal. */
  release(signal: AbortSignal): Promise<void>;
  /** Leads this replica at this very moment? False as soon as a renewal is overdue. */
  isLeader(): boolean;
  /** The holder that was last seen; empty: nobody. */
  leader(): string;
}

/** client-go's defaults, as controller-runtime uses them. */
const LEASE_MS = 15_000;
const RENEW_MS = 10_000;
const RETRY_MS = 2_000;
const JITTER = 1.2;
/** One try, so that a connection that hangs costs no more than half of the time to renew (as controller-runtime). */
const TRY_MS = 5_000;
/** How long after a foreign Lease ran out we try: spread, so that several who wait do not collide. */
const AFTER_EXPIRY_MS = 200;

/** Makes an elector. */
export function createElector(options: ElectionOptions): Elector {
  return new LeaseElector(options);
}

interface Observed {
  readonly lease: KubeObject;
  readonly record: LeaseRecord;
  /** When the record was first seen like this, on our clock. */
  readonly at: number;
}

class LeaseElector implements Elector {
  private readonly options: ElectionOptions;
  private observed: Observed | undefined;
  /** When our last successful renewal was begun. */
  private renewedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ElectionOptions) {
    this.options = options;
  }

  isLeader(): boolean {
    const { clock, identity } = this.options;
    return this.observed?.record.holder === identity && clock.now() - this.renewedAt < RENEW_MS;
  }

  leader(): string {
    return this.observed?.record.holder ?? '';
  }

  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.options;
    while (!(await this.attempt(signal))) {
      signal.throwIfAborted();
      const wait = RETRY_MS * (1 + JITTER * random());
      const expiry = this.untilExpiry();
      const aimed = expiry > 0 ? expiry + AFTER_EXPIRY_MS * random() : wait;
      await clock.sleep(Math.min(wait, aimed), signal);
    }
  }

  async hold(signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.options;
    for (;;) {
      await clock.sleep(RETRY_MS, signal);
      await this.attempt(signal);
      signal.throwIfAborted();
      // A Lease that was deleted has no holder: the next try makes it anew.
      const holder = this.observed?.record.holder ?? identity;
      if (holder !== identity || clock.now() - this.renewedAt >= RENEW_MS) return;
    }
  }

  async release(signal: AbortSignal): Promise<void> {
    try {
      await this.giveUp(signal).catch(async (error: unknown) => {
        // A renewal that was cut off may have reached the server all the same.
        if (!isKubeFailure(error, 'conflict')) throw error;
        await this.observeAnew(signal);
        await this.giveUp(signal);
      });
    } catch (error) {
      this.options.onFailure?.(error);
    }
  }

  private async giveUp(signal: AbortSignal): Promise<void> {
    const { identity, clock } = this.options;
    this.renewedAt = Number.NEGATIVE_INFINITY;
    const observed = this.observed;
    if (observed?.record.holder !== identity) return;
    const now = microTime(clock.now());
    const record = { ...observed.record, holder: '', acquireTime: now, renewTime: now };
    // A Lease of one second, held by nobody: client-go's way to say that anybody may take it.
    this.observe(await this.write({ record, durationSeconds: 1, over: observed.lease }, signal));
  }

  /** One try to become or stay leader. */
  private async attempt(outer: AbortSignal): Promise<boolean> {
    const deadline = createDeadline(outer, TRY_MS);
    const { signal } = deadline;
    try {
      const renewed = this.isLeader() && (await this.renew(signal).catch(() => false));
      // Somebody else wrote, or deleted, or the answer got lost: reading tells, as in client-go's slow path.
      return renewed || (await this.compete(signal));
    } catch (error) {
      if (!outer.aborted) this.options.onFailure?.(error);
      return false;
    } finally {
      deadline.release();
    }
  }

  private async compete(signal: AbortSignal): Promise<boolean> {
    const { identity, clock } = this.options;
    const lease = await this.read(signal);
    const now = clock.now();
    const time = microTime(now);
    if (lease === undefined) {
      const record = { holder: identity, transitions: 0, acquireTime: time, renewTime: time };
      return this.claim({ record, now }, signal);
    }
    const { record } = this.observe(lease);
    const free = record.holder === '' || record.holder === identity || this.untilExpiry() <= 0;
    if (!free) return false;
    const own = record.holder === identity;
    const claimed = {
      holder: identity,
      transitions: own ? record.transitions : record.transitions + 1,
      acquireTime: own ? record.acquireTime : time,
      renewTime: time,
    };
    return this.claim({ record: claimed, now, over: lease }, signal);
  }

  /** Without reading first: our own last write says what is there, and a conflict says that it does not. */
  private renew(signal: AbortSignal): Promise<boolean> {
    const observed = this.observed;
    if (observed === undefined) return Promise.resolve(false);
    const now = this.options.clock.now();
    const record = { ...observed.record, renewTime: microTime(now) };
    return this.claim({ record, now, over: observed.lease }, signal);
  }

  private async claim(
    { record, now, over }: { readonly record: LeaseRecord; readonly now: number; readonly over?: KubeObject },
    signal: AbortSignal,
  ): Promise<boolean> {
    const written = await this.write({ record, durationSeconds: LEASE_MS / 1000, ...(over && { over }) }, signal);
    // Counted from before the write: others count from when they see it, which is later.
    this.renewedAt = now;
    this.observe(written);
    return true;
  }

  private write(
    wanted: { readonly record: LeaseRecord; readonly durationSeconds: number; readonly over?: KubeObject },
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const { client, namespace, name } = this.options;
    const { record, durationSeconds, over } = wanted;
    const body = leaseOf({ namespace, name }, { ...record, durationSeconds }, over);
    return over === undefined ? client.create(LEASES, body, { signal }) : client.replace(LEASES, body, { signal });
  }

  private async read(signal: AbortSignal): Promise<KubeObject | undefined> {
    const { client, namespace, name } = this.options;
    try {
      return await client.get(LEASES, { namespace, name }, { signal });
    } catch (error) {
      if (isKubeFailure(error, 'not-found')) return undefined;
      throw error;
    }
  }

  private async observeAnew(signal: AbortSignal): Promise<void> {
    const lease = await this.read(signal);
    if (lease !== undefined) this.observe(lease);
    else this.observed = undefined;
  }

  private observe(lease: KubeObject): Observed {
    const record = recordOf(lease);
    const before = this.observed;
    const same = before !== undefined && JSON.stringify(before.record) === JSON.stringify(record);
    this.observed = { lease, record, at: same ? before.at : this.options.clock.now() };
    if (before?.record.holder !== record.holder) this.options.onLeader?.(record.holder);
    return this.observed;
  }

  /** How long what we saw last keeps others from leading; 0 where nothing does. */
  private untilExpiry(): number {
    const observed = this.observed;
    if (observed === undefined || observed.record.holder === '') return Number.POSITIVE_INFINITY;
    return Math.max(0, observed.at + LEASE_MS - this.options.clock.now());
  }
}
