import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { keyOfRow, type Known, type KnownRow } from '../../src/core/known.ts';
import type { KnownLead } from '../../src/core/lead.ts';
import { compilePolicy } from '../../src/core/policy-match.ts';
import { stateOf } from '../../src/core/scan-result.ts';
import type { Verdict } from '../../src/core/verdict.ts';
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
    door: () => undefined,
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
  const door: RowSources['door'] = () => ({
    format: 'ClusterPolicy',
    leftOut: new Set(),
    unreadBundles: new Map(),
    unmeetable: [],
  });
  const B = digestOf('b');
  const warning = policyOf('production', { images: ['registry.example.com/*'], digest: { onTagDrift: 'Warn' } });
  const policiesOf = () => [compilePolicy(warning)];
  const led = (lead: KnownLead, behind?: Verdict): Known =>
    known(verified(), undefined, {
      leads: new Map([[REFERENCE, lead]]),
      ...(behind === undefined ? {} : { behind: new Map([[B, behind]]) }),
    });
  /** The tag leads to B by now. */
  const toB: KnownLead = { kind: 'manifest', manifest: { digest: B, manifests: [] } };
  const refusalFor = (now: Known, sources: Partial<RowSources> = { door }) =>
    rowFor(now, undefined, { policiesOf, ...sources })?.refusal;

  test('is refused by our verdict, with its words', () => {
    expect(rowFor(known(rejected('no signature')), undefined, { door })?.refusal).toEqual({
      reason: 'NoSignature',
      message: 'no signature',
    });
  });

  test('is refused by nobody where nothing guards the door, nor for an outage', () => {
    expect(rowFor(known(rejected()))).not.toHaveProperty('refusal');
    expect(rowFor(known(rejected()), undefined, { door: () => 'open' })).not.toHaveProperty('refusal');
    expect(rowFor(known(unknown()), undefined, { door })).not.toHaveProperty('refusal');
  });

  test.each([
    ['rejected', rejected('unsigned'), 'registry.example.com/shop/cart:v1 leads to'],
    ['verified', verified(), undefined],
    ['not known', unknown(), undefined],
    ['not looked at', undefined, undefined],
  ])('of a tag that moved is judged by what it leads to: %s', (_, behind, message) => {
    const refusal = refusalFor(led(toB, behind));
    expect(refusal?.reason).toBe(message === undefined ? undefined : 'TagMoved');
    expect(refusal?.message ?? '').toContain(message ?? '');
  });

  test('of a tag that is gone is refused, of one that could not be followed not', () => {
    const failure = (kind: 'not-found' | 'unavailable') =>
      led({ kind: 'failure', failure: new Failure({ kind }, 'no') });
    expect(refusalFor(failure('not-found'))?.reason).toBe('TagGone');
    expect(refusalFor(failure('unavailable'))).toBeUndefined();
  });

  test('what is known of it stays while nobody has looked again', () => {
    const refusal = { reason: 'SignatureFormat', message: 'it is a bundle' };
    const before = { ...rowFor(known())!, refusal };
    for (const sources of [{ door }, {}]) expect(rowFor(undefined, before, sources)?.refusal).toEqual(refusal);
    expect(rowFor(undefined, before, { door: () => 'open' })).not.toHaveProperty('refusal');
  });

  test('of what a report said is judged by the door of now', () => {
    const before = rowFor(known(rejected('unsigned')))!;
    const restored = known(rejected('unsigned'), undefined, { restored: true });
    expect(rowFor(restored, before, { door })?.refusal?.reason).toBe('NoSignature');
    const closed: RowSources['door'] = () => ({
      format: 'ClusterPolicy',
      leftOut: new Set(),
      unreadBundles: new Map(),
      unmeetable: ['team'],
    });
    expect(rowFor(undefined, rowFor(known()), { door: closed })?.refusal?.reason).toBe('NobodyVouches');
  });
});
