/**
 * Which change wakes whom: the arrows from the world, the coverage and the checks to the queues. Owns these arrows
 * alone; must never do the work that it wakes.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { TaskName, Touched } from '../core/coverage.ts';
import { requestOf } from '../core/due.ts';
import type { ImageUse } from '../core/image-use.ts';
import { keyOfWorkload } from '../core/known.ts';
import { keyOfNamed, type NamedObject } from '../core/named-object.ts';
import { PRIORITY } from '../kube/work-queue.ts';
import type { Desk } from './desk.ts';
import { admissionMode } from './enforcement/desired.ts';
import type { LeftoverReportsOptions } from './leftover-reports.ts';
import type { PoliciesOptions } from './policies.ts';
import type { PublishingOptions } from './publishing.ts';
import { registryReferences, registrySettingsId } from '../store/registry-settings.ts';
import type { TufRootsOptions } from '../store/tuf-roots.ts';
import type { ResolutionOptions } from './resolution.ts';
import type { ReportState } from './report-keeper.ts';
import type { SignerBookOptions } from './signers.ts';
import type { VerificationOptions } from './verification.ts';
import type { WorldEvents } from './world.ts';

/** How long after a report of ours was removed by somebody it is written again: its owner may be going as well. */
const REWRITE_MS = 5_000;

/** What a change of the coverage wakes. */
export function touchedBy(desk: Desk): Touched {
  return {
    tasks: (task) => taskTouched(desk, task),
    workload: (key) => desk.publishing.workload(key),
    open: (policy, reference) => desk.resolution.want(policy, reference),
  };
}

/** What an event of the world wakes. */
export function worldEvents(desk: Desk): WorldEvents {
  const { log } = desk.options;
  return {
    policy: (name, policy) => (policy === undefined ? policyGone(desk, name) : policySeen(desk, policy)),
    key: (name, key) => (key === undefined ? desk.signers.remove(name) : desk.signers.set(key)),
    pod: (key, initial) => {
      if (!initial || desk.loaded) desk.pods.controller.add(key);
    },
    namespace: (name, labels) => desk.coverage.setNamespace(name, labels),
    report: (report, gone) => (gone ? reportGone(desk, report) : reportSeen(desk, report)),
    reportsServed: (served) => reportsServed(desk, served),
    material: (object) => materialSeen(desk, object),
    state: ({ plural }, state) => {
      if (state.phase === 'failing') log.warn('watch failing', { resource: plural, error: state.failure });
      else log.debug('watch', { resource: plural, phase: state.phase });
    },
    unreadable: (kind, name, problem) => log.error('object cannot be read', { kind, name, problem }),
    bug: (error) => log.error('fault in a watch', { error }),
  };
}

/** What the signers wake. */
export function signerEvents(desk: Desk): Pick<SignerBookOptions, 'onChange'> {
  return { onChange: (name) => keyChanged(desk, name) };
}

/** What a change of a key's trust wakes. */
function keyChanged({ book, policies, publishing, enforcement }: Desk, name: string): void {
  book.trustChanged();
  for (const policy of book.naming(name)) {
    policies.add(policy);
    publishing.policy(policy);
    enforcement.want(policy);
  }
  publishing.key(name);
}

/** What the root of a TUF repository wakes: every key that goes by it, and no other. */
export function rootEvents(desk: Desk): Pick<TufRootsOptions, 'onChange' | 'onFailure'> {
  const { log } = desk.options;
  return {
    onChange: (repository) => desk.signers.rootChanged(repository),
    onFailure: ({ mirror }, error) => log.warn('trust root not refreshed', { mirror, error }),
  };
}

/** The rows of these uses may be others. */
function usesChanged({ publishing }: Desk, uses: Iterable<ImageUse>): void {
  for (const key of new Set([...uses].map(keyOfWorkload))) publishing.workload(key);
}

/** What the resolution of tags wakes. */
export function resolutionEvents(desk: Desk): Pick<ResolutionOptions, 'onChange' | 'observer'> {
  return { observer: desk.options.observerOf('resolution'), onChange: (uses) => usesChanged(desk, uses) };
}

/** What publishing tells. */
export function publishingEvents(
  desk: Desk,
): Pick<PublishingOptions, 'onTransition' | 'onStatus' | 'onReport' | 'onPublished' | 'observerOf' | 'reportKind'> {
  const { options } = desk;
  return {
    reportKind: reportKind(options),
    observerOf: (controller) => options.observerOf(controller),
    onTransition: (transition) => desk.news.tell(transition),
    onStatus: (change) => desk.news.tellStatus(change),
    onReport: (outcome) => options.onReport(outcome),
    onPublished: (workload, signal) => desk.leftovers.remove(workload, signal),
  };
}

/** What looking for reports that were left behind asks and wakes. */
export function leftoverEvents(desk: Desk): Pick<LeftoverReportsOptions, 'chosen' | 'observer' | 'onFound'> {
  return {
    chosen: desk.options.reports?.resource,
    observer: desk.options.observerOf('leftoverreport'),
    onFound: (workload) => desk.publishing.workload(workload),
  };
}

