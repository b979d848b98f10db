/**
 * Who depends on a key: the images for which it vouches, the workloads that run them, and those that nobody else
 * vouches for. Pure; counts from the proofs that were found, so it costs no look at a registry. Must never call a
 * workload safe without a key unless the proofs that remain satisfy every set on their own.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { ObjectIdentity } from './image-use.ts';
import { type KnownRow, keyOfWorkload, type Voucher } from './known.ts';
import { trustedKeysOf } from './trust-id.ts';
import type { Evidence } from './verdict.ts';

/** Who depends on one TrustedKey. */
export interface KeyDependents {
  /** Names of the policies that name the key, whether or not it vouches for anything. */
  readonly policies: ReadonlySet<string>;
  /** Digests for which it vouches. */
  readonly images: ReadonlySet<string>;
  /** Workloads that run them, by `keyOfWorkload`. */
  readonly workloads: ReadonlyMap<string, ObjectIdentity>;
  /** Workloads of which an image would lose its trust with the key. */
  readonly solelyDependent: ReadonlyMap<string, ObjectIdentity>;
}

/** What the dependents of a key are counted from. */
export type DependentRow = Pick<KnownRow, 'policy' | 'use' | 'outcome' | 'vouchers'>;

/** The dependents of every TrustedKey that a policy names. Rows of policies that are not given count for nothing. */
export function dependentsByKey(
  policies: readonly ImageTrustPolicy[],
  rows: Iterable<DependentRow>,
): ReadonlyMap<string, KeyDependents> {
  const counts = new Map<string, Counts>();
  const countOf = (key: string): Counts => {
    const count = counts.get(key) ?? { policies: new Set(), images: new Set(), workloads: new Map(), sole: new Map() };
    counts.set(key, count);
    return count;
  };
  for (const policy of policies) {
    for (const key of trustedKeysOf(policy)) countOf(key).policies.add(policy.metadata.name);
  }
  const support = supportBy(policies);
  for (const row of rows) {
    const { vouching, needed } = support(row);
    const { use } = row;
    for (const key of vouching) {
      const count = countOf(key);
      if (use.digest !== undefined) count.images.add(use.digest);
      count.workloads.set(keyOfWorkload(use), use.workload);
      if (needed.has(key)) count.sole.set(keyOfWorkload(use), use.workload);
    }
  }
  return new Map([...counts].map(([key, { sole, ...rest }]) => [key, { ...rest, solelyDependent: sole }]));
}

interface Counts {
  readonly policies: Set<string>;
  readonly images: Set<string>;
  readonly workloads: Map<string, ObjectIdentity>;
  readonly sole: Map<string, ObjectIdentity>;
}

/** The keys that vouch for a row, and those of them without which it would fall. */
interface Support {
  readonly vouching: ReadonlySet<string>;
  readonly needed: ReadonlySet<string>;
}

const NONE: Support = { vouching: new Set(), needed: new Set() };

/** Uses of one digest share their evidence: it is weighed once. */
function supportBy(policies: readonly ImageTrustPolicy[]): (row: DependentRow) => Support {
  const demands = new Map(policies.map((policy) => [policy.metadata.name, demandedSets(policy)]));
  const weighed = new Map<string, Map<object, Support>>();
  return ({ policy, outcome, vouchers }) => {
    const sets = demands.get(policy);
    if (sets === undefined || outcome.kind !== 'judged' || outcome.verdict.state !== 'verified') return NONE;
    const { evidence } = outcome.verdict;
    const known = weighed.get(policy) ?? new Map<object, Support>();
    weighed.set(policy, known);
    // What came back from a report has no evidence, only who vouched.
    const proofs = evidence.length > 0 ? evidence : vouchers;
    const support = known.get(proofs) ?? supportOf(sets, proofs);
    known.set(proofs, support);
    return support;
  };
}

/** A set that must be met, for the signature or for an attestation of a type. */
interface DemandedSet {
  readonly name: string;
  readonly count: number;
  readonly keys: readonly string[];
  readonly predicateType?: string;
}

function demandedSets({ spec }: ImageTrustPolicy): readonly DemandedSet[] {
  const ofAttestations = spec.attestations.flatMap(({ type, attestors }) =>
    (attestors ?? spec.attestors).map((set) => ({ ...demandedSet(set), predicateType: type })),
  );
  return [...spec.attestors.map(demandedSet), ...ofAttestations];
}

function demandedSet({ name, count, entries }: ImageTrustPolicy['spec']['attestors'][number]): DemandedSet {
  return { name, count: count ?? entries.length, keys: entries.map((entry) => entry.trustedKey) };
}

function supportOf(sets: readonly DemandedSet[], proofs: readonly (Evidence | Voucher)[]): Support {
  const relevant = sets.map((set) => ({ count: set.count, proofs: proofs.filter((proof) => countsFor(proof, set)) }));
  const vouching = new Set(relevant.flatMap((set) => set.proofs.map(({ trustedKey }) => trustedKey)));
  const holdsWithout = (key: string): boolean =>
    relevant.every((set) => countSigners(set.proofs.filter((proof) => proof.trustedKey !== key)) >= set.count);
  return { vouching, needed: new Set([...vouching].filter((key) => !holdsWithout(key))) };
}

function countsFor(proof: Evidence | Voucher, set: DemandedSet): boolean {
  if (!set.keys.includes(proof.trustedKey)) return false;
  if (proof.set !== undefined && proof.set !== set.name) return false;
  if (!('proves' in proof)) return true;
  const proves = proof.proves === 'signature' ? undefined : proof.proves.predicateType;
  return proves === set.predicateType;
}

/**
 * Signers that are apart from one another: proofs that share the TrustedKey, the key or the certificate's holder are by
 * one, as where sets are judged. Each proof stands for one entry, so the number of groups is what a set can count.
 */
function countSigners(proofs: readonly (Evidence | Voucher)[]): number {
  const groups: Set<string>[] = [];
  for (const proof of proofs) {
    const names = namesOf(proof);
    const shared = groups.filter((group) => names.some((name) => group.has(name)));
    for (const group of shared) groups.splice(groups.indexOf(group), 1);
    groups.push(new Set([...names, ...shared.flatMap((group) => [...group])]));
  }
  return groups.length;
}

function namesOf(proof: Evidence | Voucher): readonly string[] {
  if (!('proves' in proof)) return [`key ${proof.trustedKey}`];
  const { fingerprint, identity, issuer } = proof;
  const holder = identity === undefined ? [] : [`holder ${JSON.stringify([issuer, identity])}`];
  return [`fingerprint ${fingerprint}`, ...holder];
}
