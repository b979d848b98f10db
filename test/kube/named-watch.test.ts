import { expect, onTestFinished, test } from 'vitest';
import { createNamedWatch, type NamedWatch } from '../../src/kube/named-watch.ts';
import { CONFIGMAPS } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { configMap, fastClock, startKube, type TestKube } from '../support/kube.ts';

const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

async function started(): Promise<{ kube: TestKube; named: NamedWatch<unknown>; changes: string[] }> {
  const kube = await startKube();
  onTestFinished(() => kube[Symbol.asyncDispose]());
  kube.api.seed([configMap('a', { x: '1' }), configMap('b', { x: '1' }), configMap('secret', { x: '1' })]);
  const changes: string[] = [];
  const named = createNamedWatch<unknown>({
    client: kube.client,
    resource: CONFIGMAPS,
    project: ({ data }) => data,
    clock: fastClock,
    random: () => 0.5,
    signal: new AbortController().signal,
    onChange: (key) => changes.push(key),
  });
  onTestFinished(() => named.stop());
  return { kube, named, changes };
}

test('what is wanted is watched by its name, and nothing else is ever asked for', async () => {
  const { kube, named, changes } = await started();
  named.want('policy/p', [at('a'), at('missing')]);
  expect(named.get(at('a'))).toEqual({ state: 'pending' });
  await named.settled();
  expect(named.get(at('a'))).toEqual({ state: 'present', value: { x: '1' } });
  expect(named.get(at('missing'))).toEqual({ state: 'absent' });
  expect(named.get(at('secret'))).toEqual({ state: 'pending' });
  expect(changes.sort()).toEqual(['default/a', 'default/missing']);
  for (const { path } of kube.api.requests)
    expect(path).toMatch(/namespaces\/default\/configmaps\?.*fieldSelector=metadata\.name%3D(a|missing)/);
});

test('changes, deletions and arrivals are told', async () => {
  const { kube, named, changes } = await started();
  named.want('policy/p', [at('a'), at('later')]);
  await named.settled();
  await eventually(() => expect(kube.api.watches.size).toBe(2));
  changes.length = 0;
  kube.api.seed([configMap('a', { x: '2' }), configMap('later', { y: '1' })]);
  await eventually(() => expect(named.get(at('later'))).toEqual({ state: 'present', value: { y: '1' } }));
  expect(named.get(at('a'))).toEqual({ state: 'present', value: { x: '2' } });
  kube.api.drop('/configmaps', 'a', 'default');
  await eventually(() => expect(named.get(at('a'))).toEqual({ state: 'absent' }));
  expect(changes.sort()).toEqual(['default/a', 'default/a', 'default/later']);
});

test('a watch lives as long as somebody wants it', async () => {
  const { kube, named, changes } = await started();
  named.want('policy/p', [at('a'), at('b')]);
  named.want('key/k', [at('b'), at('b')]);
  await named.settled();
  await eventually(() => expect(kube.api.watches.size).toBe(2));
  named.want('policy/p', []);
  expect([named.size, named.get(at('a')).state, named.get(at('b')).state]).toEqual([1, 'pending', 'present']);
  named.want('key/k', []);
  named.want('nobody', []);
  await eventually(() => expect(kube.api.watches.size).toBe(0));
  changes.length = 0;
  kube.api.seed([configMap('b', { x: '3' })]);
  named.want('key/k', [at('b')]);
  await named.settled();
  expect(named.get(at('b'))).toEqual({ state: 'present', value: { x: '3' } });
  expect(changes).toEqual(['default/b']);
});

test('what may not be read says so, and is read when it may', async () => {
  const { kube, named, changes } = await started();
  const allow = kube.api.fault({ match: /^list configmaps/, status: 403, reason: 'Forbidden', message: 'not yours' });
  named.want('key/k', [at('a')]);
  await named.settled();
  expect(named.get(at('a'))).toMatchObject({ state: 'failing', failure: { detail: { kind: 'forbidden' } } });
  expect(changes).toEqual(['default/a']);
  allow();
  await eventually(() => expect(named.get(at('a'))).toMatchObject({ state: 'present' }));
});

test('stopped, nothing is watched and nothing is told', async () => {
  const { kube, named, changes } = await started();
  named.want('key/k', [at('a'), at('b')]);
  await named.stop();
  await eventually(() => expect(kube.api.watches.size).toBe(0));
  expect([named.size, changes]).toEqual([0, []]);
});
