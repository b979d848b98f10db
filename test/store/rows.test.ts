import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { keyOfRow, type Known, type KnownRow } from '../../src/core/known.ts';
import { compilePolicy } from '../../src/core/policy-match.ts';
import { stateOf } from '../../src/core/scan-result.ts';
import { type PreviousRow, rowsOf, type RowSources } from '../../src/store/rows.ts';
import { merge } from '../../src/store/verdicts.ts';
import { digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const EARLIER = new Date('2026-11-21T09:00:00Z');
const A = digestOf('a');
const use = useOf(`registry.example.com/shop/cart:v1`, { digest: A, digestSource: 'status' });
const REFERENCE = 'registry.example.com/shop/cart:v1';
const TASK = { policy: 'production', digest: A };

function known(verdict = verified(), before?: Known, fields: Partial<Known> = {}): Known {
  const checked = { verdict, leads: new Map(), trustId: 'd.s', references: [REFERENCE], at: EARLIER };
  return { ...merge(TASK, before, checked), ...fields };
}

function rowsFor(what: Known | undefined, before?: PreviousRow, more: Partial<RowSources> = {}, its = use) {
  const policy = policyOf('production', { images: ['registry.example.com/*'], digest: { onTagDrift: 'Fail' } });
  const sources = {
    policiesOf: () => [compilePolicy(policy)],
    known: () => what,
    trustId: () => 'd.s',
    unresolved: () => undefined,
    admission: () => undefined,
    now: NOW,
    ...more,
  };
  const key = keyOfRow({ policy: 'production', use: its });
  return rowsOf([its], new Map(before === undefined ? [] : [[key, before]]), sources);
}

const rowFor = (...args: Parameters<typeof rowsFor>): KnownRow | undefined => rowsFor(...args).rows[0];

test('what was never looked at has no row, and is not forgotten', () => {
  expect(rowsFor(undefined)).toEqual({ rows: [], pending: [{ policy: 'production', use }] });
});

test('a verdict shows, with who vouched and when', () => {
  expect(rowFor(known())).toMatchObject({
    outcome: { verdict: { state: 'verified' } },
    changedAt: EARLIER,
    checkedAt: EARLIER,
    trustId: 'd.s',
    vouchers: [{ trustedKey: 'release' }],
  });
});

describe('an outage', () => {
  test('lies over the verdict and changes nothing of it', () => {
    const before = rowFor(known())!;
    const row = rowFor(known(unknown(), known()), before)!;
    expect(row.outcome).toEqual(before.outcome);
    expect(row.changedAt).toEqual(before.changedAt);
    expect(row.unknown?.verdict.reason).toBe('RegistryUnavailable');
  });

  test('on the way of a tag does not undo what the digest proves', () => {
    const before = rowFor(known())!;
    const failure = new Failure({ kind: 'unavailable' }, 'the registry does not answer');
    const leads = new Map([[REFERENCE, { kind: 'failure', failure } as const]]);
    const row = rowFor(known(verified(), undefined, { leads }), before)!;
    expect(stateOf(row)).toBe('verified');
    expect(row.unknown?.verdict.reason).toBe('RegistryUnavailable');
  });

  test('is all there is to show where nothing was established', () => {
    expect(stateOf(rowFor(known(unknown()))!)).toBe('unknown');
  });
});

describe('trust that was established for something else is never shown', () => {
  const other = useOf('mirror.example.com/shop/cart:v1', { digest: A, digestSource: 'status' });

  test('a use under a name that nobody looked at waits', () => {
    expect(rowFor(known(), undefined, {}, other)).toBeUndefined();
  });

  test('a use under a name that could not be looked at is unknown, though the digest is trusted elsewhere', () => {
    const tried = {
      ...known().unknown,
      verdict: unknown(),
      at: NOW,
      since: NOW,
      references: new Set(['mirror.example.com/shop/cart:v1']),
    };
    const what = known(verified(), undefined, { unknown: tried as NonNullable<Known['unknown']> });
    expect(stateOf(rowFor(what, undefined, {}, other)!)).toBe('unknown');
  });

  test('under another trust, a new use waits and an old row stays until somebody looked', () => {
    expect(rowFor(known(), undefined, { trustId: () => 'd.other' })).toBeUndefined();
    const before = rowFor(known())!;
    expect(rowFor(known(), before, { trustId: () => 'd.other' })?.outcome).toEqual(before.outcome);
  });

  test('an exception that is over leaves nothing to show', () => {
    const before = { outcome: { kind: 'excepted', reason: 'INC-42' }, changedAt: EARLIER, vouchers: [] } as const;
    expect(rowFor(undefined, before)).toBeUndefined();
  });
});

describe('after a restart', () => {
  const before: PreviousRow = {
    outcome: {
      kind: 'judged',
      verdict: { ...rejected('a tag moved'), reason: 'TagDrift' } as ReturnType<typeof rejected>,
    },
    changedAt: EARLIER,
    trustId: 'd.s',
    vouchers: [],
  };

  test('a row of the report stands, also where it says more than the digest', () => {
    const row = rowFor(known(verified(), undefined, { restored: true }), before)!;
    expect(row).toMatchObject({ outcome: { verdict: { reason: 'TagDrift' } }, changedAt: EARLIER });
  });

  test('a row that was judged under another trust does not', () => {
    const row = rowFor(known(verified(), undefined, { restored: true }), { ...before, trustId: 'old.old' })!;
    expect(stateOf(row)).toBe('verified');
  });
});

test('a state that stays keeps its time, one that turns takes that of now', () => {
  const before = { ...rowFor(known())!, changedAt: new Date(0) };
  expect(rowFor(known(), before)?.changedAt).toEqual(new Date(0));
  expect(rowFor(known(rejected()), before)?.changedAt).toEqual(NOW);
});

test('a tag that could not be resolved is unknown, since the first try', () => {
  const open = useOf(REFERENCE);
  const failure = new Failure({ kind: 'not-found' }, 'there is no such tag');
  expect(rowFor(undefined, undefined, { unresolved: () => ({ failure, since: EARLIER }) }, open)).toMatchObject({
    outcome: { verdict: { state: 'unknown', reason: 'ImageNotFound' } },
    changedAt: EARLIER,
  });
});

describe('a restart', () => {
  const admission: RowSources['admission'] = () => ({
    format: 'ClusterPolicy',
    leftOut: new Set(),
    unreadBundles: new Map(),
  });
  const B = digestOf('b');
  /** The tag leads to B by now. */
  const moved = known(verified(), undefined, {
    leads: new Map([[REFERENCE, { kind: 'manifest', manifest: { digest: B, manifests: [] } }]]),
  });
  const warning = policyOf('production', { images: ['registry.example.com/*'], digest: { onTagDrift: 'Warn' } });
  const policiesOf = () => [compilePolicy(warning)];

  test('is refused by our verdict, with its words', () => {
    expect(rowFor(known(rejected('no signature')), undefined, { admission })?.refusal).toEqual({
      reason: 'NoSignature',
      message: 'no signature',
    });
  });

  test('is refused by nobody where nothing guards the door, nor for an outage', () => {
    expect(rowFor(known(rejected()))).not.toHaveProperty('refusal');
    expect(rowFor(known(unknown()), undefined, { admission })).not.toHaveProperty('refusal');
  });

  test.each([
    ['rejected', known(rejected('unsigned')), 'registry.example.com/shop/cart:v1 leads to'],
    ['verified', known(verified()), undefined],
    ['not known yet', undefined, undefined],
    ['judged under other keys', known(rejected(), undefined, { trustId: 'd.other' }), undefined],
  ])('of a tag that moved is judged by what it leads to: %s', (_, behind, message) => {
    const sources = {
      admission,
      policiesOf,
      known: (_policy: string, { digest }: typeof use) => (digest === B ? behind : moved),
    };
    const refusal = rowFor(moved, undefined, sources)?.refusal;
    expect(refusal?.reason).toBe(message === undefined ? undefined : 'TagMoved');
    expect(refusal?.message ?? '').toContain(message ?? '');
  });

  test('what is known of it stays while nobody has looked again', () => {
    const refusal = { reason: 'SignatureFormat', message: 'it is a bundle' };
    const before = { ...rowFor(known())!, refusal };
    expect(rowFor(undefined, before, { admission })?.refusal).toEqual(refusal);
  });
});
