/** Trying the door on an API server in memory, whose faults stand in for the webhook of Kyverno. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObservedPolicy } from '../../../src/controllers/enforcement/observed.ts';
import { createProbing, type ProbedView, type Probing } from '../../../src/controllers/enforcement/probing.ts';
import type { EnforcementView } from '../../../src/core/enforcement.ts';
import type { ProbePair } from '../../../src/core/probe-images.ts';
import { createKubeClient } from '../../../src/kube/client.ts';
import { connect } from '../../../src/kube/connection.ts';
import { type Cluster, startCluster } from '../../support/cluster/cluster.ts';
import { namespace } from '../../support/cluster/scene.ts';
import { type SkippingClock, skippingClock } from '../../support/operator.ts';

const NAME = 'image-trust-shop';
const image = (name: string) => ({ image: `registry.example.com/${name}`, namespace: 'shop', labels: { app: name } });
const PAIR: ProbePair = { signed: image('signed'), unsigned: image('unsigned') };
const POLICY: ObservedPolicy = {
  format: 'ImageValidatingPolicy',
  name: NAME,
  uid: 'u',
  resourceVersion: '1',
  policyName: 'shop',
  labels: {},
  annotations: {},
  owners: [],
  written: true,
  specId: 's',
  mode: 'Enforce',
  readiness: { state: 'ready', message: '' },
  going: false,
};
const VIEW: EnforcementView = {
  ready: { status: 'True', reason: 'PolicyReady', message: 'it refuses' },
  gaps: [],
  kyverno: { kind: 'ImageValidatingPolicy', name: NAME, mode: 'Enforce', ready: true },
};

let cluster: Extract<Cluster, { kind: 'embedded' }>;
let stack: AsyncDisposableStack;
let clock: SkippingClock;
let pair: ProbePair | undefined;
let probing: Probing;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const started = await startCluster('embedded', { crds: false });
  if (started?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  cluster = stack.use(started);
  await cluster.client.apply(namespace('shop'));
  [clock, pair] = [skippingClock(), PAIR];
  const connection = connect({ kubeconfig: cluster.kubeconfig, clock });
  stack.defer(() => connection.close());
  probing = createProbing({ client: createKubeClient(connection), clock, pair: () => pair });
});
afterEach(() => stack.disposeAsync());

const look = (view = VIEW, there: readonly ObservedPolicy[] = [POLICY]): Promise<ProbedView> =>
  probing.look('shop', view, there, new AbortController().signal);

/** Looks when the door is due to be tried. */
async function tried(): Promise<string> {
  await look();
  clock.skip(10_000);
  const { view } = await look();
  return `${view.ready.status} ${view.ready.reason}: ${view.ready.message}`;
}

/** Pods that were asked for. */
const asked = (): number =>
  cluster.api.requests.filter(({ verb, resource }) => verb === 'create' && resource === '/pods').length;
const kept = (): number => cluster.api.stored('/pods').length;

const denial = (policy: string): string =>
  `admission webhook "ivpol.kyverno.svc" denied the request: Policy ${policy} failed: no`;
/** Answers of the webhook, one after the other; absent: it lets the Pod in. */
function answer(...messages: readonly (string | undefined)[]): void {
  for (const message of messages) {
    const decided = message === undefined ? { delayMs: 0 } : { status: 400, reason: 'BadRequest', message };
    cluster.api.fault({ match: /^create pods/, times: 1, ...decided });
  }
}

describe('what came of it', () => {
  test.each<[string, readonly (string | undefined)[], string]>([
    [
      'the unsigned refused, the signed let in',
      [denial(NAME)],
      'True PolicyReady: it refuses; a probe was decided rightly',
    ],
    [
      'the unsigned let in',
      [],
      'False ProbeFailed: a Pod with registry.example.com/unsigned, which nobody has signed, is let into',
    ],
    [
      'both refused',
      [denial(NAME), denial(NAME)],
      'False ProbeFailed: a Pod with registry.example.com/signed, which is trusted',
    ],
    ['a refusal by a policy whose name goes on', [denial(`${NAME}-2`)], 'True PolicyReady: it refuses; not probed: '],
    ['a refusal by somebody else', ['exceeded quota: pods'], 'True PolicyReady: it refuses; not probed: '],
  ])('%s', async (_, messages, expected) => {
    answer(...messages);
    expect(await tried()).toContain(expected);
    expect(kept()).toBe(0);
  });

  test('nothing that fits: it is said, and nothing is asked', async () => {
    pair = undefined;
    expect(await tried()).toContain('not probed: nothing that runs fits');
    expect(asked()).toBe(0);
  });
});

describe('when', () => {
  test('not before the API server has heard of the webhook, then seldom, and anew for another policy', async () => {
    await look();
    expect(asked()).toBe(0);
    clock.skip(10_000);
    answer(denial(NAME));
    await look();
    clock.skip(300_000);
    await look();
    expect(asked()).toBe(2);
    await look(VIEW, [{ ...POLICY, specId: 'another' }]);
    expect(asked()).toBe(2);
    clock.skip(10_000);
    await look(VIEW, [{ ...POLICY, specId: 'another' }]);
    expect(asked()).toBeGreaterThan(2);
  });

  test('a wrong decision is tried again soon, and forgotten when it is right', async () => {
    expect(await tried()).toContain('ProbeFailed');
    clock.skip(15_000);
    answer(denial(NAME));
    expect((await look()).view.ready.status).toBe('True');
  });

  const audit = { ...VIEW, kyverno: { kind: 'ClusterPolicy', name: NAME, mode: 'Audit', ready: true } } as const;
  const unready = { ...VIEW, ready: { status: 'False', reason: 'PolicyNotReady', message: '' } } as const;
  test.each<[string, EnforcementView, readonly ObservedPolicy[]]>([
    ['a policy that only reports', audit, [POLICY]],
    ['one that is not ready', unready, [POLICY]],
    ['one beside the one that it replaces', VIEW, [POLICY, { ...POLICY, format: 'ClusterPolicy' }]],
  ])('never for %s', async (_, view, there) => {
    for (let i = 0; i < 3; i++) {
      expect(await look(view, there)).toEqual({ view });
      clock.skip(60_000);
    }
    expect(asked()).toBe(0);
  });
});
