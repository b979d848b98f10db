/**
 * Which policy has to judge which digest, kept up to date change by change: what planning is to one scan, for a
 * cluster that never stands still. Owns the indexes by policy and digest and by workload. Pure but for its own state;
 * must never plan everything again because one Pod changed.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from './digest.ts';
import { type ImageUse, keyOfUse } from './image-use.ts';
import { keyOfWorkload } from './known.ts';
import { compilePolicy, type PolicyMatcher } from './policy-match.ts';
import { formatReference } from './reference.ts';
import type { Labels } from './selector.ts';
import { createTagAnswers } from './tag-answers.ts';

/** A task by name. */
export interface TaskName {
  readonly policy: string;
  readonly digest: Digest;
}

/** What a change touched: the tasks whose uses are others now, and the workloads whose rows may be. */
export interface Touched {
  tasks(task: TaskName): void;
  workload(key: string): void;
  /** A use without a digest: the tag has to be resolved by the settings of this policy. */
  open(policy: string, reference: string): void;
}

interface Covered {
  readonly matcher: PolicyMatcher;
  readonly byDigest: Map<Digest, Set<ImageUse>>;
  /** Uses whose digest nobody knows, by canonical reference. */
  readonly open: Map<string, Set<ImageUse>>;
}

const NONE: ReadonlySet<ImageUse> = new Set();

/** The indexes. Uses come by source (a Pod), so that a change of one replaces what it said before. */
export class Coverage {
  readonly #touched: Touched;
  readonly #policies = new Map<string, Covered>();
  readonly #sources = new Map<string, readonly ImageUse[]>();
  readonly #byWorkload = new Map<string, Set<ImageUse>>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #tags = createTagAnswers();
  #uncovered: number | undefined;

  constructor(touched: Touched) {
    this.#touched = touched;
  }

  /** The uses of a source; none where it is gone. What says the same as before touches nothing. */
  setUses(source: string, given: readonly ImageUse[]): void {
    const before = this.#sources.get(source) ?? [];
    const uses = this.#tags.resolve(source, given);
    if (sameUses(before, uses)) return;
    for (const use of before) this.#drop(use);
    if (uses.length === 0) this.#sources.delete(source);
    else this.#sources.set(source, uses);
    for (const use of uses) this.#take(use);
  }

