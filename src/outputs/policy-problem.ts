/**
 * What somebody must mend before a policy can be looked after: a field that cannot be used, or sets that nobody who is
 * there can meet. Must never call a policy stalled for something that it can do without.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { shownPath } from '../api/problem.ts';
import type { PolicyView } from '../core/known.ts';
import { predicateProblems } from '../core/predicate/problems.ts';

/** Reason and message of condition Stalled. */
export interface PolicyProblem {
  readonly reason: 'InvalidSpec' | 'TrustedKeyNotReady';
  readonly message: string;
}

/** The problem of a policy, the spec's own first; undefined where there is none. */
export function problemOf({ policy, problem, keysNotReady }: PolicyView): PolicyProblem | undefined {
  if (problem !== undefined) return { reason: 'InvalidSpec', message: problem.message };
  const [invalid] = predicateProblems(policy);
  if (invalid !== undefined) {
    const message = `${shownPath(invalid.path)}: expected ${invalid.expected}, found ${invalid.found}`;
    return { reason: 'InvalidSpec', message };
  }
  const missing = new Map(keysNotReady.map(({ name, message }) => [name, message]));
  const unmet = setsOf(policy).filter(({ count, keys }) => keys.filter((key) => !missing.has(key)).length < count);
  if (unmet.length === 0) return undefined;
  const keys = [...new Set(unmet.flatMap((set) => set.keys))].filter((key) => missing.has(key)).sort();
  const sets = [...new Set(unmet.map(({ name }) => `"${name}"`))].join(', ');
  const said = keys.map((key) => `${key}: ${missing.get(key) ?? ''}`).join('; ');
  return {
    reason: 'TrustedKeyNotReady',
    message: `attestor set ${sets} cannot be met, for these TrustedKeys are not ready: ${said}`,
  };
}

interface NamedSet {
  readonly name: string;
  readonly count: number;
  readonly keys: readonly string[];
}

/** Every attestor set of the policy, those of attestations included. */
function setsOf({ spec }: ImageTrustPolicy): readonly NamedSet[] {
  const sets = [...spec.attestors, ...spec.attestations.flatMap((attestation) => attestation.attestors ?? [])];
  return sets.map(({ name, count, entries }) => ({
    name,
    count: count ?? entries.length,
    keys: entries.map((entry) => entry.trustedKey),
  }));
}
