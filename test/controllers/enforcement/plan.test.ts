/** The next step of enforcement, from what is wanted and what is there. */
import { describe, expect, it } from 'vitest';
import type { ImageTrustPolicy } from '../../../src/api/image-trust-policy.ts';
import type { Desired } from '../../../src/controllers/enforcement/desired.ts';
import { isOf, observe, type ObservedPolicy } from '../../../src/controllers/enforcement/observed.ts';
import { type Memory, planEnforcement } from '../../../src/controllers/enforcement/plan.ts';
import type { KyvernoFormat, KyvernoObject } from '../../../src/outputs/kyverno/rendering.ts';
import { policyOf } from '../../support/builders.ts';
import { ago, NOW } from '../../support/known-rows.ts';
import { kyvernoObject, type KyvernoObjectOptions } from '../../support/kyverno-objects.ts';

const POLICY: ImageTrustPolicy = { ...policyOf('production'), metadata: { name: 'production', uid: 'uid-1' } };
const READY = { conditions: [{ type: 'Ready', status: 'True', message: 'Ready' }] };
const READY_I = { conditionStatus: { ready: true, message: '' } };
const rendered = (options: Partial<KyvernoObjectOptions> = {}): KyvernoObject =>
  kyvernoObject(POLICY, { format: 'ClusterPolicy', mode: 'Enforce', ...options });

function wanted(object: KyvernoObject, fields: Partial<Extract<Desired, { kind: 'policy' }>> = {}): Desired {
  return {
    kind: 'policy',
    mode: 'Enforce',
    object,
    gaps: [],
    notes: [],
    absences: { leftOut: [], unmeetable: [] },
    ...fields,
  };
}

/** The object as it is in the cluster, written by us. */
function there(object: KyvernoObject, status?: unknown, metadata: object = {}): ObservedPolicy {
  const managedFields = [{ manager: 'image-trust-operator', operation: 'Apply' }];
  const stored = { ...object.metadata, uid: `uid-of-${object.kind}`, resourceVersion: '7', managedFields, ...metadata };
  return observe(object.kind, { ...object, metadata: stored, status });
}

interface Row {
  readonly desired: Desired;
  readonly observed?: readonly ObservedPolicy[];
  readonly memory?: Memory;
}

/** `apply; False PolicyNotReady` */
function said({ desired, observed = [], memory = {} }: Row): string {
  const { action, view, next } = planEnforcement({ desired, observed, memory, now: NOW });
  const step = action === undefined ? 'nothing' : action.do === 'remove' ? `remove ${action.policy.format}` : action.do;
  const later = next === undefined ? '' : `; again in ${(next.getTime() - NOW.getTime()) / 1000} s`;
  return `${step}; ${view.ready.status} ${view.ready.reason}${later}`;
}

const C = rendered();
const I = rendered({ format: 'ImageValidatingPolicy' });
const other = (format: KyvernoFormat): ObservedPolicy => there(rendered({ format, mark: 'k2' }), READY);
const taken = { format: 'ClusterPolicy', name: C.metadata.name } as const;
const OLD = there(I, READY_I);

/** It has been ready, as it is, for so many milliseconds. */
function settling(object: KyvernoObject, ms: number): NonNullable<Memory['settling']> {
  const { uid, specId } = there(object, READY);
  return { id: `${uid} ${specId}`, since: ago(ms) };
}

