import { describe, expect, test } from 'vitest';
import {
  isUrgent,
  mayRemember,
  passDue,
  retryAfterMs,
  scheduleFrom,
  type TaskFacts,
  whyDue,
} from '../../src/core/due.ts';
import type { Known, PassRecord } from '../../src/core/known.ts';
import type { Why } from '../../src/core/task.ts';
import { digestOf, policyOf, unknown, verified } from '../support/builders.ts';
import { merge } from '../../src/store/verdicts.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const at = (ms: number): Date => new Date(NOW.getTime() + ms);
const TASK = { policy: 'production', digest: digestOf('a') };
const IMAGE = 'registry.example.com/shop/cart:v1';

function known(lookedAt: Date, verdict = verified(), before?: Known): Known {
  return merge(TASK, before, {
    verdict,
    leads: new Map(),
    trustId: 'demands.signers',
    references: [IMAGE],
    at: lookedAt,
  });
}

const ended: PassRecord = { startTime: at(-60_000), completionTime: at(-50_000), reason: 'Due' };
const policy = { suspended: false, trustId: 'demands.signers', pass: ended };
const fresh: TaskFacts = { known: known(at(-55_000)), references: [IMAGE] };

describe('whyDue', () => {
  test.each<[string, Why | undefined, Partial<typeof policy>, Partial<TaskFacts>]>([
    ['what was looked at in the last pass', undefined, {}, {}],
    ['an image that is new in the cluster', 'ImageAppeared', {}, { known: undefined }],
    ['an image under a name that nobody looked at', 'ImageAppeared', {}, { references: [IMAGE, 'docker.io/x/y:z'] }],
    ['other demands', 'PolicyChanged', { trustId: 'other.signers' }, {}],
    ['other demands and other signers', 'PolicyChanged', { trustId: 'other.ones' }, {}],
    ['other signers', 'TrustChanged', { trustId: 'demands.other' }, {}],
    ['a pass that began since', 'Due', { pass: { startTime: at(-1), reason: 'Due' } }, {}],
    ['a pass that somebody asked for', 'Requested', { pass: { startTime: at(-1), reason: 'Requested' } }, {}],
    ['a failed check whose time has come', 'Retry', {}, { retryAt: at(0) }],
    ['a failed check whose time has not come', undefined, {}, { retryAt: at(1) }],
    ['a suspended policy, whatever changed', undefined, { suspended: true, trustId: 'x.y' }, { retryAt: at(0) }],
  ])('%s: %s', (_, why, changed, facts) => {
    expect(whyDue({ ...policy, ...changed }, { ...fresh, ...facts }, NOW)).toBe(why);
  });

  test('before the first pass is over, everything is new', () => {
    const running = { ...policy, pass: { startTime: at(-1), reason: 'NeverVerified' } as const };
    expect(whyDue(running, { known: undefined, references: [IMAGE] }, NOW)).toBe('NeverVerified');
  });

  test('a name that was tried and failed does not come again and again', () => {
    const tried = known(at(-1), unknown(), known(at(-55_000)));
    expect(whyDue(policy, { known: tried, references: [IMAGE] }, NOW)).toBeUndefined();
  });
});

test('only a change of trust may live on what was seen before, and only what somebody did is urgent', () => {
  const all: Why[] = ['NeverVerified', 'Due', 'PolicyChanged', 'TrustChanged', 'ImageAppeared', 'Requested', 'Retry'];
  expect(all.filter(mayRemember)).toEqual(['TrustChanged']);
  expect(all.filter((why) => !isUrgent(why))).toEqual(['NeverVerified', 'Due', 'Retry']);
});

describe('passDue', () => {
  const asked = { ...policyOf('p'), metadata: { name: 'p', annotations: { 'imagetrust.dev/requestedAt': 'monday' } } };
  const suspended = { ...asked, spec: policyOf('p', { verification: { suspend: true } }).spec };
  test.each([
    ['not yet', policyOf('p'), undefined, at(1), undefined],
    ['by schedule', policyOf('p'), undefined, NOW, 'Due'],
    ['asked for', asked, undefined, at(1), 'Requested'],
    ['asked for, and handled', asked, 'monday', at(1), undefined],
    ['asked for anew', asked, 'sunday', at(1), 'Requested'],
    ['suspended', suspended, undefined, NOW, undefined],
  ] as const)('%s', (_, its, handledRequest, next, why) => {
    expect(passDue(its, { handledRequest, next }, NOW)).toBe(why);
  });
});

describe('scheduleFrom', () => {
  test('a restart goes on from now, and makes nothing up', () => {
    expect(scheduleFrom(ended, policyOf('p'), NOW)).toEqual(NOW);
    expect(scheduleFrom(undefined, policyOf('p'), NOW)).toEqual(NOW);
  });
  test('but for a policy that would be overdue', () => {
    const old = { ...ended, completionTime: at(-24 * 3_600_000) };
    expect(scheduleFrom(old, policyOf('p'), NOW)).toEqual(old.completionTime);
  });
});

describe('retryAfterMs', () => {
  test('grows with each failure up to five minutes, and is spread', () => {
    const waits = Array.from({ length: 12 }, (_, i) => retryAfterMs('RegistryUnavailable', i + 1, 0.5)!);
    expect(waits.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(waits.at(-1)).toBe(300_000);
    expect(retryAfterMs('RegistryUnavailable', 1, 0)).toBeLessThan(retryAfterMs('RegistryUnavailable', 1, 0.99)!);
  });
  test.each(['TrustedKeyMissing', 'TrustedKeyNotReady', 'TrustRootUnavailable', 'KmsUnavailable'] as const)(
    'waits for a change where only a change can help: %s',
    (reason) => {
      expect(retryAfterMs(reason, 1, 0.5)).toBeUndefined();
    },
  );
});
