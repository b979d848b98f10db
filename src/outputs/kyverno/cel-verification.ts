/**
 * Clauses as CEL: one expression over an image `i` that is true when enough signers vouch. Owns the calls into Kyverno.
 * Must never count a call that did not look at this image.
 */
import { type Attestors, NOBODY } from './cel-attestors.ts';
import { celList, celString } from './cel.ts';
import type { Clause } from './clauses.ts';
import type { Verifier } from './verifier.ts';

/** What is verified: a signature in either format, or a statement of a declared attestation. */
export interface CelClaim {
  /** Name of the attestation; absent: `verifyImageSignatures`, which reads both formats. */
  readonly attestation?: string;
  /** CEL over `predicate` that the statement must satisfy. */
  readonly condition?: string;
}

/** The clause as CEL over `i`. */
export function celClause({ count, vouchers }: Clause, claim: CelClaim, attestors: Attestors): string {
  const groups = groupsOf(
    vouchers.flatMap(({ verifiers }) => verifiers),
    claim,
  );
  const calls = groups.map((group) => callOf(group, attestors));
  if (count === 1) return calls.map(({ truth }) => truth).join('\n|| ');
  const [first] = calls;
  if (calls.length === 1 && first !== undefined) return `${first.number} >= ${count}`;
  return `${calls.map(({ number }) => number).join('\n+ ')} >= ${count}`;
}

/** Verifiers that one call can count: with a demand on the statement each stands alone, for Kyverno keeps one statement. */
interface Group {
  readonly verifiers: readonly Verifier[];
  readonly attestation: string | undefined;
  readonly demands: readonly string[];
}

function groupsOf(verifiers: readonly Verifier[], claim: CelClaim): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [index, verifier] of verifiers.entries()) {
    const attestation = verifier.type === 'notation' ? undefined : claim.attestation;
    const demands = attestation === undefined ? [] : statementDemands(verifier, attestation, claim.condition);
    const key = demands.length === 0 ? String(attestation) : `alone ${index}`;
    const before = groups.get(key)?.verifiers ?? [];
    groups.set(key, { verifiers: [...before, verifier], attestation, demands });
  }
  return [...groups.values()];
}

function callOf(group: Group, attestors: Attestors): { readonly truth: string; readonly number: string } {
  const used = celList([...new Set(group.verifiers.map((verifier) => attestors.use(verifier))), NOBODY]);
  const call =
    group.attestation === undefined
      ? `verifyImageSignatures(i, ${used})`
      : `verifyAttestationSignatures(i, attestations.${group.attestation}, ${used})`;
  if (group.demands.length === 0) return { truth: `${call} > 0`, number: call };
  const truth = `(${[`${call} > 0`, ...group.demands].join('\n&& ')})`;
  return { truth, number: `(${truth} ? 1 : 0)` };
}

function statementDemands({ demand }: Verifier, attestation: string, condition: string | undefined): readonly string[] {
  const statement = `extractPayload(i, attestations.${attestation})`;
  const annotations = Object.entries(demand.annotations).map(
    ([key, value]) => `${celString(key)} in s.annotations && s.annotations[${celString(key)}] == ${celString(value)}`,
  );
  const annotated =
    annotations.length === 0
      ? []
      : [`${statement}.subject.exists(s, ${['has(s.annotations)', ...annotations].join(' && ')})`];
  const satisfied = condition === undefined ? [] : [`cel.bind(predicate, ${statement}.predicate,\n${condition})`];
  return [...annotated, ...satisfied];
}
