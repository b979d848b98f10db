/** Events of the enforcement: each turn once, and nothing of what is only on its way. */
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import type { ImageTrustPolicyStatus } from '../../src/api/image-trust-policy-status.ts';
import { enforcementEvents, progressEvents } from '../../src/outputs/enforcement-events.ts';

const POLICY = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'production' };
const ready = (status: Condition['status'], reason: string, message = 'said'): readonly Condition[] => [
  { type: 'EnforcementReady', status, reason, message, lastTransitionTime: '2026-11-21T10:00:00Z' },
];
const READY = ready('True', 'PolicyReady');

describe('the Kyverno policy', () => {
  it.each<[string, readonly Condition[] | undefined, readonly Condition[] | undefined, string | undefined]>([
    ['is ready for the first time', undefined, READY, 'Normal PolicyReady'],
    ['is ready as before', READY, READY, undefined],
    ['is written', READY, ready('Unknown', 'PolicyPending'), undefined],
    ['is refused', READY, ready('False', 'PolicyRefused'), 'Warning PolicyRefused'],
    [
      'was to be written, and cannot be',
      ready('Unknown', 'PolicyPending'),
      ready('False', 'NameTaken'),
      'Warning NameTaken',
    ],
    ['has another mode', READY, ready('True', 'PolicyReady', 'refuses now'), 'Normal PolicyReady'],
    [
      'cannot say another field',
      ready('False', 'NotExpressible', 'a'),
      ready('False', 'NotExpressible', 'b'),
      'Warning NotExpressible',
    ],
    ['is taken away as the user wished', READY, ready('False', 'EnforcementDisabled'), 'Normal EnforcementDisabled'],
    ['was never there, for Kyverno is not', undefined, ready('False', 'KyvernoAbsent'), undefined],
    ['is gone with Kyverno', READY, ready('False', 'KyvernoAbsent'), 'Warning KyvernoAbsent'],
    ['is not spoken of', READY, [], undefined],
  ])('%s', (_, before, after, expected) => {
    const [event] = enforcementEvents(POLICY, before, after);
    expect(event === undefined ? undefined : `${event.type} ${event.reason}`).toBe(expected);
  });
});

type Progressive = NonNullable<ImageTrustPolicyStatus['progressive']>;

describe('mode Progressive', () => {
  const audit: Progressive = { phase: 'Audit', passes: 0, inTheWay: 0 };
  const compliant: Progressive = { ...audit, passes: 1, compliantSince: '2026-11-21T10:00:00Z' };
  const held: Progressive = { ...audit, inTheWay: 2 };
  const enforce: Progressive = { ...compliant, phase: 'Enforce' };

  it.each<[string, Progressive | undefined, Progressive | undefined, readonly string[]]>([
    ['begins', undefined, audit, ['ProgressiveStarted']],
    ['begins with images in the way', undefined, held, ['ProgressiveStarted', 'ProgressiveHeldUp']],
    ['counts a pass', compliant, { ...compliant, passes: 2 }, []],
    ['is compliant', audit, compliant, ['ProgressiveCompliant']],
    ['is held up', compliant, held, ['ProgressiveHeldUp']],
    ['is held up by more', held, { ...held, inTheWay: 3 }, []],
    ['turns to Enforce', compliant, enforce, ['ProgressiveEnforced']],
    ['stays in Enforce, whatever falls', enforce, { ...enforce, inTheWay: 2 }, []],
    ['ends by a person’s hand', enforce, undefined, []],
  ])('%s', (_, before, after, expected) => {
    expect(progressEvents(POLICY, { before, after }).map(({ reason }) => reason)).toEqual(expected);
  });
});
