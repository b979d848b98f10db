/**
 * The verdicts: one per policy and digest, with the failure to look that may lie over it. Owns the rule that an outage
 * never erases what is established under the same trust; must never decide a verdict, nor keep more than was asked for.
 */
import type { TaskName } from '../core/coverage.ts';
import type { Digest } from '../core/digest.ts';
import type { Established, Known, Voucher } from '../core/known.ts';
import { compactLeads } from '../core/lead.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Examined } from '../verify/engine/use.ts';

/** What one check came to, and what it took into account. */
export interface Checked extends Examined {
  readonly trustId: string;
  /** Canonical references of the uses that were judged. */
  readonly references: readonly string[];
  readonly at: Date;
}

/** What is known of every task. */
export interface VerdictStore {
  get(task: TaskName): Known | undefined;
  /** Takes a check in; the answer is what is known then. */
  record(task: TaskName, checked: Checked): Known;
  /** Takes back what a report of an earlier life of the program said. Nothing that was looked at since is touched. */
  restore(known: Known): void;
  /** Forgets a task that nobody has any more. */
  forget(task: TaskName): void;
  /** How many tasks are known. */
  readonly size: number;
}

/** An empty store. It holds what it is given until `forget`: as much as there are policies × running digests. */
export function createVerdictStore(): VerdictStore {
  const byPolicy = new Map<string, Map<Digest, Known>>();
  const get = ({ policy, digest }: TaskName): Known | undefined => byPolicy.get(policy)?.get(digest);
  const set = (known: Known): void => {
    const digests = byPolicy.get(known.policy) ?? new Map<Digest, Known>();
    byPolicy.set(known.policy, digests);
    digests.set(known.digest, known);
  };
  return {
    get,
    record(task, checked): Known {
      const known = merge(task, get(task), checked);
      set(known);
      return known;
    },
    restore(known): void {
      if (get(known) === undefined) set(known);
    },
    forget({ policy, digest }): void {
      const digests = byPolicy.get(policy);
      if (digests?.delete(digest) === true && digests.size === 0) byPolicy.delete(policy);
    },
    get size(): number {
      return [...byPolicy.values()].reduce((sum, digests) => sum + digests.size, 0);
    },
  };
}

/** What is known after a check, given what was known before. Pure. */
export function merge(task: TaskName, before: Known | undefined, checked: Checked): Known {
  const { verdict, trustId, at } = checked;
  const references = new Set(checked.references);
  const base = { policy: task.policy, digest: task.digest, trustId };
  if (verdict.state === 'unknown') {
    const unknown = { verdict, at, since: before?.unknown?.since ?? at, references };
    const kept = before?.trustId === trustId ? before : undefined;
    if (kept?.established === undefined)
      return { ...base, unknown, leads: new Map(), references: new Set(), restored: false };
    // Under another trust the old verdict answered another question: it goes, and what is left is that nobody knows.
    return { ...kept, unknown };
  }
  const established: Established = {
    verdict,
    at,
    changedAt: changedAt(before, verdict, at),
    vouchers: vouchersOf(verdict),
  };
  const leads = compactLeads(checked.leads, task.digest);
  const behind = checked.behind === undefined || checked.behind.size === 0 ? {} : { behind: checked.behind };
  return { ...base, established, leads, ...behind, references, restored: false };
}

/** Who vouched, each key once for each set. */
export function vouchersOf(verdict: Verdict): readonly Voucher[] {
  const vouchers = verdict.evidence.map(({ trustedKey, set }) => ({ trustedKey, set }));
  return [...new Map(vouchers.map((voucher) => [JSON.stringify(voucher), voucher])).values()];
}

/** A failure in between changes nothing: what is confirmed afterwards has been so all along. */
function changedAt(before: Known | undefined, verdict: Verdict, at: Date): Date {
  const established = before?.established;
  const same = established?.verdict.state === verdict.state && established.verdict.reason === verdict.reason;
  return same ? established.changedAt : at;
}
