/**
 * Keeps one Kyverno policy for each ImageTrustPolicy in step with it. Thin: what is wanted is said in desired.ts, what
 * follows from it in plan.ts, and writer.ts writes it. Owns what is remembered between two looks, and that a failure is
 * said, tried again and never hides what is there.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { Clock } from '../../core/clock.ts';
import type { EnforcementView } from '../../core/enforcement.ts';
import type { Door } from '../../core/restart.ts';
import { isKubeFailure } from '../../kube/failure.ts';
import type { ReflectorState } from '../../kube/reflector.ts';
import type { Resource } from '../../kube/resource.ts';
import type { KubeClient } from '../../kube/verbs.ts';
import { canonical } from '../../outputs/canonical.ts';
import type { EnforcementOutcome } from '../../outputs/metrics.ts';
import { type Controller, type ControllerObserver, createController, DONE, type Next } from '../controller.ts';
import { earliest } from '../policy-book.ts';
import { type AdmissionKeys, doorOf } from './admission.ts';
import { desire, type Desired, type Renderer } from './desired.ts';
import { createKyvernoWatch, type KyvernoWatch } from './kyverno-watch.ts';
import { isOf, type ObservedPolicy, specIdOf } from './observed.ts';
import { type Action, type Memory, type Plan, planEnforcement } from './plan.ts';
import type { ProbedView, Probing } from './probing.ts';
import { createRecentWrites, type RecentWrites } from './recent-writes.ts';
import { write, type Written } from './writer.ts';

/** What it is made of. */
export interface EnforcementOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  readonly policy: (name: string) => ImageTrustPolicy | undefined;
  readonly policies: () => readonly ImageTrustPolicy[];
  readonly renderer: Renderer;
  /** The keys that a policy names, by name; undefined while one of them is being read. */
  readonly keysOf: (policy: ImageTrustPolicy) => AdmissionKeys | undefined;
  readonly observer?: ControllerObserver;
  /** Absent: doors are not tried. */
  readonly probing?: Probing;
  /** What the status says of the policy is another now. */
  readonly onView: (policy: string) => void;
  /** Which images would be refused at the door may be others now. */
  readonly onAdmission: (policy: string) => void;
  readonly onWrite: (outcome: EnforcementOutcome) => void;
  readonly onState: (resource: Resource, state: ReflectorState) => void;
  readonly onBug: (error: unknown) => void;
}

/** The enforcement. */
export interface Enforcement {
  readonly controller: Controller;
  /** Reads what is there; called once, when this replica leads. */
  begin(): void;
  /** The policy, or a key that it names, may be another now. */
  want(policy: string): void;
  /** What came of the policy; undefined: it was not looked at yet. */
  view(policy: string): EnforcementView | undefined;
  /** What guards the door for the policy now; undefined: nobody has looked yet. */
  door(policy: string): Door | undefined;
}

/** How long changes are gathered, in milliseconds: GitOps brings a policy and its keys one after the other. */
const GATHER_MS = 300;
/** Steps of one look: claim, remove the old one, and nothing more. */
const STEPS = 6;

/** Makes the enforcement; nothing is read before `begin`, nothing written before the controller runs. */
export function createEnforcement(options: EnforcementOptions): Enforcement {
  const { clock, observer } = options;
  const states = new Map<string, State>();
  const want = (name: string): void => {
    if (name !== '') controller.add(name, { afterMs: GATHER_MS });
  };
  const watch = createKyvernoWatch({
    ...options,
    onPolicy: (policy) => owning(policy, options).forEach(want),
    onKinds: () => options.policies().forEach(({ metadata }) => want(metadata.name)),
  });
  const controller = createController({
    name: 'enforcement',
    clock,
    concurrency: 4,
    reconcile: (name, signal) => reconcile(name, { options, watch, states }, signal),
    ...(observer === undefined ? {} : { observer }),
  });
  return {
    controller,
    want,
    begin: () => watch.start(),
    view: (name) => states.get(name)?.view,
    door: (name) => states.get(name)?.door,
  };
}

/** What is kept of one ImageTrustPolicy. */
interface State {
  memory: Memory;
  view: EnforcementView | undefined;
  door: Door | undefined;
  readonly writes: RecentWrites;
}

interface Desk {
  readonly options: EnforcementOptions;
  readonly watch: KyvernoWatch;
  readonly states: Map<string, State>;
}

