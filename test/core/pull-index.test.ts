/** Who pulls what: which Pods are asked about which repository, and what is forgotten. */
import { expect, test } from 'vitest';
import { createPullIndex } from '../../src/core/pull-index.ts';
import { readPulls, readWorkload } from '../../src/core/manifests/read-workload.ts';
import type { Workload } from '../../src/core/workload.ts';

interface Pod {
  readonly namespace: string;
  readonly images: readonly string[];
  readonly secrets?: unknown;
  readonly account?: unknown;
  readonly phase?: string;
}

function pod({ namespace, images, secrets, account, phase = 'Running' }: Pod): Workload {
  const value = {
    metadata: { name: 'p', namespace },
    spec: {
      containers: images.map((image, index) => ({ name: `c${index}`, image })),
      imagePullSecrets: secrets,
      serviceAccountName: account,
    },
    status: { phase },
  };
  const root = { value, path: [], report: () => undefined };
  const workload = readWorkload({ apiVersion: 'v1', kind: 'Pod' }, root);
  if (workload === undefined) throw new Error('no workload');
  return { ...workload, pulls: readPulls(root) };
}

const namesOf = (index: ReturnType<typeof createPullIndex>, registry: string, path: string): readonly string[] =>
  index.pullersOf(registry, path).map((one) => `${one.namespace}/${one.serviceAccount}/${one.secrets.join('+')}`);

test.each<[string, Partial<Pod>, string]>([
  ['names a Secret', { secrets: [{ name: 'a' }] }, 'default/a'],
  ['names two, and a ServiceAccount', { secrets: [{ name: 'b' }, { name: 'a' }], account: 'ci' }, 'ci/b+a'],
  ['names none', {}, 'default/'],
  ['names nonsense', { secrets: [{}, null, 7, { name: 7 }, { name: '' }], account: 7 }, 'default/'],
  ['has no list at all', { secrets: 'a', account: '' }, 'default/'],
])('a Pod that %s', (_, rest, expected) => {
  const index = createPullIndex();
  index.set('p', pod({ namespace: 'n', images: ['r.example/app'], ...rest }));
  expect(namesOf(index, 'r.example', 'app')).toEqual([`n/${expected}`]);
});

test('those of the repository are told, in the same order whatever came first; of another one its neighbours', () => {
  const pods: readonly [string, Workload][] = [
    ['1', pod({ namespace: 'b', images: ['r.example/app', 'r.example/side'], secrets: [{ name: 's' }] })],
    ['2', pod({ namespace: 'a', images: ['r.example/app:v2'] })],
    ['3', pod({ namespace: 'c', images: ['r.example.evil/app', 'nginx'] })],
    ['4', pod({ namespace: 'a', images: ['r.example/app@sha256:' + '0'.repeat(64)] })],
    ['5', pod({ namespace: 'd', images: ['r.example/app'], phase: 'Succeeded' })],
  ];
  for (const order of [pods, pods.toReversed()]) {
    const index = createPullIndex();
    for (const [key, one] of order) index.set(key, one);
    expect(namesOf(index, 'r.example', 'app')).toEqual(['a/default/', 'b/default/s']);
    expect(namesOf(index, 'r.example', 'side')).toEqual(['b/default/s']);
    expect(namesOf(index, 'r.example', 'signatures')).toEqual(['a/default/', 'b/default/s']);
    expect(namesOf(index, 'docker.io', 'library/nginx')).toEqual(['c/default/']);
    expect(namesOf(index, 'x.example', 'app')).toEqual([]);
  }
});

test('a Pod that changes or goes is forgotten, and others of its kind are not', () => {
  const index = createPullIndex();
  const one = pod({ namespace: 'a', images: ['r.example/app'] });
  for (const key of ['1', '2']) index.set(key, one);
  index.set('1', undefined);
  expect(namesOf(index, 'r.example', 'app')).toEqual(['a/default/']);
  index.set('2', pod({ namespace: 'a', images: ['r.example/other'] }));
  expect(index.pullersOf('r.example', 'other')).toHaveLength(1);
  index.set('2', pod({ namespace: 'a', images: ['r.example/other'], phase: 'Failed' }));
  index.set('3', undefined);
  expect(namesOf(index, 'r.example', 'app')).toEqual([]);
  expect(namesOf(index, 'r.example', 'other')).toEqual([]);
});

test('no more are told than can be tried', () => {
  const index = createPullIndex();
  for (let i = 0; i < 200; i++) index.set(`${i}`, pod({ namespace: `n${i}`, images: ['r.example/app'] }));
  expect(index.pullersOf('r.example', 'app')).toHaveLength(64);
});
