/**
 * What the operator knows of each policy beside its spec: the trust that it judges under now, its schedule, its passes.
 * Owns when a pass begins and ends; must never look at an image, nor write anything.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from '../core/digest.ts';
import { type PolicyTiming, requestOf, scheduleFrom } from '../core/due.ts';
import { Failure } from '../core/failure.ts';
import type { PassRecord } from '../core/known.ts';
import { compileSchedule, type Schedule } from '../core/schedule.ts';
import type { Why } from '../core/task.ts';
import { trustedKeysOf, trustIdOf } from '../core/trust-id.ts';
import type { SignerBook } from './signers.ts';

/** What is kept of a policy. */
export interface PolicyEntry {
  readonly policy: ImageTrustPolicy;
  /** The TrustedKeys that it names. */
  readonly trustedKeys: readonly string[];
  /** Absent where the spec cannot be used: see `problem`. */
  readonly schedule?: Schedule;
  readonly problem?: Failure;
  /** The pass that began last. */
  readonly pass?: PassRecord;
  /** When the next one is due by schedule. */
  readonly next?: Date;
  readonly handledRequest?: string;
}

/** The policies and their passes. */
export interface PolicyBook {
  get(name: string): PolicyEntry | undefined;
  /** Takes a policy in. The first time its status tells which passes there were before this start. */
  set(policy: ImageTrustPolicy, now: Date): void;
  remove(name: string): void;
  policies(): readonly ImageTrustPolicy[];
  /** The policies that name a TrustedKey. */
  naming(trustedKey: string): readonly string[];
  /** Keys or their lives changed: identities are made anew. */
  trustChanged(): void;
  trustId(policy: ImageTrustPolicy, now: Date): string;
  timing(policy: ImageTrustPolicy, now: Date): PolicyTiming;
  /** Begins a pass over these digests; one without any is complete at once. */
  begin(name: string, why: Why, digests: readonly Digest[], now: Date): void;
  /** A task was tried, or there is nothing to try any more. True where the pass is complete by that. */
  settled(name: string, digest: Digest, times: { readonly lookedAt: Date; readonly now: Date }): boolean;
}

interface Running {
  readonly remaining: Set<Digest>;
  readonly request: string | undefined;
}

/** An empty book. */
export function createPolicyBook(signers: SignerBook): PolicyBook {
  const entries = new Map<string, PolicyEntry>();
  const passes = createPasses(entries);
  const trust = createTrustIds(signers);
  return {
    ...passes,
    get: (name) => entries.get(name),
    set: (policy, now) => {
      const { name, uid } = policy.metadata;
      const known = entries.get(name);
      // Removed and made anew, faster than the watch says so: the passes of another object are none of this one.
      const before = known?.policy.metadata.uid === uid ? known : undefined;
      if (before === undefined) passes.end(name);
      trust.forget(name);
      entries.set(name, entryOf(policy, before, now));
    },
    remove: (name) => {
      entries.delete(name);
      passes.end(name);
      trust.forget(name);
    },
    policies: () => [...entries.values()].map(({ policy }) => policy),
    naming: (key) => [...entries].flatMap(([name, { trustedKeys }]) => (trustedKeys.includes(key) ? [name] : [])),
    trustChanged: () => trust.forget(),
    trustId: (policy, now) => trust.of(policy, now),
    timing: (policy, now) => {
      const pass = entries.get(policy.metadata.name)?.pass;
      const base = { suspended: policy.spec.verification.suspend, trustId: trust.of(policy, now) };
      return pass === undefined ? base : { ...base, pass };
    },
  };
}

interface Passes extends Pick<PolicyBook, 'begin' | 'settled'> {
  /** The pass under way is none any more. */
  end(name: string): void;
}

