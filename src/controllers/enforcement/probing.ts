/**
 * When the door of a policy is tried, and what its condition says of it. Owns what was found until the next try. Must
 * never try a policy that does not refuse, nor one beside which another may do the refusing.
 */
import type { Clock } from '../../core/clock.ts';
import type { EnforcementView } from '../../core/enforcement.ts';
import type { ProbePair } from '../../core/probe-images.ts';
import type { KubeClient } from '../../kube/verbs.ts';
import type { ObservedPolicy } from './observed.ts';
import { probe, type Probed } from './probe.ts';
import { SETTLING_MS } from './settling.ts';

/** What it is made of. */
export interface ProbingOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** What can be tried for a policy now. */
  readonly pair: (policy: string) => ProbePair | undefined;
}

/** A view as probing leaves it, and when the door is to be tried again. */
export interface ProbedView {
  readonly view: EnforcementView;
  readonly next?: Date;
}

/** Tries doors. */
export interface Probing {
  look(
    policy: string,
    view: EnforcementView,
    there: readonly ObservedPolicy[],
    signal: AbortSignal,
  ): Promise<ProbedView>;
  forget(policy: string): void;
}

/** A door that was decided rightly is tried again this often; one that was not, or could not be tried, sooner. Milliseconds. */
const AGAIN_MS = { right: 600_000, wrong: 15_000, untried: 10_000 } as const;

/** Nothing was tried yet. */
export function createProbing(options: ProbingOptions): Probing {
  const states = new Map<string, State>();
  return {
    forget: (policy) => void states.delete(policy),
    async look(policy, view, there, signal): Promise<ProbedView> {
      const [only] = there;
      const stands = there.length === 1 && view.ready.status === 'True' && view.kyverno?.mode === 'Enforce';
      if (only === undefined || !stands) {
        states.delete(policy);
        return { view };
      }
      const state = await stateOf({ policy, only, before: states.get(policy) }, options, signal);
      states.set(policy, state);
      return { view: withFound(view, state.found), next: state.next };
    },
  };
}

interface State {
  /** Identity of the Kyverno policy and of what it says. */
  readonly id: string;
  /** Absent: not tried yet. */
  readonly found?: Probed;
  readonly next: Date;
}

interface Subject {
  readonly policy: string;
  readonly only: ObservedPolicy;
  readonly before: State | undefined;
}

async function stateOf(
  { policy, only, before }: Subject,
  { client, clock, pair }: ProbingOptions,
  signal: AbortSignal,
): Promise<State> {
  const id = `${only.uid} ${only.specId}`;
  const after = (ms: number): Date => new Date(clock.now() + ms);
  // The API server hears of a webhook a moment after Kyverno calls the policy ready.
  if (before?.id !== id) return { id, next: after(SETTLING_MS) };
  if (before.next.getTime() > clock.now()) return before;
  const images = pair(policy);
  const found = images === undefined ? NOTHING_FITS : await probe(client, only.name, images, signal);
  return { id, found, next: after(AGAIN_MS[found.kind]) };
}

const NOTHING_FITS: Probed = {
  kind: 'untried',
  message: 'nothing that runs fits: it takes an image that is trusted now, and whose signature lies in scope',
};

function withFound(view: EnforcementView, found: Probed | undefined): EnforcementView {
  const { ready } = view;
  switch (found?.kind) {
    case undefined:
      return view;
    case 'right':
      return { ...view, ready: { ...ready, message: `${ready.message}; a probe was decided rightly` } };
    case 'untried':
      return { ...view, ready: { ...ready, message: `${ready.message}; not probed: ${found.message}` } };
    case 'wrong':
      return { ...view, ready: { status: 'False', reason: 'ProbeFailed', message: found.message } };
  }
}