describe('what is to be done', () => {
  it.each<[behaviour: string, row: Row, expected: string]>([
    ['claims the name where nothing of ours has it', { desired: wanted(C) }, 'claim; Unknown PolicyPending'],
    [
      'leaves a name alone that is taken, and asks again',
      { desired: wanted(C), memory: { taken: { ...taken, at: ago(4_000) } } },
      'nothing; False NameTaken; again in 6 s',
    ],
    [
      'looks whether the name is free by now',
      { desired: wanted(C), memory: { taken: { ...taken, at: ago(10_000) } } },
      'claim; False NameTaken',
    ],
    ['waits for Kyverno', { desired: wanted(C), observed: [there(C)] }, 'nothing; Unknown PolicyPending'],
    [
      'does nothing when nothing changed',
      { desired: wanted(C), observed: [there(C, READY)] },
      'nothing; True PolicyReady',
    ],
    ['puts drift right', { desired: wanted(C), observed: [other('ClusterPolicy')] }, 'apply; Unknown PolicyPending'],
    [
      'answers somebody who keeps changing it every five seconds',
      {
        desired: wanted(C),
        observed: [other('ClusterPolicy')],
        memory: { settled: { wantedId: there(C).specId, specId: '' }, writtenAt: ago(1_000) },
      },
      'nothing; Unknown PolicyPending; again in 4 s',
    ],
    [
      'writes at once what is newly wanted',
      {
        desired: wanted(C),
        observed: [other('ClusterPolicy')],
        memory: { settled: { wantedId: other('ClusterPolicy').specId, specId: '' }, writtenAt: ago(1_000) },
      },
      'apply; Unknown PolicyPending',
    ],
    [
      'puts a label back',
      { desired: wanted(C), observed: [there(C, READY, { labels: {} })] },
      'apply; Unknown PolicyPending',
    ],
    [
      'puts the owner back',
      { desired: wanted(C), observed: [there(C, READY, { ownerReferences: [] })] },
      'apply; Unknown PolicyPending',
    ],
    [
      'leaves the labels of others alone',
      { desired: wanted(C), observed: [there(C, READY, { labels: { ...C.metadata.labels, team: 'a' } })] },
      'nothing; True PolicyReady',
    ],
    [
      'passes on what Kyverno says',
      {
        desired: wanted(C),
        observed: [there(C, { conditions: [{ type: 'Ready', status: 'False', message: 'no webhook' }] })],
      },
      'nothing; False PolicyNotReady',
    ],
    ['writes the new kind beside the old one', { desired: wanted(C), observed: [OLD] }, 'claim; Unknown PolicyPending'],
    [
      'keeps the old one until Kyverno has the new one',
      { desired: wanted(C), observed: [OLD, there(C)] },
      'nothing; Unknown PolicyPending',
    ],
    [
      'keeps it when Kyverno says so: the API server hears of it a moment later',
      { desired: wanted(C), observed: [OLD, there(C, READY)] },
      'nothing; True PolicyReady; again in 10 s',
    ],
    [
      'keeps it as long as the new one has not been ready long enough',
      { desired: wanted(C), observed: [OLD, there(C, READY)], memory: { settling: settling(C, 9_000) } },
      'nothing; True PolicyReady; again in 1 s',
    ],
    [
      'removes the old one then',
      { desired: wanted(C), observed: [OLD, there(C, READY)], memory: { settling: settling(C, 10_000) } },
      'remove ImageValidatingPolicy; True PolicyReady',
    ],
    [
      'starts anew when the new one was not ready in between',
      { desired: wanted(C), observed: [OLD, there(C)], memory: { settling: settling(C, 9_000) } },
      'nothing; Unknown PolicyPending',
    ],
    [
      'starts anew when the new one says something else',
      {
        desired: wanted(C),
        observed: [OLD, there(C, READY)],
        memory: { settling: settling(rendered({ mark: 'k2' }), 10_000) },
      },
      'nothing; True PolicyReady; again in 10 s',
    ],
    [
      'starts anew when the new one was removed and written again',
      {
        desired: wanted(C),
        observed: [OLD, there(C, READY, { uid: 'uid-2' })],
        memory: { settling: settling(C, 10_000) },
      },
      'nothing; True PolicyReady; again in 10 s',
    ],
    [
      'never removes a copy that somebody made of ours',
      {
        desired: wanted(C),
        observed: [there(C, READY), there(I, READY_I, { managedFields: [{ manager: 'kubectl' }] })],
      },
      'nothing; True PolicyReady',
    ],
    [
      'removes in mode Disabled',
      { desired: { kind: 'none' }, observed: [OLD] },
      'remove ImageValidatingPolicy; False EnforcementDisabled',
    ],
    ['is done in mode Disabled', { desired: { kind: 'none' } }, 'nothing; False EnforcementDisabled'],
    [
      'touches nothing while it does not know enough',
      { desired: { kind: 'waiting', reason: 'PolicyPending', message: 'a TrustedKey is being read' }, observed: [OLD] },
      'nothing; Unknown PolicyPending',
    ],
    [
      'keeps what refuses where the spec cannot be expressed any more',
      { desired: { kind: 'not-expressible', mode: 'Enforce', problems: ['a: b'] }, observed: [OLD] },
      'nothing; False NotExpressible',
    ],
    [
      'takes away what only reports on demands that nobody makes any more',
      { desired: { kind: 'not-expressible', mode: 'Audit', problems: ['a: b'] }, observed: [OLD] },
      'remove ImageValidatingPolicy; False NotExpressible',
    ],
    [
      'says that Kyverno is absent',
      { desired: { kind: 'absent', message: 'install Kyverno' } },
      'nothing; False KyvernoAbsent',
    ],
    [
      'looks again when an exception ends',
      { desired: wanted(C, { changesAt: new Date(NOW.getTime() + 60_000) }), observed: [there(C, READY)] },
      'nothing; True PolicyReady; again in 60 s',
    ],
  ])('%s', (_, row, expected) => expect(said(row)).toBe(expected));

  it('accepts what a Kyverno of another version adds, once it has been written', () => {
    const added = { ...C, spec: { ...C.spec, newField: 'default' } };
    const observed = [there(added, READY)];
    const desired = wanted(C);
    expect(said({ desired, observed })).toMatch(/^apply/);
    const settled = { wantedId: there(C).specId, specId: there(added).specId };
    expect(said({ desired, observed, memory: { settled } })).toBe('nothing; True PolicyReady');
    // But what comes on top of that is drift.
    const more = [there({ ...C, spec: { ...added.spec, webhookConfiguration: { matchConditions: [] } } }, READY)];
    expect(said({ desired, observed: more, memory: { settled } })).toMatch(/^apply/);
  });

  it('says what is there, which keys are left out, and what stays in the meantime', () => {
    const view = planEnforcement({
      desired: wanted(C, { notes: ['TrustedKey "a" is revoked'], gaps: ['x'] }),
      observed: [there(C, READY)],
      memory: {},
      now: NOW,
    }).view;
    expect(view).toEqual({
      ready: {
        status: 'True',
        reason: 'PolicyReady',
        message:
          'ClusterPolicy image-trust-production refuses Pods with images that are not trusted; TrustedKey "a" is revoked',
      },
      gaps: ['x'],
      kyverno: { kind: 'ClusterPolicy', name: 'image-trust-production', mode: 'Enforce', ready: true },
    });
    const waiting = planEnforcement({ desired: wanted(C), observed: [OLD, there(C)], memory: {}, now: NOW }).view;
    expect(waiting.ready.message).toContain('ImageValidatingPolicy image-trust-production stays until then');
    const settled = planEnforcement({ desired: wanted(C), observed: [OLD, there(C, READY)], memory: {}, now: NOW });
    expect(settled.view.ready.message).toContain('stays until the API server surely asks about it');
    expect(settled.settling).toEqual(settling(C, 0));
  });
});

