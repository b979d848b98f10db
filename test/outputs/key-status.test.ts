import { describe, expect, it } from 'vitest';
import { TrustedKeyStatus } from '../../src/api/trusted-key-status.ts';
import { renderYaml } from '../../src/outputs/json.ts';
import { keyStatusChangesAt, type KeyView, sameKeyStatus, summariseKey } from '../../src/outputs/key-status.ts';
import { deployment } from '../support/builders.ts';
import { ago, NOW, trustedKeyOf } from '../support/known-rows.ts';
import { kstatusOf } from '../support/kstatus.ts';

const DAY = 86_400_000;
const ahead = (days: number) => new Date(NOW.getTime() + days * DAY);
const FINGERPRINT = 'SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG';
const bare = { fingerprint: FINGERPRINT, algorithm: 'ECDSA-P256' };
const until = (days: number, fingerprint = FINGERPRINT) => ({
  fingerprint,
  algorithm: 'RSA-3072',
  notAfter: ahead(days),
});

function view(lifecycle: object = {}, fields: Partial<KeyView> = {}): KeyView {
  const key = trustedKeyOf(lifecycle, { creationTimestamp: ago(100 * DAY).toISOString() });
  return { key, material: { state: 'usable', keys: [bare] }, ...fields };
}

const holding = (...keys: readonly (typeof bare & { notAfter?: Date })[]): Partial<KeyView> => ({
  material: { state: 'usable', keys },
});
const condition = (status: TrustedKeyStatus, type: string) => status.conditions?.find((one) => one.type === type);

describe('summariseKey', () => {
  it('writes what the golden file shows', async () => {
    const workloads = new Map([
      ['1', deployment('cart')],
      ['2', deployment('web')],
    ]);
    const dependents = {
      policies: new Set(['production']),
      images: new Set(['a', 'b', 'c']),
      workloads,
      solelyDependent: new Map([...workloads].slice(1)),
    };
    const status = summariseKey(
      view({ rotateEvery: '90d' }, { dependents, ...holding(until(10, 'SHA256:b'), bare) }),
      NOW,
    );
    expect(TrustedKeyStatus.parse(status)).toEqual(status);
    await expect(renderYaml([status])).toMatchFileSnapshot('../golden/outputs/key-status.yaml');
  });

  it.each([
    ['Active', {}, {}, 'Current', 'Succeeded'],
    ['Retiring', { state: 'Retiring' }, {}, 'Current', 'Retiring'],
    ['Revoked', { state: 'Revoked' }, {}, 'Current', 'Revoked'],
    ['its Secret not read yet', {}, { material: { state: 'loading' } }, 'InProgress', 'Progressing'],
    ['bad PEM', {}, unusable('TrustedKeyNotReady'), 'Failed', 'MaterialUnusable'],
    ['no trust root', {}, unusable('TrustRootUnavailable'), 'Failed', 'TrustRootUnavailable'],
    ['KMS', {}, unusable('KmsUnavailable'), 'Failed', 'KmsUnavailable'],
  ] as const)('%s', (_, lifecycle, fields, kstatus, reason) => {
    const status = summariseKey(view(lifecycle, fields), NOW);
    expect(TrustedKeyStatus.safeParse(status).success).toBe(true);
    expect(kstatusOf(2, status)).toBe(kstatus);
    expect(condition(status, 'Ready')?.reason).toBe(reason);
  });

  it('says where the material is and what is wrong with it', () => {
    const status = summariseKey(view({}, unusable('TrustedKeyNotReady')), NOW);
    expect(condition(status, 'Stalled')?.message).toBe('there is no Secret security/cosign');
    expect(status.keys).toEqual([]);
  });

  it('counts nothing for a key that nobody names', () => {
    expect(summariseKey(view(), NOW).dependents).toEqual({
      policies: 0,
      images: 0,
      workloads: 0,
      solelyDependentWorkloads: 0,
    });
  });

  it('shows at most 64 keys, in an order of their own', () => {
    const keys = Array.from({ length: 70 }, (_, index) => ({ ...bare, fingerprint: `SHA256:${100 + index}` }));
    const forwards = summariseKey(view({}, holding(...keys)), NOW);
    expect(forwards.keys).toHaveLength(64);
    expect(summariseKey(view({}, holding(...keys.toReversed())), NOW)).toEqual(forwards);
  });
});

