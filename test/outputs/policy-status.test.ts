import { describe, expect, it } from 'vitest';
import { ImageTrustPolicyStatus } from '../../src/api/image-trust-policy-status.ts';
import { invalid } from '../../src/core/failure.ts';
import type { ImageUse } from '../../src/core/image-use.ts';
import type { PolicyView } from '../../src/core/known.ts';
import { renderYaml } from '../../src/outputs/json.ts';
import { policyStatusChangesAt, samePolicyStatus, summarisePolicy } from '../../src/outputs/policy-status.ts';
import { deployment, digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { ago, exceptedKnownRow, failedCheck, knownRow, NOW, viewOf } from '../support/known-rows.ts';
import { kstatusOf } from '../support/kstatus.ts';

const HOUR = 3_600_000;
const image = (digit: string, fields: Partial<ImageUse> = {}) =>
  useOf(`registry.example.com/app@${digestOf(digit)}`, fields);
const inWorkload = (name: string) => ({ workload: deployment(name) });
const condition = (status: ImageTrustPolicyStatus, type: string) => status.conditions?.find((one) => one.type === type);

describe('summarisePolicy', () => {
  it('writes what the golden file shows', async () => {
    const rows = [
      knownRow(image('a', inWorkload('cart')), verified()),
      knownRow(image('b', inWorkload('cart')), rejected()),
      knownRow(image('b', inWorkload('web')), rejected()),
      knownRow(image('c', inWorkload('jobs')), unknown()),
      knownRow(image('d', inWorkload('jobs')), verified(), { unknown: failedCheck(unknown()) }),
      exceptedKnownRow(image('e')),
    ];
    const status = summarisePolicy(viewOf(rows, { lastHandledRequestedAt: 'monday' }), NOW);
    expect(ImageTrustPolicyStatus.parse(status)).toEqual(status);
    await expect(renderYaml([status])).toMatchFileSnapshot('../golden/outputs/policy-status.yaml');
  });

  it('counts an image by its worst use, and a workload by its worst image', () => {
    const rows = [
      knownRow(image('a', inWorkload('cart')), verified()),
      knownRow(image('a', inWorkload('web')), rejected()),
      knownRow(image('b', inWorkload('web')), verified()),
    ];
    const { images, workloads } = summarisePolicy(viewOf(rows), NOW);
    expect(images).toEqual({ total: 2, verified: 1, rejected: 1, unknown: 0 });
    expect(workloads).toEqual({ total: 2, verified: 1, rejected: 1, unknown: 0 });
  });

  it('does not depend on the order of rows', () => {
    const rows = [
      knownRow(image('a', inWorkload('cart')), rejected('one')),
      knownRow(image('b', inWorkload('web')), unknown()),
      knownRow(image('c', inWorkload('x')), verified()),
    ];
    expect(summarisePolicy(viewOf(rows.toReversed()), NOW)).toEqual(summarisePolicy(viewOf(rows), NOW));
  });

  it('shows at most 20 samples, the rejected first, each container of a workload once', () => {
    const pod = (name: string) => ({ pod: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name } });
    const rows = [
      ...Array.from({ length: 15 }, (_, i) => knownRow(image('a', inWorkload(`u${i}`)), unknown())),
      ...Array.from({ length: 15 }, (_, i) =>
        knownRow(image('b', { ...inWorkload(`r${i}`), ...pod('a') }), rejected()),
      ),
      ...Array.from({ length: 15 }, (_, i) =>
        knownRow(image('b', { ...inWorkload(`r${i}`), ...pod('b') }), rejected()),
      ),
    ];
    const samples = summarisePolicy(viewOf(rows), NOW).samples ?? [];
    expect(samples).toHaveLength(20);
    expect(samples.filter((sample) => sample.reason === 'NoSignature')).toHaveLength(15);
    expect(samples[0]?.workload).toBe('Deployment shop/r0');
    expect(samples.at(-1)?.reason).toBe('RegistryUnavailable');
  });

  it('keeps a long message and a long image inside the bounds of the API', () => {
    const long = useOf(`registry.example.com/${'a/'.repeat(110)}a:v1`);
    const status = summarisePolicy(
      viewOf([knownRow(long, rejected(`${'x'.repeat(1022)}\u{1F600}${'y'.repeat(99)}`))]),
      NOW,
    );
    expect(ImageTrustPolicyStatus.safeParse(status).success).toBe(true);
    expect(status.samples?.[0]?.message.isWellFormed()).toBe(true);
  });

  it('counts a use whose digest nobody knows as an image of its own', () => {
    const { images } = summarisePolicy(viewOf([knownRow(useOf('nginx:1'), unknown())]), NOW);
    expect(images).toEqual({ total: 1, verified: 0, rejected: 0, unknown: 1 });
  });
});

