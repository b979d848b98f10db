import { beforeEach, describe, expect, test } from 'vitest';
import { createOwnerChains, type OwnerChains, type OwnerClient } from '../../src/controllers/owners.ts';
import type { Workload } from '../../src/core/workload.ts';
import { KubeFailure } from '../../src/kube/failure.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import { type FakeClock, fakeClock } from '../support/clock.ts';

const HIDDEN_MS = 60_000;
const SIGNAL = new AbortController().signal;
const ROLLOUTS: Resource = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  plural: 'rollouts',
  kind: 'Rollout',
  namespaced: true,
};
const ROLLOUT = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace: 'shop', name: 'web', uid: 'r1' };
const APP = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace: 'shop', name: 'app', uid: 'a1' };

/** What the API server says of a name: an owner, or a failure. */
let answers: Map<string, KubeObject | KubeFailure>;
let asked: string[];
let served: boolean;
let clock: FakeClock;
let chains: OwnerChains;

beforeEach(() => {
  answers = new Map();
  asked = [];
  served = true;
  clock = fakeClock();
  const client: OwnerClient = {
    listPage: () => Promise.reject(new KubeFailure({ kind: 'forbidden' }, 'no lists')),
    getMetadata(_, { name }) {
      asked.push(name);
      const answer = answers.get(name) ?? new KubeFailure({ kind: 'not-found' }, `${name} is not there`);
      return answer instanceof KubeFailure ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const times = { now: clock.now, hiddenMs: HIDDEN_MS };
  chains = createOwnerChains(client, () => Promise.resolve(served ? ROLLOUTS : undefined), times);
});

const FORBIDDEN = new KubeFailure({ kind: 'forbidden' }, 'not for you');

function podOf(controller: Workload['controller']): Workload {
  return {
    identity: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' },
    ...(controller === undefined ? {} : { controller }),
    podLabels: {},
    containers: [],
    isPod: true,
    idle: false,
  };
}

function owner({ name, namespace, uid }: typeof ROLLOUT, by?: typeof ROLLOUT): KubeObject {
  const ownerReferences = by === undefined ? [] : [{ ...by, controller: true }];
  return { metadata: { name, namespace, uid, ownerReferences } };
}

describe('an owner that may not be read', () => {
  test.each([
    ['it is forbidden', () => answers.set('web', FORBIDDEN)],
    ['its kind is not served', () => (served = false)],
  ])('stands for what may be above it, and the end of the chain says when to look again: %s', async (_, hide) => {
    hide();
    const end = await chains.topOf(podOf(ROLLOUT), SIGNAL);
    expect(end).toEqual({ top: ROLLOUT, againAt: clock.now() + HIDDEN_MS });
  });

  test('is asked for once, however many Pods it has', async () => {
    answers.set('web', FORBIDDEN);
    for (let pod = 0; pod < 3; pod += 1) await chains.topOf(podOf(ROLLOUT), SIGNAL);
    clock.advance(HIDDEN_MS - 1);
    await chains.topOf(podOf(ROLLOUT), SIGNAL);
    expect(asked).toEqual(['web']);
  });

  test('is asked for again after a while, and then the chain is as long as it is', async () => {
    answers.set('web', FORBIDDEN);
    await chains.topOf(podOf(ROLLOUT), SIGNAL);
    answers.set('web', owner(ROLLOUT, APP)).set('app', owner(APP));
    clock.advance(HIDDEN_MS);
    expect(await chains.topOf(podOf(ROLLOUT), SIGNAL)).toEqual({ top: APP });
    expect(asked).toEqual(['web', 'web', 'app']);
  });

  test('stays hidden for another while where nothing changed', async () => {
    answers.set('web', FORBIDDEN);
    await chains.topOf(podOf(ROLLOUT), SIGNAL);
    clock.advance(HIDDEN_MS);
    expect(await chains.topOf(podOf(ROLLOUT), SIGNAL)).toEqual({ top: ROLLOUT, againAt: clock.now() + HIDDEN_MS });
  });
});

test('an owner that was read is not asked for again', async () => {
  answers.set('web', owner(ROLLOUT));
  await chains.topOf(podOf(ROLLOUT), SIGNAL);
  clock.advance(10 * HIDDEN_MS);
  expect(await chains.topOf(podOf(ROLLOUT), SIGNAL)).toEqual({ top: ROLLOUT });
  expect(asked).toEqual(['web']);
});

test('an owner that is gone leaves the Pod to itself', async () => {
  expect(await chains.topOf(podOf(ROLLOUT), SIGNAL)).toEqual({ top: podOf(undefined).identity });
});

test('what may heal soon is no end of a chain', async () => {
  answers.set('web', new KubeFailure({ kind: 'unavailable' }, 'no answer'));
  await expect(chains.topOf(podOf(ROLLOUT), SIGNAL)).rejects.toThrow('no answer');
});
