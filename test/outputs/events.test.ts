import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import type { Transition } from '../../src/core/transition.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { conditionEvents, lifecycleEvents, policyEvents, workloadEvents } from '../../src/outputs/events.ts';
import { deployment, digestOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { NOW } from '../support/known-rows.ts';

const POLICY = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'production', uid: 'p-1' };
const policyOf = () => POLICY;
const revoked = (): Verdict => ({ ...rejected('signed by a key that was revoked'), reason: 'KeyRevoked' }) as Verdict;

function transition(from: Verdict | undefined, to: Verdict, workload = 'cart', image = 'nginx'): Transition {
  const use = useOf(`${image}@${digestOf('a')}`, { workload: deployment(workload, `uid-${workload}`) });
  return { policy: 'production', use, ...(from === undefined ? {} : { from }), to, at: NOW };
}

describe('what is news', () => {
  it.each([
    ['trusted → rejected', verified(), revoked(), ['Warning', 'KeyRevoked', 'no longer trusted']],
    ['rejected from the start', undefined, rejected(), ['Warning', 'NoSignature', 'not trusted']],
    ['unknown → rejected', unknown(), rejected(), ['Warning', 'NoSignature', 'not trusted']],
    ['rejected for another reason', rejected(), revoked(), ['Warning', 'KeyRevoked', 'not trusted']],
    ['rejected → trusted', rejected(), verified(), ['Normal', 'Verified', 'trusted again']],
    [
      'trusted → unknown, since the trust changed',
      verified(),
      unknown(),
      ['Warning', 'RegistryUnavailable', 'no longer known to be trusted'],
    ],
    ['trusted from the start', undefined, verified(), undefined],
    ['unknown from the start', undefined, unknown(), undefined],
    ['unknown → trusted', unknown(), verified(), undefined],
    ['rejected → unknown', rejected(), unknown(), undefined],
    ['rejected for the same reason', rejected('a'), rejected('b'), undefined],
  ] as const)('%s', (_, from, to, expected) => {
    const events = workloadEvents([transition(from, to)], policyOf);
    const told = events.map(({ type, reason, note }) => [type, reason, note.slice(0, note.indexOf(':'))]);
    expect(told).toEqual(expected === undefined ? [] : [expected]);
    expect(policyEvents([transition(from, to)], policyOf)).toHaveLength(events.length);
  });
});

describe('workloadEvents', () => {
  it('name the workload, the policy, the container and what to do', () => {
    const [event] = workloadEvents([transition(verified(), revoked())], policyOf);
    expect(event).toEqual({
      regarding: { ...deployment('cart', 'uid-cart') },
      related: POLICY,
      type: 'Warning',
      reason: 'KeyRevoked',
      action: 'Verify',
      note: `no longer trusted: app, nginx@${digestOf('a')} (policy production): signed by a key that was revoked`,
    });
  });

  it('tell the same of several Pods once', () => {
    const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name });
    const ofPod = (name: string): Transition => {
      const one = transition(verified(), revoked());
      return { ...one, use: { ...one.use, pod: pod(name) } };
    };
    expect(workloadEvents([ofPod('a'), ofPod('b')], policyOf)).toHaveLength(1);
  });

  it('hold nothing that could move a cursor, and stay short', () => {
    const [event] = workloadEvents([transition(undefined, rejected(`\u001b[31m${'x'.repeat(5000)}`))], policyOf);
    expect(event?.note).not.toContain('\u001b');
    expect(event?.note.length).toBeLessThanOrEqual(1024);
  });
});

describe('policyEvents', () => {
  it('are one for a reason, however many workloads it is about', () => {
    const transitions = Array.from({ length: 100 }, (_, i) => transition(verified(), revoked(), `w${100 + i}`));
    const events = policyEvents([...transitions, transition(rejected(), verified(), 'web')], policyOf);
    expect(events.map(({ regarding, reason, note }) => [regarding.name, reason, note])).toEqual([
      [
        'production',
        'KeyRevoked',
        'no longer trusted: 100 workloads (Deployment shop/w100, Deployment shop/w101, Deployment shop/w102, …): signed by a key that was revoked',
      ],
      ['production', 'Verified', 'trusted again: Deployment shop/web: signed by release'],
    ]);
  });
});

describe('conditionEvents', () => {
  const condition = (type: string, reason: string, status: Condition['status'] = 'True'): Condition => ({
    type,
    status,
    reason,
    message: `${type} for ${reason}`,
    lastTransitionTime: '2026-11-21T10:00:00Z',
  });
  it.each([
    ['a condition that came', [], [condition('Stalled', 'MaterialUnusable')], ['MaterialUnusable']],
    [
      'a condition that is nearer now',
      [condition('Expiring', 'ExpiresWithin30Days')],
      [condition('Expiring', 'ExpiresWithin7Days')],
      ['ExpiresWithin7Days'],
    ],
    ['a condition that stayed', [condition('Overdue', 'PassOverdue')], [condition('Overdue', 'PassOverdue')], []],
    ['a condition that went', [condition('Overdue', 'PassOverdue')], [], []],
    ['work under way', [], [condition('Reconciling', 'Progressing')], []],
    ['what is good', [], [condition('Ready', 'Succeeded')], []],
    ['what nobody knows the past of', undefined, [condition('Stalled', 'MaterialUnusable')], []],
  ] as const)('%s', (_, before, after, reasons) => {
    expect(conditionEvents(POLICY, before, after).map(({ reason }) => reason)).toEqual(reasons);
  });

  it('tell of a key that is revoked, once', () => {
    const was = [condition('Ready', 'Succeeded')];
    const is = [condition('Ready', 'Revoked')];
    expect(lifecycleEvents(POLICY, was, is)).toMatchObject([{ type: 'Warning', reason: 'Revoked' }]);
    expect(lifecycleEvents(POLICY, was, [condition('Ready', 'Retiring')])).toMatchObject([{ type: 'Normal' }]);
    expect(lifecycleEvents(POLICY, is, is)).toEqual([]);
    expect(lifecycleEvents(POLICY, undefined, is)).toEqual([]);
    expect(lifecycleEvents(POLICY, is, was)).toEqual([]);
  });
});