describe('Expiring', () => {
  it.each([
    ['a bare key', [bare], {}, undefined],
    ['31 days ahead', [until(31)], {}, undefined],
    ['30 days ahead', [until(30)], {}, 'ExpiresWithin30Days'],
    ['14 days ahead', [until(14)], {}, 'ExpiresWithin14Days'],
    ['7 days ahead', [until(7)], {}, 'ExpiresWithin7Days'],
    ['now', [until(0)], {}, 'Expired'],
    ['the first of two', [until(400), until(6, 'SHA256:b')], {}, 'ExpiresWithin7Days'],
    ['the end of the validity window', [bare], { validUntil: ahead(20).toISOString() }, 'ExpiresWithin30Days'],
    ['a revoked key', [until(1)], { state: 'Revoked' }, undefined],
  ] as const)('%s', (_, keys, lifecycle, reason) => {
    expect(condition(summariseKey(view(lifecycle, holding(...keys)), NOW), 'Expiring')?.reason).toBe(reason);
  });

  it('says what ends when, and the same every day', () => {
    const at = (now: Date) =>
      condition(summariseKey(view({}, holding(until(13), until(14, 'SHA256:b'))), now), 'Expiring');
    expect(at(NOW)?.message).toBe(`the certificate of ${FINGERPRINT} ends at 2026-12-04T10:00:00Z, and 1 more`);
    expect(at(ahead(1))?.message).toBe(at(NOW)?.message);
  });
});

describe('RotationDue', () => {
  it.each([
    ['100 days old, every 90', { rotateEvery: '90d' }, true],
    ['100 days old, every 101', { rotateEvery: '101d' }, false],
    ['100 days old, never', {}, false],
    ['valid for 10 days, every 90', { rotateEvery: '90d', validFrom: ago(10 * DAY).toISOString() }, false],
    ['valid for 91 days, every 90', { rotateEvery: '90d', validFrom: ago(91 * DAY).toISOString() }, true],
    ['revoked', { rotateEvery: '90d', state: 'Revoked' }, false],
  ] as const)('%s', (_, lifecycle, due) => {
    const found = condition(summariseKey(view(lifecycle), NOW), 'RotationDue');
    expect(found?.status).toBe(due ? 'True' : undefined);
  });
});

describe('keyStatusChangesAt', () => {
  it('names each moment at which the status changes, and no other', () => {
    const subject = view({ rotateEvery: '120d' }, holding(until(40)));
    const days: number[] = [];
    for (let at = keyStatusChangesAt(subject, NOW); at !== undefined; at = keyStatusChangesAt(subject, at)) {
      days.push((at.getTime() - NOW.getTime()) / DAY);
      const before = summariseKey(subject, new Date(at.getTime() - 1));
      expect(sameKeyStatus(before, summariseKey(subject, at, before))).toBe(false);
    }
    expect(days).toEqual([10, 20, 26, 33, 40]);
  });
});

describe('sameKeyStatus', () => {
  it('6. writes nothing where nothing changed, whatever the order of fields', () => {
    const before = summariseKey(view(), ago(1000));
    const after = summariseKey(view(), NOW, before);
    expect(after).toEqual(before);
    expect(sameKeyStatus(Object.fromEntries(Object.entries(before).toReversed()) as TrustedKeyStatus, after)).toBe(
      true,
    );
    expect(sameKeyStatus(undefined, after)).toBe(false);
  });
});

function unusable(reason: 'TrustedKeyNotReady' | 'TrustRootUnavailable' | 'KmsUnavailable'): Partial<KeyView> {
  return { material: { state: 'unusable', reason, message: 'there is no Secret security/cosign' } };
}