describe('conditions of a policy', () => {
  const fresh: Partial<PolicyView> = { pending: { uses: 3, tasks: 2 } };
  it.each([
    ['all trusted', [verified()], {}, 'Current', 'True', 'AllVerified'],
    ['nothing runs', [], {}, 'Current', 'True', 'NoImages'],
    ['one rejected: Ready all the same', [verified(), rejected()], {}, 'Current', 'False', 'ImagesRejected'],
    ['one rejected, one unknown', [unknown(), rejected()], {}, 'InProgress', 'False', 'ImagesRejected'],
    ['registry down: tried again', [verified(), unknown()], {}, 'InProgress', 'Unknown', 'ImagesUnknown'],
    ['images that wait', [verified()], fresh, 'InProgress', 'Unknown', 'Progressing'],
    ['suspended', [verified()], { policy: suspended() }, 'Current', 'True', 'AllVerified'],
    [
      'suspended with images that wait',
      [verified()],
      { ...fresh, policy: suspended() },
      'Current',
      'Unknown',
      'Suspended',
    ],
    [
      'a time zone that does not exist',
      [],
      { problem: invalid('spec.verification.timeZone', 'a zone', 'Mars') },
      'Failed',
      'True',
      'NoImages',
    ],
    [
      'a key that is missing',
      [],
      { keysNotReady: [{ name: 'release', message: 'there is no such TrustedKey' }] },
      'Failed',
      'True',
      'NoImages',
    ],
    [
      'another key that is missing',
      [verified()],
      { keysNotReady: [{ name: 'other', message: 'gone' }] },
      'Current',
      'True',
      'AllVerified',
    ],
  ] as const)('%s', (_, verdicts, fields, kstatus, compliant, reason) => {
    const rows = verdicts.map((verdict, index) => knownRow(image('abc'.charAt(index)), verdict));
    const status = summarisePolicy(viewOf(rows, fields), NOW);
    expect(kstatusOf(3, status)).toBe(kstatus);
    expect(condition(status, 'Compliant')).toMatchObject({ status: compliant, reason, observedGeneration: 3 });
  });

  it('is in progress until the first pass has ended, and stays so for nobody else', () => {
    const before: Partial<PolicyView> = { lastPass: { startTime: ago(1000), reason: 'NeverVerified' }, ...fresh };
    const first = summarisePolicy(viewOf([], before), NOW);
    expect(condition(first, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'Progressing' });
    const again = viewOf([], { lastPass: { startTime: ago(1000), reason: 'Due' } });
    const done = summarisePolicy(viewOf([]), NOW);
    expect(condition(summarisePolicy(again, NOW, { previous: done }), 'Ready')?.status).toBe('True');
  });

  it('leaves out what is abnormal and not the case', () => {
    const types = summarisePolicy(viewOf([knownRow(image('a'), verified())]), NOW).conditions?.map(({ type }) => type);
    expect(types).toEqual(['Ready', 'Compliant']);
  });

  it('names the field, the set and the keys that stall it', () => {
    const problem = invalid('spec.verification.timeZone', 'a zone', '"Mars"');
    expect(condition(summarisePolicy(viewOf([], { problem }), NOW), 'Stalled')?.message).toBe(
      'spec.verification.timeZone: expected a zone, found "Mars"',
    );
    const keysNotReady = [{ name: 'release', message: 'there is no such TrustedKey' }];
    expect(condition(summarisePolicy(viewOf([], { keysNotReady }), NOW), 'Stalled')).toMatchObject({
      reason: 'TrustedKeyNotReady',
      message:
        'attestor set "team" cannot be met, for these TrustedKeys are not ready: release: there is no such TrustedKey',
    });
  });

  it('is stalled by conditions and expressions that can never be evaluated', () => {
    const slsa = { type: 'https://slsa.dev/provenance/v1' };
    const policy = policyOf('production', { attestations: [slsa, { ...slsa, expression: 'predicate.builder ==' }] });
    expect(condition(summarisePolicy(viewOf([], { policy }), NOW), 'Stalled')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringMatching(
        /^spec\.attestations\[1\]\.expression: expected .*CEL, character 21.*, found the end$/,
      ),
    });
  });

  it('does without a key of a set that others can meet', () => {
    const entries = [{ trustedKey: 'a' }, { trustedKey: 'b' }];
    const policy = policyOf('production', { attestors: [{ name: 'any', count: 1, entries }] });
    const view = viewOf([], { policy, keysNotReady: [{ name: 'a', message: 'gone' }] });
    expect(condition(summarisePolicy(view, NOW), 'Stalled')).toBeUndefined();
    const both = viewOf([], { policy, keysNotReady: ['a', 'b'].map((name) => ({ name, message: 'gone' })) });
    expect(condition(summarisePolicy(both, NOW), 'Stalled')?.status).toBe('True');
  });

  it('says that an image which is gone for good is unknown, without being in progress for ever', () => {
    const gone = { ...unknown(), reason: 'ImageNotFound' } as ReturnType<typeof unknown>;
    const status = summarisePolicy(viewOf([knownRow(image('a'), gone)]), NOW);
    expect(kstatusOf(3, status)).toBe('Current');
    expect(condition(status, 'Compliant')?.message).toBe('1 of 1 image could not be checked: ImageNotFound (1)');
  });

  it('keeps verdicts during an outage, and says how many are old', () => {
    const row = knownRow(image('a'), verified(), { unknown: failedCheck(unknown()) });
    const status = summarisePolicy(viewOf([row]), NOW);
    expect(status.images).toEqual({ total: 1, verified: 1, rejected: 0, unknown: 0 });
    expect(condition(status, 'Compliant')).toMatchObject({ status: 'True', reason: 'AllVerified' });
    expect(condition(status, 'Reconciling')).toMatchObject({ status: 'True', reason: 'ProgressingWithRetry' });
    expect(condition(status, 'Reconciling')?.message).toContain('RegistryUnavailable (1)');
  });

  it('says where reports would be, once, while nobody serves them', () => {
    const status = summarisePolicy(viewOf([]), NOW, { unservedReports: 'wgpolicyk8s.io/v1alpha2 PolicyReport' });
    expect(condition(status, 'Ready')).toMatchObject({ status: 'True', reason: 'ReportsUnavailable' });
    expect(condition(status, 'Ready')?.message).toContain('wgpolicyk8s.io/v1alpha2 PolicyReport');
  });
});