  /** A policy as it is now. Only its own tasks are touched, and of them all: its severity or its exceptions may differ. */
  setPolicy(policy: ImageTrustPolicy): void {
    const { name } = policy.metadata;
    this.removePolicy(name);
    const covered: Covered = { matcher: compilePolicy(policy), byDigest: new Map(), open: new Map() };
    this.#policies.set(name, covered);
    this.#uncovered = undefined;
    for (const uses of this.#sources.values()) for (const use of uses) place(covered, use, this.#namespaces);
    this.#touchAll(name, covered);
    for (const reference of covered.open.keys()) this.#touched.open(name, reference);
  }

  /** A policy that is gone. */
  removePolicy(name: string): void {
    const covered = this.#policies.get(name);
    if (covered === undefined) return;
    this.#policies.delete(name);
    this.#uncovered = undefined;
    this.#touchAll(name, covered);
  }

  /** Labels of a namespace; undefined where it is gone. */
  setNamespace(name: string, labels: Labels | undefined): void {
    if (sameLabels(this.#namespaces.get(name), labels)) return;
    const inside = [...this.#sources.values()].filter((uses) => uses[0]?.namespace === name);
    for (const uses of inside) for (const use of uses) this.#drop(use);
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    for (const uses of inside) for (const use of uses) this.#take(use);
  }

  /** Where a registry says that a tag leads. */
  setResolution(reference: string, digest: Digest): void {
    for (const [source, given] of this.#tags.answer(reference, digest)) this.setUses(source, given);
  }

  /** The policy by name. */
  policy(name: string): ImageTrustPolicy | undefined {
    return this.#policies.get(name)?.matcher.policy;
  }

  /** All policies. */
  policies(): readonly ImageTrustPolicy[] {
    return [...this.#policies.values()].map(({ matcher }) => matcher.policy);
  }

  /** The digests that a policy has to judge; those whose uses are all excepted are among them. */
  digestsOf(policy: string): readonly Digest[] {
    return [...(this.#policies.get(policy)?.byDigest.keys() ?? [])];
  }

  /** The uses of a task, exceptions included. */
  usesOf({ policy, digest }: TaskName): ReadonlySet<ImageUse> {
    return this.#policies.get(policy)?.byDigest.get(digest) ?? NONE;
  }

  /** The uses of a task that the policy does not except at `now`. */
  judgedUsesOf(task: TaskName, now: Date): readonly ImageUse[] {
    const matcher = this.#policies.get(task.policy)?.matcher;
    if (matcher === undefined) return [];
    return [...this.usesOf(task)].filter((use) => matcher.exceptionFor(use, now) === undefined);
  }

  /** References of a policy that no digest is known for, with their uses. */
  openOf(policy: string): ReadonlyMap<string, ReadonlySet<ImageUse>> {
    return this.#policies.get(policy)?.open ?? new Map<string, ReadonlySet<ImageUse>>();
  }

  /** All uses of a workload, whoever covers them. */
  usesOfWorkload(key: string): ReadonlySet<ImageUse> {
    return this.#byWorkload.get(key) ?? NONE;
  }

  /** Would the policy judge this use at `now`, were it there? */
  wouldJudge(policy: string, use: ImageUse, now: Date): boolean {
    const matcher = this.#policies.get(policy)?.matcher;
    return (
      matcher !== undefined && matcher.covers(use, this.#namespaces) && matcher.exceptionFor(use, now) === undefined
    );
  }

  /** The policies whose business a use is. */
  policiesOf(use: ImageUse): readonly PolicyMatcher[] {
    return [...this.#policies.values()].flatMap(({ matcher, byDigest, open }) => {
      const uses = use.digest === undefined ? open.get(formatReference(use.reference)) : byDigest.get(use.digest);
      return uses?.has(use) === true ? [matcher] : [];
    });
  }

  /** How many uses no policy covers. Counted when somebody asks after a change. */
  uncovered(): number {
    if (this.#uncovered !== undefined) return this.#uncovered;
    const covered = new Set<ImageUse>();
    for (const { byDigest, open } of this.#policies.values())
      for (const uses of [...byDigest.values(), ...open.values()]) for (const use of uses) covered.add(use);
    const all = [...this.#byWorkload.values()].reduce((sum, uses) => sum + uses.size, 0);
    this.#uncovered = all - covered.size;
    return this.#uncovered;
  }

  /** Keys of the workloads that run images. */
  workloads(): Iterable<string> {
    return this.#byWorkload.keys();
  }

  /** Keys of the workloads with uses that this policy covers. */
  workloadsOf(policy: string): ReadonlySet<string> {
    const covered = this.#policies.get(policy);
    return covered === undefined ? new Set<string>() : workloadsIn(covered);
  }

  #take(use: ImageUse): void {
    this.#uncovered = undefined;
    addTo(this.#byWorkload, keyOfWorkload(use), use);
    this.#touched.workload(keyOfWorkload(use));
    for (const [name, covered] of this.#policies) this.#cover(name, covered, use);
  }

  #drop(use: ImageUse): void {
    this.#uncovered = undefined;
    removeFrom(this.#byWorkload, keyOfWorkload(use), use);
    this.#touched.workload(keyOfWorkload(use));
    for (const [policy, { byDigest, open }] of this.#policies) {
      if (use.digest === undefined) removeFrom(open, formatReference(use.reference), use);
      else if (removeFrom(byDigest, use.digest, use)) this.#touched.tasks({ policy, digest: use.digest });
    }
  }

  #cover(policy: string, covered: Covered, use: ImageUse): void {
    if (!place(covered, use, this.#namespaces)) return;
    this.#touched.workload(keyOfWorkload(use));
    if (use.digest === undefined) this.#touched.open(policy, formatReference(use.reference));
    else this.#touched.tasks({ policy, digest: use.digest });
  }

  /** Each task and each workload of a policy once, however many uses they have. */
  #touchAll(policy: string, covered: Covered): void {
    for (const digest of covered.byDigest.keys()) this.#touched.tasks({ policy, digest });
    for (const workload of workloadsIn(covered)) this.#touched.workload(workload);
  }
}

/** Puts a use where it belongs; false where it is none of the policy's business. */
function place({ matcher, byDigest, open }: Covered, use: ImageUse, namespaces: ReadonlyMap<string, Labels>): boolean {
  if (!matcher.covers(use, namespaces)) return false;
  if (use.digest === undefined) addTo(open, formatReference(use.reference), use);
  else addTo(byDigest, use.digest, use);
  return true;
}

function workloadsIn({ byDigest, open }: Covered): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const uses of [...byDigest.values(), ...open.values()]) for (const use of uses) keys.add(keyOfWorkload(use));
  return keys;
}

function addTo<K>(map: Map<K, Set<ImageUse>>, key: K, use: ImageUse): void {
  const uses = map.get(key);
  if (uses === undefined) map.set(key, new Set([use]));
  else uses.add(use);
}

function removeFrom<K>(map: Map<K, Set<ImageUse>>, key: K, use: ImageUse): boolean {
  const uses = map.get(key);
  if (uses === undefined || !uses.delete(use)) return false;
  if (uses.size === 0) map.delete(key);
  return true;
}

function sameUses(a: readonly ImageUse[], b: readonly ImageUse[]): boolean {
  return a.length === b.length && a.every((use, index) => sameUse(use, b[index]));
}

function sameUse(a: ImageUse, b: ImageUse | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.digestSource !== b.digestSource) return false;
  return keyOfUse(a) === keyOfUse(b) && sameLabels(a.podLabels, b.podLabels);
}

function sameLabels(a: Labels | undefined, b: Labels | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
