/**
 * How long a Kyverno policy must have been ready before the one that it replaces may go. Pure. Kyverno says `ready` as
 * soon as its webhook is written; the API server hears of that a moment later, and under load it let Pods in meanwhile.
 * Must never count time in which the policy was another, or not ready.
 */
import type { ObservedPolicy } from './observed.ts';

/** A policy that is ready as it stands, and when that was first seen. */
export interface Settling {
  /** Identity of the object and of what it says. */
  readonly id: string;
  readonly since: Date;
}

/** Milliseconds. A probe cannot take its place: while the old policy is there, it may be the one that refuses. */
export const SETTLING_MS = 10_000;

/** What is known of the policy now; undefined: it is not ready. */
export function settlingOf(
  { uid, specId, readiness }: ObservedPolicy,
  before: Settling | undefined,
  now: Date,
): Settling | undefined {
  if (readiness.state !== 'ready') return undefined;
  const id = `${uid} ${specId}`;
  return before?.id === id ? before : { id, since: now };
}

/** From when on it may be relied on. */
export function settledAt({ since }: Settling): Date {
  return new Date(since.getTime() + SETTLING_MS);
}