/** The passes under way, written into the entries as they begin and end. */
function createPasses(entries: Map<string, PolicyEntry>): Passes {
  const running = new Map<string, Running>();
  const complete = (name: string, now: Date): void => {
    const entry = entries.get(name);
    const request = running.get(name)?.request;
    running.delete(name);
    if (entry?.pass === undefined) return;
    const handled = request === undefined ? {} : { handledRequest: request };
    entries.set(name, { ...entry, ...handled, pass: { ...entry.pass, completionTime: now } });
  };
  return {
    end: (name) => void running.delete(name),
    begin: (name, why, digests, now) => {
      const entry = entries.get(name);
      if (entry === undefined) return;
      const next = entry.schedule?.next(now);
      entries.set(name, { ...entry, pass: { startTime: now, reason: why }, ...(next === undefined ? {} : { next }) });
      running.set(name, { remaining: new Set(digests), request: requestOf(entry.policy) });
      if (digests.length === 0) complete(name, now);
    },
    settled: (name, digest, { lookedAt, now }) => {
      const pass = running.get(name);
      const startTime = entries.get(name)?.pass?.startTime;
      // What was looked at before the pass began is still to be looked at.
      if (pass === undefined || startTime === undefined || lookedAt < startTime) return false;
      if (!pass.remaining.delete(digest) || pass.remaining.size > 0) return false;
      complete(name, now);
      return true;
    },
  };
}

interface TrustId {
  readonly spec: ImageTrustPolicy['spec'];
  readonly id: string;
  readonly from: Date;
  readonly until: Date | undefined;
}

interface TrustIds {
  of(policy: ImageTrustPolicy, now: Date): string;
  /** Forgets one policy's identity, or all. */
  forget(name?: string): void;
}

/** Identities are asked for with every row: each is made once until something that it is made of changes. */
function createTrustIds(signers: SignerBook): TrustIds {
  const ids = new Map<string, TrustId>();
  return {
    of(policy, now): string {
      const { name } = policy.metadata;
      const known = ids.get(name);
      if (known?.spec === policy.spec && now >= known.from && (known.until === undefined || now < known.until))
        return known.id;
      const id = trustIdOf(policy, (key) => signers.idOf(key, now));
      ids.set(name, { spec: policy.spec, id, from: now, until: nextEdge(policy, signers, now) });
      return id;
    },
    forget(name): void {
      if (name === undefined) ids.clear();
      else ids.delete(name);
    },
  };
}

/** The next moment at which the trust of a policy changes by itself. */
export function nextEdge(policy: ImageTrustPolicy, signers: SignerBook, now: Date): Date | undefined {
  return earliest(trustedKeysOf(policy).map((key) => signers.nextEdge(key, now)));
}

/** The first of several moments, those that are none left aside. */
export function earliest(moments: readonly (Date | undefined)[]): Date | undefined {
  const times = moments.filter((moment) => moment !== undefined).map((moment) => moment.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

function entryOf(policy: ImageTrustPolicy, before: PolicyEntry | undefined, now: Date): PolicyEntry {
  const base = { policy, trustedKeys: trustedKeysOf(policy), ...passesOf(policy, before) };
  try {
    const schedule = compileSchedule(policy.spec.verification, policy.metadata.name);
    const from = before === undefined ? scheduleFrom(base.pass, policy, now) : (before.pass?.startTime ?? now);
    const next = schedule.next(from);
    return { ...base, schedule, ...(next === undefined ? {} : { next }) };
  } catch (error) {
    if (error instanceof Failure) return { ...base, problem: error };
    throw error;
  }
}

/** Passes go on over a change of the spec; the first time they are those of the status. */
function passesOf(
  policy: ImageTrustPolicy,
  before: PolicyEntry | undefined,
): Pick<PolicyEntry, 'pass' | 'handledRequest'> {
  if (before !== undefined) {
    const { pass, handledRequest } = before;
    return { ...(pass === undefined ? {} : { pass }), ...(handledRequest === undefined ? {} : { handledRequest }) };
  }
  const handled = policy.status?.lastHandledRequestedAt;
  const pass = completedPass(policy);
  return { ...(pass === undefined ? {} : { pass }), ...(handled === undefined ? {} : { handledRequest: handled }) };
}

/** A pass that was under way when the program ended is no pass: its tasks are due for themselves. */
function completedPass({ status }: ImageTrustPolicy): PassRecord | undefined {
  const pass = status?.lastPass;
  if (pass?.completionTime === undefined) return undefined;
  const reason = REASONS.find((why) => why === pass.reason) ?? 'Due';
  return { startTime: new Date(pass.startTime), completionTime: new Date(pass.completionTime), reason };
}

/** The reasons for which a pass begins. */
const REASONS: readonly Why[] = ['NeverVerified', 'Due', 'Requested', 'PolicyChanged'];
