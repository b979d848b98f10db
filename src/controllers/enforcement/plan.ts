/**
 * From what is wanted and what is there to the next thing to do, and what to say meanwhile. Pure. Owns the order in
 * which one policy takes the place of another; must never leave a moment without the one that was there, nor touch what
 * we did not make.
 */
import type { EnforcementView } from '../../core/enforcement.ts';
import type { AdmissionMode, KyvernoFormat, KyvernoObject } from '../../outputs/kyverno/rendering.ts';
import type { Desired } from './desired.ts';
import { type ObservedPolicy, specIdOf } from './observed.ts';
import { settledAt, type Settling, settlingOf } from './settling.ts';

/** What is remembered of a policy between two looks. */
export interface Memory {
  /** What the server made of the spec that we wrote last: a Kyverno of another version may add fields to it. */
  readonly settled?: { readonly wantedId: string; readonly specId: string };
  /** When we wrote last. */
  readonly writtenAt?: Date;
  /** Somebody else's object has the name; when that was seen. */
  readonly taken?: { readonly format: KyvernoFormat; readonly name: string; readonly at: Date };
  /** The policy that takes the place of another. */
  readonly settling?: Settling | undefined;
}

/** The situation of one ImageTrustPolicy. */
export interface Situation {
  readonly desired: Desired;
  /** The Kyverno policies of it that are there. */
  readonly observed: readonly ObservedPolicy[];
  readonly memory: Memory;
  readonly now: Date;
}

/** The next thing to do. */
export type Action =
  /** Nothing of ours has the name: look who has, and write it where nobody does. */
  | { readonly do: 'claim'; readonly object: KyvernoObject }
  /** Ours says something else. */
  | { readonly do: 'apply'; readonly object: KyvernoObject }
  | { readonly do: 'remove'; readonly policy: ObservedPolicy };

/** What follows. */
export interface Plan {
  readonly action?: Action;
  readonly view: EnforcementView;
  /** When to look again, with nothing but time. */
  readonly next?: Date;
  /** To be remembered until the next look. */
  readonly settling?: Settling;
}

/** Somebody who keeps changing our policy is answered this often, in milliseconds. */
const CORRECTION_MS = 5_000;
/** A name that is taken is tried again so often. */
const TAKEN_MS = 10_000;

/** The next step. */
export function planEnforcement(situation: Situation): Plan {
  const { desired, observed } = situation;
  switch (desired.kind) {
    case 'none':
      return removing(observed, { status: 'False', reason: 'EnforcementDisabled', message: DISABLED });
    case 'waiting': {
      const { reason, message } = desired;
      return { view: viewOf({ status: 'Unknown', reason, message }, observed[0]) };
    }
    case 'absent':
      return { view: viewOf({ status: 'False', reason: 'KyvernoAbsent', message: desired.message }, observed[0]) };
    case 'not-expressible':
      return withEnd(notExpressible(desired, observed), desired.changesAt);
    case 'policy':
      return withEnd(planPolicy(desired, situation), desired.changesAt);
  }
}

const DISABLED = 'spec.enforcement.mode is Disabled: Kyverno guards nothing for this policy';

type Ready = EnforcementView['ready'];
type Wanted = Extract<Desired, { kind: 'policy' }>;

/**
 * What cannot be said in this kind is not said by half. A policy that refuses stays as it was, for without it everything
 * would be let in; one that only reports would report on demands that nobody makes any more.
 */
function notExpressible(
  { mode, problems }: Extract<Desired, { kind: 'not-expressible' }>,
  observed: readonly ObservedPolicy[],
): Plan {
  const [stale] = observed;
  const kept = stale === undefined || mode === 'Audit' ? '' : `; ${named(stale)} stays as it was generated before`;
  const ready: Ready = { status: 'False', reason: 'NotExpressible', message: `${problems.join('; ')}${kept}` };
  return mode === 'Audit' ? removing(observed, ready) : { view: viewOf(ready, stale) };
}

function planPolicy(desired: Wanted, situation: Situation): Plan {
  const { observed, memory, now } = situation;
  const { object } = desired;
  const target = observed.find(({ format, name }) => format === object.kind && name === object.metadata.name);
  if (target === undefined) return unclaimed(desired, situation);
  if (!isInStep(target, object, memory)) {
    const pause = pauseBefore(object, memory, now);
    const view = viewOf(pending(`${named(target)} is being brought in step`), target, desired.gaps);
    return pause > 0 ? { view, next: new Date(now.getTime() + pause) } : { view, action: { do: 'apply', object } };
  }
  const [old] = observed.filter((one) => one !== target && one.written && !one.going);
  const view = viewOf(readyOf(target, desired, old), target, desired.gaps);
  return old === undefined ? { view } : replacing(view, { target, old }, situation);
}

