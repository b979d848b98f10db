import { expect, test } from 'vitest';
import { createPods } from '../../src/controllers/pods.ts';
import { Coverage } from '../../src/core/coverage.ts';
import type { ObjectIdentity } from '../../src/core/image-use.ts';
import { keyOfWorkload } from '../../src/core/known.ts';
import { parseReference } from '../../src/core/reference.ts';
import type { Workload } from '../../src/core/workload.ts';
import { fakeClock } from '../support/clock.ts';
import { eventually } from '../support/eventually.ts';

const SET: ObjectIdentity = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: 'shop', name: 'web-1', uid: 's' };
const APP: ObjectIdentity = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'd' };
const IMAGE = 'registry.example.com/shop/web:v1';
const POD: Workload = {
  identity: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1-x', uid: 'p' },
  controller: SET,
  podLabels: {},
  containers: [{ name: 'web', type: 'container', image: IMAGE, reference: parseReference(IMAGE) }],
  isPod: true,
  idle: false,
};

test('a Pod whose owner could not be read at the start comes to its workload without an event of its own', async () => {
  const clock = fakeClock();
  const coverage = new Coverage({ tasks: () => undefined, workload: () => undefined, open: () => undefined });
  const healsAt = clock.now() + 60_000;
  const pods = createPods({
    pods: { get: () => POD, list: () => [POD].values() },
    owners: {
      prime: () => Promise.resolve(),
      forget: () => undefined,
      topOf: () => Promise.resolve(clock.now() < healsAt ? { top: SET, againAt: healsAt } : { top: APP }),
    },
    coverage,
    pulls: undefined,
    clock,
  });
  await using stop = stopper();
  await pods.load(stop.signal);
  expect([...coverage.workloads()]).toEqual([keyOfWorkload({ namespace: 'shop', workload: SET })]);
  stop.after(pods.controller.run(stop.signal, stop.signal));
  await eventually(() => {
    expect([...coverage.workloads()]).toEqual([keyOfWorkload({ namespace: 'shop', workload: APP })]);
  });
});

/** Ends what runs when the test does. */
function stopper(): AsyncDisposable & { readonly signal: AbortSignal; after(running: Promise<void>): void } {
  const controller = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    signal: controller.signal,
    after: (one) => {
      running = one;
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}
