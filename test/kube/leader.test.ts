import { describe, expect, onTestFinished, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import { createElector, type Elector } from '../../src/kube/leader.ts';
import { microTime } from '../../src/kube/lease.ts';
import { LEASES } from '../../src/kube/resource.ts';
import { startKube, type TestKube } from '../support/kube.ts';
import { type ManualClock, manualClock } from '../support/timers.ts';

const LEASE = { namespace: 'kube-system', name: 'image-trust' };
const signal = new AbortController().signal;

interface Candidate {
  readonly elector: Elector;
  readonly failures: unknown[];
  readonly seen: string[];
  /** What became of it. */
  state: 'waiting' | 'leading' | 'lost' | 'stopped';
  stop(): void;
}

/** Runs an elector as the operator does: wait, lead, and be lost. */
function run(client: KubeClient, clock: ManualClock, identity: string, random = 0.5): Candidate {
  const stopper = new AbortController();
  const failures: unknown[] = [];
  const seen: string[] = [];
  const elector = createElector({
    client,
    clock,
    identity,
    ...LEASE,
    random: () => random,
    onLeader: (name) => seen.push(name),
    onFailure: (error) => failures.push(error),
  });
  const candidate: Candidate = { elector, failures, seen, state: 'waiting', stop: () => stopper.abort() };
  const life = async (): Promise<void> => {
    await elector.acquire(stopper.signal);
    candidate.state = 'leading';
    await elector.hold(stopper.signal);
    candidate.state = 'lost';
  };
  life().catch(() => {
    candidate.state = 'stopped';
  });
  onTestFinished(() => stopper.abort());
  return candidate;
}

/** Moves time on in small steps, with time for the sockets in between. */
async function pass(clock: ManualClock, ms: number, step = 500): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    await clock.advance(Math.min(step, left));
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
}

async function started(): Promise<{ kube: TestKube; clock: ManualClock }> {
  const kube = await startKube();
  onTestFinished(() => kube[Symbol.asyncDispose]());
  return { kube, clock: manualClock() };
}

const specOf = async (kube: TestKube): Promise<Record<string, unknown>> =>
  (await kube.client.get(LEASES, LEASE, { signal })).spec as Record<string, unknown>;

describe('two electors', () => {
  test('one leads and renews, the other waits', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 1_000);
    const b = run(kube.client, clock, 'b');
    await pass(clock, 60_000, 1_000);
    expect([a.state, b.state]).toEqual(['leading', 'waiting']);
    expect([a.elector.isLeader(), b.elector.isLeader(), b.elector.leader()]).toEqual([true, false, 'a']);
    const spec = await specOf(kube);
    expect(spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(spec.renewTime).toMatch(/^\d{4}-.*T.*\.\d{6}Z$/);
    expect(clock.now() - Date.parse(String(spec.renewTime))).toBeLessThanOrEqual(3_000);
  });

  test('when the leader dies without a word, the other leads within 20 s, and not before the lease is over', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 1_000);
    const b = run(kube.client, clock, 'b', 0.99);
    await pass(clock, 9_000);
    a.stop();
    await pass(clock, 14_500 - 4_400);
    expect(b.state).toBe('waiting');
    await pass(clock, 20_000 - 14_500 + 4_400);
    expect(b.state).toBe('leading');
    expect(await specOf(kube)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(b.seen).toEqual(['a', 'b']);
  });

  test('a leader who leaves gives the lease up, and the other follows at once', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 1_000);
    const b = run(kube.client, clock, 'b');
    await pass(clock, 6_000);
    a.stop();
    await a.elector.release(signal);
    expect(a.elector.isLeader()).toBe(false);
    expect(await specOf(kube)).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await pass(clock, 4_500);
    expect(b.state).toBe('leading');
  });

  test('who cannot renew for 10 s leads no more, before another can', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 5_000);
    kube.api.fault({ match: /^(get|update) leases/, status: 503 });
    await pass(clock, 9_000);
    expect(a.state).toBe('leading');
    await pass(clock, 4_000);
    expect(a.state).toBe('lost');
    expect(a.elector.isLeader()).toBe(false);
    expect(a.failures.length).toBeGreaterThan(2);
  });

  test('who was asleep past its time does not believe to lead when it wakes', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 3_000);
    const held = a.elector.isLeader();
    const frozen = { ...clock, now: () => clock.now() + 10_000 };
    const waking = createElector({ client: kube.client, clock: frozen, identity: 'a', ...LEASE, random: () => 0 });
    expect([held, waking.isLeader()]).toEqual([true, false]);
  });

  test('a renewal whose answer is lost is found to be ours, and leadership stays', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 3_000);
    kube.api.fault({ match: /^update leases/, times: 2, action: 'reset', after: true });
    await pass(clock, 20_000);
    expect(a.state).toBe('leading');
    expect(a.elector.isLeader()).toBe(true);
  });

  test('a lease that was deleted is made anew, one that was taken is respected', async () => {
    const { kube, clock } = await started();
    const a = run(kube.client, clock, 'a');
    await pass(clock, 3_000);
    kube.api.drop('coordination.k8s.io/leases', LEASE.name, LEASE.namespace);
    await pass(clock, 6_000);
    expect([a.state, await specOf(kube)]).toEqual(['leading', expect.objectContaining({ holderIdentity: 'a' })]);
    const lease = await kube.client.get(LEASES, LEASE, { signal });
    const taken = { ...(lease.spec as object), holderIdentity: 'thief', renewTime: microTime(clock.now()) };
    await kube.client.replace(
      LEASES,
      { ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: taken },
      { signal },
    );
    await pass(clock, 4_500);
    expect(a.state).toBe('lost');
    expect(a.elector.isLeader()).toBe(false);
  });

  test('never do two lead at once, whatever fails in between', async () => {
    const { kube, clock } = await started();
    const candidates = ['a', 'b', 'c'].map((name, index) => run(kube.client, clock, name, index / 3));
    kube.api.fault({ match: /^update leases/, times: 3, action: 'reset', after: true });
    for (let round = 0; round < 120; round++) {
      if (round === 20) kube.api.fault({ match: /leases/, times: 6, status: 500 });
      if (round === 50) kube.api.fault({ match: /^update leases/, times: 9, status: 409, reason: 'Conflict' });
      await pass(clock, 1_000);
      expect(candidates.filter(({ elector }) => elector.isLeader()).length).toBeLessThanOrEqual(1);
    }
  });
});

test('times of a lease have six decimals, as the API server demands', () => {
  expect(microTime(Date.parse('2026-11-21T10:00:00.007Z'))).toBe('2026-11-21T10:00:00.007000Z');
});
