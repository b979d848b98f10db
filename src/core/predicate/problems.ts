/**
 * What is wrong with the conditions and expressions of a policy before there is any predicate, as problems of fields:
 * said where the policy is read, and in its status.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { Problem } from '../../api/problem.ts';
import { Failure } from '../failure.ts';
import { compilePredicateTest } from './predicate-test.ts';

/** One problem for each attestation that can never be evaluated, the first of it. */
export function predicateProblems({ spec }: ImageTrustPolicy): readonly Problem[] {
  return spec.attestations.flatMap(({ conditions, expression }, at) => {
    const parts = [
      ...(conditions === undefined ? [] : [{ conditions }]),
      ...(expression === undefined ? [] : [{ expression }]),
    ];
    return parts.flatMap((part) => problemsOf(part, ['spec', 'attestations', at]));
  });
}

function problemsOf(part: Parameters<typeof compilePredicateTest>[0], base: Problem['path']): readonly Problem[] {
  try {
    compilePredicateTest(part);
    return [];
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'invalid') throw error;
    const { where, expected, found } = error.detail;
    const [field = '', ...place] = where.split(': ');
    const inside = place.join(': ');
    return [
      { path: [...base, ...stepsOf(field)], expected: inside === '' ? expected : `${expected} (${inside})`, found },
    ];
  }
}

/** `conditions.all[0].key` as steps. */
function stepsOf(field: string): Problem['path'] {
  return [...field.matchAll(/([A-Za-z]+)|\[(\d+)\]/g)].map(([, name, at]) => name ?? Number(at));
}