/** What checks wake. */
export function verificationEvents(desk: Desk): Pick<VerificationOptions, 'onChecked' | 'onPass' | 'observer'> {
  return {
    observer: desk.options.observerOf('verification'),
    onChecked: (task, why, { unknown, established }, seconds) => {
      const state = (unknown ?? established)?.verdict.state ?? 'unknown';
      desk.options.onVerified({ why, state, seconds });
      usesChanged(desk, desk.coverage.usesOf(task));
      desk.publishing.policy(task.policy);
    },
    onPass: (policy) => {
      const { startTime, completionTime } = desk.book.get(policy)?.pass ?? {};
      if (startTime !== undefined && completionTime !== undefined)
        desk.options.onPassed((completionTime.getTime() - startTime.getTime()) / 1000);
      desk.publishing.policy(policy);
    },
  };
}

/** What the reconciliation of a policy asks and wakes. */
export function policyEvents(
  desk: Desk,
): Pick<PoliciesOptions, 'settingsChanged' | 'onChange' | 'onExceptions' | 'observer'> {
  return {
    observer: desk.options.observerOf('imagetrustpolicy'),
    settingsChanged: (policy) => desk.settings.changed(policy),
    onChange: (policy) => desk.publishing.policy(policy),
    onExceptions: (workloads) => {
      for (const key of workloads) desk.publishing.workload(key);
    },
  };
}

/** Identity of the way in which a policy reaches its registries; undefined while a Secret behind it is being read. */
export function settingsId({ world: { materials } }: Desk, policy: ImageTrustPolicy): string | undefined {
  const loading = registryReferences(policy).some((object) => materials.get(object).state === 'loading');
  return loading ? undefined : registrySettingsId(policy, materials);
}

/** `wgpolicyk8s.io/v1alpha2 PolicyReport`, for messages. */
function reportKind({ reports }: Pick<Desk['options'], 'reports'>): string {
  return reports === undefined ? 'none' : `${reports.api} ${reports.resource.kind}`;
}

function taskTouched(desk: Desk, task: TaskName): void {
  const { coverage, verification, store, book, publishing, loaded, options } = desk;
  if (coverage.usesOf(task).size > 0) {
    // Before the first reading is over everything is new, and nobody waits for any of it.
    verification.want(task, { priority: loaded ? PRIORITY.changed : PRIORITY.background });
    return;
  }
  store.forget(task);
  verification.forget(task);
  const now = new Date(options.clock.now());
  if (book.settled(task.policy, task.digest, { lookedAt: now, now })) publishing.policy(task.policy);
}

function policyGone(desk: Desk, name: string): void {
  const { coverage, book, settings, sources, world, publishing, signers } = desk;
  coverage.removePolicy(name);
  book.remove(name);
  settings.forget(name);
  sources.forget(name);
  world.materials.want(ownerOf(name), []);
  publishing.policy(name);
  desk.enforcement.want(name);
  for (const { metadata } of signers.keys()) publishing.key(metadata.name);
}

function policySeen(desk: Desk, seen: ImageTrustPolicy): void {
  const { book, world, coverage, policies, options } = desk;
  const { name } = seen.metadata;
  const before = book.get(name)?.policy;
  const same = before !== undefined && isSameSpec(before, seen);
  // One spec, one object: identities of trust are remembered by it.
  const policy = same ? { ...seen, spec: before.spec } : seen;
  book.set(policy, new Date(options.clock.now()));
  // Mode Progressive turns by the status that was written.
  if (!same || admissionMode(before) !== admissionMode(policy)) desk.enforcement.want(name);
  // Our own status comes back with every write of it, and asks for nothing.
  if (same && requestOf(before) === requestOf(policy)) return;
  if (!same) {
    world.materials.want(ownerOf(name), registryReferences(policy));
    coverage.setPolicy(policy);
  }
  policies.add(name);
}

function materialSeen({ signers, book, policies }: Desk, object: NamedObject): void {
  signers.materialChanged(object);
  const key = keyOfNamed(object);
  for (const policy of book.policies())
    if (registryReferences(policy).some((reference) => keyOfNamed(reference) === key))
      policies.add(policy.metadata.name);
}

/** Somebody wrote into it, or we did: what we would write is compared, and written where it differs. */
function reportSeen({ reports, publishing }: Desk, report: ReportState): void {
  if (reports?.seen(report) === true) publishing.workload(keyOfWorkload(report));
}

/** The garbage collector takes reports whose owner is gone: whoever owns the Pods now is looked up anew. */
function reportGone({ reports, coverage, owners, pods, publishing, loaded }: Desk, report: ReportState): void {
  reports?.gone(report);
  const workload = keyOfWorkload(report);
  const uses = coverage.usesOfWorkload(workload);
  if (!loaded || uses.size === 0 || reports?.served === false) return;
  owners.forget(report.workload);
  for (const use of uses) if (use.pod !== undefined) pods.controller.add(`${use.namespace}/${use.pod.name}`);
  publishing.workload(workload, REWRITE_MS);
}

function reportsServed({ reports, publishing, book, coverage, options }: Desk, served: boolean): void {
  if (reports === undefined || reports.served === served) return;
  reports.setServed(served);
  const kind = reportKind(options);
  if (served) options.log.info('reports can be written again', { kind });
  else options.log.warn('no reports are written: the API server does not serve their kind', { kind });
  for (const key of served ? coverage.workloads() : []) publishing.workload(key);
  for (const { metadata } of book.policies()) publishing.policy(metadata.name);
}

function ownerOf(policy: string): string {
  return `ImageTrustPolicy/${policy}`;
}

function isSameSpec(a: ImageTrustPolicy, b: ImageTrustPolicy): boolean {
  const { uid, generation } = a.metadata;
  return generation !== undefined && uid === b.metadata.uid && generation === b.metadata.generation;
}