async function reconcile(name: string, desk: Desk, signal: AbortSignal): Promise<Next> {
  const { options, states } = desk;
  const policy = options.policy(name);
  // Its Kyverno policy is owned by it, and goes by the garbage collector.
  if (policy === undefined) {
    states.delete(name);
    options.probing?.forget(name);
    return DONE;
  }
  const state = states.get(name) ?? { memory: {}, view: undefined, door: undefined, writes: createRecentWrites() };
  states.set(name, state);
  try {
    const plan = await pursue(policy, { desk, state }, signal);
    admit(policy, plan.view, { desk, state });
    const probed = await tried(policy, plan.view, { desk, state }, signal);
    show(name, probed.view, desk);
    const at = earliest([plan.next, probed.next, state.writes.until(new Date(options.clock.now()))]);
    return at === undefined ? DONE : { kind: 'at', at };
  } catch (error) {
    if (signal.aborted) throw error;
    options.onWrite(isRefusal(error) ? 'refused' : 'failed');
    const view = isKubeFailure(error) ? troubled(planNow(policy, { desk, state }).view, error) : undefined;
    if (view !== undefined) admit(policy, view, { desk, state });
    show(name, view ?? troubled(state.view ?? NOTHING, error), desk);
    throw error;
  }
}

interface Pursuit {
  readonly desk: Desk;
  readonly state: State;
}

/** The view, with what came of trying the door where that is asked for. */
async function tried(
  policy: ImageTrustPolicy,
  view: EnforcementView,
  pursuit: Pursuit,
  signal: AbortSignal,
): Promise<ProbedView> {
  const { probing, clock } = pursuit.desk.options;
  if (probing === undefined) return { view };
  return probing.look(policy.metadata.name, view, observedOf(policy, pursuit, new Date(clock.now())), signal);
}

/** Step by step until nothing more is to be done now. */
async function pursue(policy: ImageTrustPolicy, pursuit: Pursuit, signal: AbortSignal): Promise<Plan> {
  const { desk, state } = pursuit;
  for (let step = 0; ; step++) {
    const plan = planNow(policy, pursuit);
    state.memory = { ...state.memory, settling: plan.settling };
    if (plan.action === undefined || step >= STEPS) return plan;
    const written = await write(desk.options.client, policy, plan.action, signal);
    desk.options.onWrite(written.kind);
    remember(state, { action: plan.action, written, now: new Date(desk.options.clock.now()) });
  }
}

function planNow(policy: ImageTrustPolicy, pursuit: Pursuit): Plan {
  const { options } = pursuit.desk;
  const now = new Date(options.clock.now());
  const desired = desiredNow(policy, pursuit.desk);
  const observed = observedOf(policy, pursuit, now);
  return planEnforcement({ desired, observed, memory: pursuit.state.memory, now });
}

function desiredNow(policy: ImageTrustPolicy, { options, watch }: Desk): Desired {
  const now = new Date(options.clock.now());
  return desire(policy, { ...options, kinds: watch.kinds(), keys: options.keysOf(policy), now });
}

/** How the policy that is at the door reads signatures: what is known of running images is held against it. */
function admit(policy: ImageTrustPolicy, view: EnforcementView, { desk, state }: Pursuit): void {
  const keys = desk.options.keysOf(policy);
  const door = doorOf(view, desiredNow(policy, desk), keys, state.door);
  if (isDeepStrictEqual(door, state.door)) return;
  state.door = door;
  desk.options.onAdmission(policy.metadata.name);
}

/** What is there, with what we know to have written since. */
function observedOf(policy: ImageTrustPolicy, { desk, state }: Pursuit, now: Date): readonly ObservedPolicy[] {
  const watched = [...desk.watch.policies()].filter((one) => isOf(policy, one));
  return state.writes.over(watched, now);
}

function remember(
  state: State,
  { action, written, now }: { readonly action: Action; readonly written: Written; readonly now: Date },
): void {
  if (written.kind === 'removed') state.writes.removed(written.policy, now);
  if (action.do === 'remove') return;
  const { kind: format, metadata, spec } = action.object;
  if (written.kind === 'taken') {
    state.memory = { ...state.memory, taken: { format, name: metadata.name, at: now } };
  } else {
    state.writes.applied(written.policy, now);
    state.memory = { settled: { wantedId: specIdOf(spec), specId: written.policy.specId }, writtenAt: now };
  }
}

function owning(policy: ObservedPolicy, { policies }: EnforcementOptions): readonly string[] {
  return policies()
    .filter((one) => isOf(one, policy))
    .map(({ metadata }) => metadata.name);
}

function show(name: string, view: EnforcementView, { options, states }: Desk): void {
  const state = states.get(name);
  if (state === undefined || canonical(state.view ?? null) === canonical(view)) return;
  state.view = view;
  options.onView(name);
}

/** What is there stays in sight; what keeps us from our work lies over it. */
function troubled(view: Pick<EnforcementView, 'gaps' | 'kyverno'>, error: unknown): EnforcementView {
  const message = error instanceof Error ? error.message : String(error);
  const outside = isRefusal(error) ? 'PolicyRefused' : 'KyvernoUnavailable';
  return { ...view, ready: { status: 'False', reason: isKubeFailure(error) ? outside : 'InternalError', message } };
}

const NOTHING: Pick<EnforcementView, 'gaps' | 'kyverno'> = { gaps: [] };

/** The server, or a webhook, will say the same again until something is changed. */
function isRefusal(error: unknown): boolean {
  return isKubeFailure(error, 'invalid', 'forbidden');
}