describe('Overdue', () => {
  const pass = (age: number): Partial<PolicyView> => ({
    lastPass: { startTime: ago(age), completionTime: ago(age), reason: 'Due' },
  });
  it.each([
    ['a pass of a minute ago', pass(60_000), undefined],
    ['a pass of just under maxStaleness', pass(24 * HOUR - 1), undefined],
    ['a pass of maxStaleness', pass(24 * HOUR), 'PassOverdue'],
    ['suspended for too long', { ...pass(25 * HOUR), policy: suspended() }, 'Suspended'],
    ['never a pass, and older than maxStaleness', { ...never(), policy: created(25 * HOUR) }, 'PassOverdue'],
    ['never a pass, just created', { ...never(), policy: created(HOUR) }, undefined],
  ] as const)('%s', (_, fields, reason) => {
    const overdue = condition(summarisePolicy(viewOf([], fields), NOW), 'Overdue');
    expect(overdue?.reason).toBe(reason);
  });

  it('is set by checks that fail for longer than maxStaleness, whatever the passes', () => {
    const failing = (age: number) => [knownRow(image('a'), verified(), { unknown: failedCheck(unknown(), ago(age)) })];
    expect(condition(summarisePolicy(viewOf(failing(25 * HOUR)), NOW), 'Overdue')?.reason).toBe('ChecksFailing');
    expect(condition(summarisePolicy(viewOf(failing(HOUR)), NOW), 'Overdue')).toBeUndefined();
  });

  it('tells beforehand when it will be set', () => {
    const view = viewOf([], pass(HOUR));
    const at = policyStatusChangesAt(view, NOW);
    expect(at).toEqual(new Date(NOW.getTime() + 23 * HOUR));
    expect(condition(summarisePolicy(view, new Date(at!.getTime() - 1)), 'Overdue')).toBeUndefined();
    expect(condition(summarisePolicy(view, at!), 'Overdue')?.status).toBe('True');
    expect(policyStatusChangesAt(viewOf([], pass(25 * HOUR)), NOW)).toBeUndefined();
  });
});

