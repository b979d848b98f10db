import { describe, expect, it } from 'vitest';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import type { ImageUse } from '../../src/core/image-use.ts';
import { plan } from '../../src/core/plan.ts';
import { exceptedRow, judgedRow, scanResult, stateOf, summarise } from '../../src/core/scan-result.ts';
import { keyOfTask } from '../../src/core/task.ts';
import { digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';

const NOW = new Date('2026-06-01T12:00:00Z');
const A = digestOf('a');
const B = digestOf('b');

describe('plan', () => {
  it('makes one task of a policy and a digest, with all uses of it', () => {
    const first = useOf(`nginx@${A}`, { container: 'one' });
    const second = useOf(`ghcr.io/mirror/nginx@${A}`, { container: 'two' });
    const { tasks } = planOf([policyOf('p')], [second, first]);
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({ digest: A, why: 'NeverVerified', uses: [first, second] });
  });

  it('makes a task for every policy that covers the digest', () => {
    const { tasks } = planOf([policyOf('z'), policyOf('a')], [useOf(`nginx@${B}`), useOf(`app@${A}`)]);
    expect(tasks.map(keyOfTask)).toEqual([`a/${A}`, `a/${B}`, `z/${A}`, `z/${B}`]);
  });

  it('leaves other uses of the same digest out of a policy that does not cover them', () => {
    const inside = useOf(`registry.example.com/app@${A}`);
    const outside = useOf(`ghcr.io/app@${A}`);
    const { tasks, uncovered } = planOf([policyOf('p', { images: ['registry.example.com/*'] })], [inside, outside]);
    expect(tasks.map(({ uses }) => uses)).toEqual([[inside]]);
    expect(uncovered).toEqual([outside]);
  });

  it('names uses whose tag nobody has resolved', () => {
    const use = useOf('nginx:1.27');
    const policy = policyOf('p');
    expect(planOf([policy], [use])).toEqual({ tasks: [], excepted: [], unresolved: [{ policy, use }], uncovered: [] });
  });

  it('does not judge an excepted use, but judges the others of its digest', () => {
    const exceptions = [{ images: ['nginx'], reason: 'INC-42', expiresAt: '2026-12-31T00:00:00Z' }];
    const policy = policyOf('p', { exceptions });
    const free = useOf(`nginx@${A}`);
    const judged = useOf(`ghcr.io/acme/nginx@${A}`);
    const { tasks, excepted } = planOf([policy], [free, judged]);
    expect(tasks.map(({ uses }) => uses)).toEqual([[judged]]);
    expect(excepted).toEqual([{ policy, use: free, reason: 'INC-42', expiresAt: '2026-12-31T00:00:00Z' }]);
  });

  it('an exception of one policy says nothing to another', () => {
    const lenient = policyOf('lenient', { exceptions: [{ images: ['*'], reason: 'INC-42' }] });
    const { tasks } = planOf([lenient, policyOf('strict')], [useOf(`nginx@${A}`)]);
    expect(tasks.map(keyOfTask)).toEqual([`strict/${A}`]);
  });

  it('does not depend on the order of what it is given', () => {
    const uses = ['a', 'b', 'c'].flatMap((name) => [useOf(`${name}@${A}`), useOf(`${name}@${B}`), useOf(name)]);
    const policies = [policyOf('x'), policyOf('y', { images: ['a*'] })];
    expect(planOf(policies.toReversed(), uses.toReversed())).toEqual(planOf(policies, uses));
  });
});

describe('scanResult', () => {
  it('counts rows by state', () => {
    const policy = policyOf('p');
    const use = useOf(`nginx@${A}`);
    const rows = [
      judgedRow(policy, use, verified()),
      judgedRow(policy, use, rejected()),
      judgedRow(policy, useOf('nginx'), unknown()),
      exceptedRow({ policy, use, reason: 'INC-42' }),
    ];
    expect(summarise(scanResult(rows, [use]))).toEqual({
      total: 4,
      verified: 1,
      rejected: 1,
      unknown: 1,
      excepted: 1,
      uncovered: 1,
    });
    expect(rows.map(stateOf)).toEqual(['verified', 'rejected', 'unknown', 'excepted']);
    expect(rows.map(({ task }) => task)).toEqual([`p/${A}`, `p/${A}`, undefined, undefined]);
  });
});

function planOf(policies: readonly ImageTrustPolicy[], uses: readonly ImageUse[]) {
  return plan({ policies, uses, trustedKeys: [], namespaces: new Map() }, NOW);
}