describe('whose a policy is', () => {
  const foreign = { ...C, metadata: { ...C.metadata, labels: {}, ownerReferences: [] } };
  it.each<[string, KyvernoObject, boolean]>([
    ['labels and owner', C, true],
    ['the owner alone', { ...C, metadata: { ...C.metadata, labels: {} } }, true],
    ['labels alone: its owner is not known', { ...C, metadata: { ...C.metadata, ownerReferences: [] } }, true],
    [
      'labels, and an owner of an earlier life of the policy',
      { ...C, metadata: { ...C.metadata, ownerReferences: [{ ...owner(), uid: 'uid-0' }] } },
      true,
    ],
    ['neither', foreign, false],
    [
      'the label of another policy',
      {
        ...C,
        metadata: {
          ...C.metadata,
          labels: { ...C.metadata.labels, 'imagetrust.dev/policy-name': 'x' },
          ownerReferences: [],
        },
      },
      false,
    ],
    [
      'labels, but another controller',
      { ...C, metadata: { ...C.metadata, ownerReferences: [{ ...owner(), kind: 'Application', uid: 'uid-9' }] } },
      false,
    ],
  ])('%s', (_, object, ours) => expect(isOf(POLICY, there(object))).toBe(ours));

  function owner(): NonNullable<KyvernoObject['metadata']['ownerReferences']>[number] {
    return {
      apiVersion: 'imagetrust.dev/v1alpha1',
      kind: 'ImageTrustPolicy',
      name: 'production',
      uid: 'uid-1',
      controller: true,
      blockOwnerDeletion: true,
    };
  }
});

describe('what Kyverno says', () => {
  it.each<[string, KyvernoObject, unknown, string]>([
    ['a ClusterPolicy without status', C, undefined, 'pending '],
    ['a ClusterPolicy that is ready', C, READY, 'ready Ready'],
    ['an ImageValidatingPolicy without status', I, undefined, 'pending '],
    ['an ImageValidatingPolicy with an empty one', I, { conditionStatus: {} }, 'pending '],
    ['an ImageValidatingPolicy that is ready', I, READY_I, 'ready '],
    [
      'an ImageValidatingPolicy whose webhook failed',
      I,
      {
        conditionStatus: {
          ready: false,
          conditions: [{ type: 'WebhookConfigured', status: 'False', message: 'timeout' }],
        },
      },
      'refused WebhookConfigured: timeout',
    ],
    ['a status of another shape', C, { conditions: 'x' }, 'pending '],
  ])('%s', (_, object, status, expected) => {
    const { state, message } = there(object, status).readiness;
    expect(`${state} ${message}`).toBe(expected);
  });

  it('reads the mode of both kinds, and takes what it does not know for the stricter', () => {
    const mode = (object: KyvernoObject): string => there(object).mode;
    expect([mode(C), mode(I)]).toEqual(['Enforce', 'Enforce']);
    expect([
      mode(rendered({ mode: 'Audit' })),
      mode(rendered({ format: 'ImageValidatingPolicy', mode: 'Audit' })),
    ]).toEqual(['Audit', 'Audit']);
    expect([mode({ ...C, spec: {} }), mode({ ...I, spec: { validationActions: [] } })]).toEqual(['Enforce', 'Enforce']);
  });
});