describe('what is written', () => {
  it('a transition time moves only with the status', () => {
    const first = summarisePolicy(viewOf([knownRow(image('a'), verified())]), ago(HOUR));
    const rows = [knownRow(image('a'), verified()), knownRow(image('b'), verified())];
    const second = summarisePolicy(viewOf(rows), NOW, { previous: first });
    expect(condition(second, 'Compliant')).toMatchObject({ lastTransitionTime: '2026-11-21T09:00:00Z' });
    expect(condition(second, 'Compliant')?.message).toBe('2 images trusted, in 1 workload');
    const third = summarisePolicy(viewOf([knownRow(image('a'), rejected())]), NOW, { previous: second });
    expect(condition(third, 'Compliant')).toMatchObject({
      status: 'False',
      lastTransitionTime: '2026-11-21T10:00:00Z',
    });
    expect(condition(third, 'Ready')).toMatchObject({ lastTransitionTime: '2026-11-21T09:00:00Z' });
  });

  it('6. a pass that changes nothing is nothing to write', () => {
    const before = summarisePolicy(viewOf([knownRow(image('a'), verified())]), ago(HOUR));
    const later: Partial<PolicyView> = {
      lastPass: { startTime: NOW, completionTime: NOW, reason: 'Due' },
      nextPass: new Date(NOW.getTime() + HOUR),
    };
    const after = summarisePolicy(viewOf([knownRow(image('a'), verified())], later), NOW, { previous: before });
    expect(after).not.toEqual(before);
    expect(samePolicyStatus(before, after)).toBe(true);
    expect(samePolicyStatus(shuffled(before), after)).toBe(true);
    expect(samePolicyStatus(undefined, after)).toBe(false);
    const worse = summarisePolicy(viewOf([knownRow(image('a'), rejected())], later), NOW, { previous: before });
    expect(samePolicyStatus(before, worse)).toBe(false);
  });
});

function suspended() {
  const policy = policyOf('production', { verification: { suspend: true } });
  return { ...policy, metadata: { ...policy.metadata, generation: 3 } };
}

function created(age: number) {
  const policy = policyOf('production');
  return { ...policy, metadata: { ...policy.metadata, creationTimestamp: ago(age).toISOString() } };
}

function never(): Partial<PolicyView> {
  return { lastPass: { startTime: ago(1000), reason: 'NeverVerified' } };
}

/** As the API server returns it: fields in an order of its own. */
function shuffled(status: ImageTrustPolicyStatus): ImageTrustPolicyStatus {
  return Object.fromEntries(Object.entries(status).toReversed()) as ImageTrustPolicyStatus;
}