/** Kyverno has the new one, and the API server has had the time to hear of it: only now may the old one go. */
function replacing(
  view: EnforcementView,
  { target, old }: { readonly target: ObservedPolicy; readonly old: ObservedPolicy },
  { memory, now }: Situation,
): Plan {
  const settling = settlingOf(target, memory.settling, now);
  if (settling === undefined) return { view };
  const next = settledAt(settling);
  return next <= now ? { view, settling, action: { do: 'remove', policy: old } } : { view, settling, next };
}

function unclaimed({ object, gaps }: Wanted, { observed, memory: { taken }, now }: Situation): Plan {
  const [old] = observed;
  const name = named({ format: object.kind, name: object.metadata.name });
  if (taken === undefined || taken.format !== object.kind || taken.name !== object.metadata.name) {
    return { view: viewOf(pending(`${name} is being written`), old, gaps), action: { do: 'claim', object } };
  }
  const again = new Date(taken.at.getTime() + TAKEN_MS);
  const message = `${name} is there and was not made by image-trust-operator: it is left alone; rename or remove it`;
  const view = viewOf({ status: 'False', reason: 'NameTaken', message }, old, gaps);
  return again <= now ? { view, action: { do: 'claim', object } } : { view, next: again };
}

/** What we wrote a moment ago is not there any more: somebody else writes too. A new wish waits for nothing. */
function pauseBefore({ spec }: KyvernoObject, { settled, writtenAt }: Memory, now: Date): number {
  if (writtenAt === undefined || settled?.wantedId !== specIdOf(spec)) return 0;
  return writtenAt.getTime() + CORRECTION_MS - now.getTime();
}

/** Does the policy say what it is to say, and is it known as ours? */
function isInStep(
  { specId, labels, annotations, owners }: ObservedPolicy,
  object: KyvernoObject,
  memory: Memory,
): boolean {
  const { metadata, spec } = object;
  const wantedId = specIdOf(spec);
  const { settled } = memory;
  return (
    (specId === wantedId || (settled?.wantedId === wantedId && settled.specId === specId)) &&
    contains(labels, metadata.labels) &&
    contains(annotations, metadata.annotations) &&
    (metadata.ownerReferences ?? []).every(({ uid }) => owners.some((owner) => owner.uid === uid))
  );
}

function contains(there: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => there[key] === value);
}

function readyOf(target: ObservedPolicy, { mode, notes }: Wanted, old: ObservedPolicy | undefined): Ready {
  const { state, message } = target.readiness;
  const stays = old === undefined ? '' : `; ${named(old)} stays until then`;
  switch (state) {
    case 'ready': {
      const leaves = old === undefined ? [] : [`${named(old)} stays until the API server surely asks about it`];
      const said = [`${named(target)} ${DOES[mode]}`, ...leaves, ...notes];
      return { status: 'True', reason: 'PolicyReady', message: said.join('; ') };
    }
    case 'pending':
      return pending(`Kyverno has not said yet that ${named(target)} is ready${stays}`);
    case 'refused': {
      const said = message === '' ? 'it does not say why' : message;
      return { status: 'False', reason: 'PolicyNotReady', message: `${named(target)}: ${said}${stays}` };
    }
  }
}

const DOES: Readonly<Record<AdmissionMode, string>> = {
  Audit: 'reports Pods with images that are not trusted, and lets them in',
  Enforce: 'refuses Pods with images that are not trusted',
};

function pending(message: string): Ready {
  return { status: 'Unknown', reason: 'PolicyPending', message };
}

function removing(observed: readonly ObservedPolicy[], ready: Ready): Plan {
  const [policy] = observed.filter((one) => one.written && !one.going);
  const view = viewOf(ready, observed[0]);
  return policy === undefined ? { view } : { view, action: { do: 'remove', policy } };
}

function viewOf(ready: Ready, there: ObservedPolicy | undefined, gaps: readonly string[] = []): EnforcementView {
  if (there === undefined) return { ready, gaps };
  const { format, name, mode, readiness } = there;
  return { ready, gaps, kyverno: { kind: format, name, mode, ready: readiness.state === 'ready' } };
}

function withEnd(plan: Plan, changesAt: Date | undefined): Plan {
  const { next = changesAt } = plan;
  if (changesAt === undefined || next === undefined) return plan;
  return { ...plan, next: changesAt < next ? changesAt : next };
}

/** `ClusterPolicy image-trust-production` */
function named({ format, name }: Pick<ObservedPolicy, 'format' | 'name'>): string {
  return `${format} ${name}`;
}
