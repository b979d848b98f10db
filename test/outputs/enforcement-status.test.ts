/** What a status says of enforcement: the condition, the gaps, the Kyverno policy, and the way of mode Progressive. */
import { describe, expect, it } from 'vitest';
import { ImageTrustPolicyStatus } from '../../src/api/image-trust-policy-status.ts';
import type { EnforcementView } from '../../src/core/enforcement.ts';
import type { KnownRow, PolicyView } from '../../src/core/known.ts';
import { policyStatusChangesAt, samePolicyStatus, summarisePolicy } from '../../src/outputs/policy-status.ts';
import { deployment, digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { ago, knownRow, NOW, viewOf } from '../support/known-rows.ts';

const READY: EnforcementView = {
  ready: {
    status: 'True',
    reason: 'PolicyReady',
    message: 'ClusterPolicy p refuses Pods with images that are not trusted',
  },
  gaps: [],
  kyverno: { kind: 'ClusterPolicy', name: 'p', ready: true, mode: 'Enforce' },
};
const row = (
  digit: string,
  name: string,
  verdict = verified(),
  fields: Partial<Pick<KnownRow, 'refusal'>> = {},
): KnownRow =>
  knownRow(useOf(`registry.example.com/app@${digestOf(digit)}`, { workload: deployment(name) }), verdict, fields);
const REFUSAL = { reason: 'SignatureFormat', message: 'Kyverno reads signature tags only' };
const OURS = { refusal: { reason: 'NoSignature', message: 'no signature was found' } };
const shown = ({ conditions = [] }: ImageTrustPolicyStatus): readonly string[] =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

function progressive(rows: readonly KnownRow[], fields: Partial<PolicyView> = {}): PolicyView {
  const view = viewOf(rows, fields);
  const enforcement = { mode: 'Progressive', progressive: { compliantFor: '1h', minimumPasses: 1 } };
  return { ...view, policy: { ...policyOf('production', { enforcement }), metadata: view.policy.metadata } };
}

describe('the enforcement in a status', () => {
  it('shows condition, policy, and what would not be let in again', () => {
    const rows = [
      row('a', 'cart'),
      row('b', 'web', rejected(), OURS),
      row('c', 'jobs', verified(), { refusal: REFUSAL }),
    ];
    const status = summarisePolicy(viewOf(rows, { enforcement: READY }), NOW);
    expect(ImageTrustPolicyStatus.parse(status)).toEqual(status);
    expect(shown(status)).toEqual([
      'Ready=True Succeeded',
      'Compliant=False ImagesRejected',
      'EnforcementReady=True PolicyReady',
    ]);
    expect(status).toMatchObject({ refusedOnRestart: 2, kyverno: READY.kyverno, images: { verified: 2, rejected: 1 } });
    expect(status.samples?.map(({ workload, reason, message }) => [workload, reason, message])).toEqual([
      ['Deployment shop/web', 'NoSignature', rejected().message],
      ['Deployment shop/jobs', 'Verified', REFUSAL.message],
    ]);
  });

  it('counts an outage as nothing that would be refused', () => {
    expect(summarisePolicy(viewOf([row('a', 'cart', unknown())], { enforcement: READY }), NOW).refusedOnRestart).toBe(
      0,
    );
  });

  it('lists gaps while there are any', () => {
    const status = summarisePolicy(
      viewOf([], { enforcement: { ...READY, gaps: ['a lets b in', 'c lets d in'] } }),
      NOW,
    );
    expect(status.conditions?.find(({ type }) => type === 'AdmissionGaps')).toMatchObject({
      status: 'True',
      reason: 'GapsOpen',
      message: 'a lets b in; c lets d in',
    });
  });

  it('keeps what an earlier life wrote until somebody has looked', () => {
    const previous = summarisePolicy(viewOf([], { enforcement: { ...READY, gaps: ['a lets b in'] } }), ago(60_000));
    const status = summarisePolicy(viewOf([]), NOW, { previous });
    expect(samePolicyStatus(previous, status)).toBe(true);
  });

  it('says nothing of a policy that is not there', () => {
    const ready = { status: 'False', reason: 'KyvernoAbsent', message: 'install Kyverno' } as const;
    const status = summarisePolicy(viewOf([row('b', 'web', rejected())], { enforcement: { ready, gaps: [] } }), NOW);
    expect(status).not.toHaveProperty('kyverno');
    expect(status).not.toHaveProperty('refusedOnRestart');
  });
});

describe('mode Progressive in a status', () => {
  it('survives a restart, and turns when its time has come', () => {
    const first = summarisePolicy(progressive([row('a', 'cart')]), ago(3_600_000));
    expect(first.progressive).toMatchObject({ phase: 'Audit', passes: 1, inTheWay: 0 });
    const view = progressive([row('a', 'cart')]);
    expect(policyStatusChangesAt(view, ago(1_800_000), first)).toEqual(NOW);
    // Only what the API server stored is left.
    const previous = ImageTrustPolicyStatus.parse(JSON.parse(JSON.stringify(first)));
    expect(summarisePolicy(view, NOW, { previous }).progressive).toMatchObject({ phase: 'Enforce' });
  });

  it.each<[string, readonly KnownRow[], number]>([
    ['an image that is rejected', [row('a', 'cart', rejected()), row('b', 'web')], 1],
    ['an image that could not be checked', [row('a', 'cart', unknown())], 1],
    ['an image that only Kyverno would refuse', [row('a', 'cart', verified(), { refusal: REFUSAL })], 1],
  ])('is held up by %s', (_, rows, inTheWay) => {
    const status = summarisePolicy(progressive(rows), NOW);
    expect(status.progressive).toMatchObject({ phase: 'Audit', passes: 0, inTheWay });
    expect(status.samples).toHaveLength(1);
  });

  it('is forgotten when a person chooses another mode', () => {
    const previous = summarisePolicy(progressive([row('a', 'cart')]), ago(3_600_000));
    expect(summarisePolicy(viewOf([row('a', 'cart')]), NOW, { previous })).not.toHaveProperty('progressive');
  });
});
