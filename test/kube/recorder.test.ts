import { describe, expect, onTestFinished, test } from 'vitest';
import { cutBytes } from '../../src/kube/event-object.ts';
import { createRecorder, type EventInput, type Recorder } from '../../src/kube/recorder.ts';
import type { ApiObject } from '../support/api-server/server.ts';
import { fastClock, startKube, type TestKube } from '../support/kube.ts';
import { manualClock } from '../support/timers.ts';

const EVENT: EventInput = {
  regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'shop', uid: 'u1' },
  related: { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'production' },
  type: 'Warning',
  reason: 'UntrustedSigner',
  action: 'Verify',
  note: 'container main: signed by a key that nobody trusts',
};

interface Started {
  readonly kube: TestKube;
  readonly recorder: Recorder;
  readonly dropped: string[];
  readonly stop: AbortController;
  readonly events: () => readonly ApiObject[];
}

async function started(clock = fastClock): Promise<Started> {
  const kube = await startKube();
  onTestFinished(() => kube[Symbol.asyncDispose]());
  const dropped: string[] = [];
  const stop = new AbortController();
  const recorder = createRecorder({
    client: kube.client,
    reporter: { controller: 'imagetrust.dev/image-trust-operator', instance: 'pod-0' },
    fieldManager: 'image-trust-operator',
    clock,
    random: () => 0.5,
    signal: stop.signal,
    onDrop: ({ note }, why) => dropped.push(`${why}: ${note}`),
  });
  return { kube, recorder, dropped, stop, events: () => kube.api.stored('events.k8s.io/events') };
}

describe('events', () => {
  test('have what the API server demands', async () => {
    const { recorder, events } = await started();
    recorder.record(EVENT);
    await recorder.idle();
    expect(events()).toMatchObject([
      {
        metadata: { namespace: 'default', name: expect.stringMatching(/^shop\.[0-9a-f]{14,16}$/) },
        eventTime: expect.stringMatching(/\.\d{6}Z$/),
        reportingController: 'imagetrust.dev/image-trust-operator',
        reportingInstance: 'pod-0',
        action: 'Verify',
        reason: 'UntrustedSigner',
        type: 'Warning',
        regarding: EVENT.regarding,
        related: EVENT.related,
        note: EVENT.note,
      },
    ]);
    expect(events()[0]).not.toHaveProperty('series');
  });

  test('about a cluster-scoped object lie in default', async () => {
    const { recorder, events } = await started();
    const {
      uid: _,
      namespace: __,
      ...regarding
    } = { ...EVENT.regarding, kind: 'ImageTrustPolicy', name: 'production' };
    recorder.record({ ...EVENT, regarding });
    await recorder.idle();
    expect(events().map(({ metadata }) => metadata.namespace)).toEqual(['default']);
  });

  test('that repeat become a series, different ones stay apart', async () => {
    const { kube, recorder, events } = await started();
    for (let time = 0; time < 3; time++) recorder.record(EVENT);
    recorder.record({ ...EVENT, note: 'container sidecar: no signature' });
    await recorder.idle();
    expect(events().map(({ note, series }) => [note, (series as { count?: number } | undefined)?.count])).toEqual([
      [EVENT.note, 3],
      ['container sidecar: no signature', undefined],
    ]);
    expect(kube.api.requests.map(({ verb }) => verb)).toEqual(['create', 'patch', 'patch', 'create']);
  });

  test('that repeat after the first is gone are told as new', async () => {
    const { kube, recorder, events } = await started();
    recorder.record(EVENT);
    await recorder.idle();
    kube.api.drop('events.k8s.io/events', events()[0]?.metadata.name ?? '', 'default');
    kube.api.fault({ match: /^patch events/, times: 1, status: 422, reason: 'Invalid' });
    recorder.record(EVENT);
    await recorder.idle();
    expect(events()).toMatchObject([{ note: EVENT.note }]);
  });

  test('of an object that makes noise are cut off after 25, and come back with time', async () => {
    const clock = manualClock();
    const { recorder, events, dropped } = await started(clock);
    for (let time = 0; time < 40; time++) recorder.record({ ...EVENT, note: `note ${time}` });
    recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, name: 'other' } });
    await recorder.idle();
    expect(events()).toHaveLength(26);
    expect(dropped).toHaveLength(15);
    await clock.advance(300_000);
    for (let time = 0; time < 3; time++) recorder.record({ ...EVENT, note: `later ${time}` });
    await recorder.idle();
    expect(events()).toHaveLength(27);
  });

  test('wait for a server that is away, and are given up where they are refused', async () => {
    const { kube, recorder, events, dropped } = await started();
    kube.api.fault({ match: /^create events/, times: 3, status: 503 });
    recorder.record(EVENT);
    await recorder.idle();
    kube.api.fault({ match: /^create events/, times: 1, status: 403, reason: 'Forbidden' });
    recorder.record({ ...EVENT, note: 'refused' });
    recorder.record({ ...EVENT, note: 'after' });
    await recorder.idle();
    expect(events().map(({ note }) => note)).toEqual([EVENT.note, 'after']);
    expect(dropped).toEqual(['refused: refused']);
  });

  test('never pile up without bound, and end with the recorder', async () => {
    const { kube, recorder, dropped, stop } = await started();
    kube.api.fault({ match: /^create events/, action: 'hang' });
    for (let index = 0; index < 1_200; index++)
      recorder.record({ ...EVENT, regarding: { ...EVENT.regarding, name: `w${index}` } });
    expect(dropped.filter((line) => line.startsWith('backlog')).length).toBeGreaterThanOrEqual(199);
    stop.abort();
    await recorder.idle();
    recorder.record(EVENT);
    await recorder.idle();
    expect(kube.api.requests.filter(({ status }) => status === 201)).toEqual([]);
  });

  test('are cut to their bounds in bytes, never within a character', async () => {
    const { recorder, events } = await started();
    recorder.record({
      ...EVENT,
      note: 'ä€😀'.repeat(300),
      reason: 'R'.repeat(200),
      regarding: { ...EVENT.regarding, name: 'n'.repeat(253) },
    });
    await recorder.idle();
    const [event] = events();
    expect(Buffer.byteLength(String(event?.note))).toBeLessThanOrEqual(1_024);
    expect(String(event?.note).isWellFormed()).toBe(true);
    expect(String(event?.reason)).toHaveLength(126);
    expect(event?.metadata.name?.length).toBeLessThanOrEqual(253);
    expect(cutBytes('abc', 3)).toBe('abc');
  });
});
