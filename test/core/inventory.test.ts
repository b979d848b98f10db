import { describe, expect, it } from 'vitest';
import {
  addUses,
  diffInventories,
  inventoryOf,
  removeUses,
  unresolvedReferences,
  usesIn,
  usesOf,
  withResolvedDigests,
} from '../../src/core/inventory.ts';
import { parseReference } from '../../src/core/reference.ts';
import type { Workload } from '../../src/core/workload.ts';
import { digestOf, useOf } from '../support/builders.ts';

const A = digestOf('a');
const B = digestOf('b');

describe('usesOf', () => {
  it('counts a template while no Pod of it is there', () => {
    expect(shown([workload('Deployment', 'cart')])).toEqual(['Deployment/cart - app nginx']);
  });

  it('counts Pods in place of the templates that they came of', () => {
    const all = [
      workload('Deployment', 'cart', { uid: 'd' }),
      workload('ReplicaSet', 'cart-1', { uid: 'r', owner: ['Deployment', 'cart', 'd'] }),
      workload('Pod', 'cart-1-x', { owner: ['ReplicaSet', 'cart-1', 'r'] }),
      workload('Pod', 'cart-1-y', { owner: ['ReplicaSet', 'cart-1', 'r'] }),
    ];
    expect(shown(all)).toEqual(['Deployment/cart cart-1-x app nginx', 'Deployment/cart cart-1-y app nginx']);
    expect(shown(all.toReversed())).toEqual(shown(all));
  });

  it('counts a Deployment and its ReplicaSet once', () => {
    const all = [workload('Deployment', 'cart'), workload('ReplicaSet', 'cart-1', { owner: ['Deployment', 'cart'] })];
    expect(shown(all)).toEqual(['Deployment/cart - app nginx']);
  });

  it('leaves out what is idle, and counts the template again', () => {
    const all = [
      workload('CronJob', 'nightly'),
      workload('Job', 'nightly-1', { owner: ['CronJob', 'nightly'], idle: true }),
      workload('Pod', 'nightly-1-x', { owner: ['Job', 'nightly-1'], idle: true }),
    ];
    expect(shown(all)).toEqual(['CronJob/nightly - app nginx']);
  });

  it('names an owner of a kind that it does not know by the reference', () => {
    const pod = workload('Pod', 'cart-x', { owner: ['Rollout', 'cart', 'u'] });
    expect(shown([pod])).toEqual(['Rollout/cart cart-x app nginx']);
  });

  it('follows a chain over an unknown owner as far as it is known', () => {
    const all = [
      workload('ReplicaSet', 'cart-1', { owner: ['Rollout', 'cart'] }),
      workload('Pod', 'cart-1-x', { owner: ['ReplicaSet', 'cart-1'] }),
    ];
    expect(shown(all)).toEqual(['Rollout/cart cart-1-x app nginx']);
  });

  it('a static Pod stands for itself, not for its Node', () => {
    expect(shown([workload('Pod', 'etcd-n1', { owner: ['Node', 'n1'] })])).toEqual(['Pod/etcd-n1 etcd-n1 app nginx']);
  });

  it('an owner of the same name with another uid is another object', () => {
    const all = [
      workload('ReplicaSet', 'cart-1', { uid: 'new', owner: ['Deployment', 'cart'] }),
      workload('Pod', 'x', { owner: ['ReplicaSet', 'cart-1', 'old'] }),
    ];
    expect(shown(all)).toEqual(['Deployment/cart - app nginx', 'ReplicaSet/cart-1 x app nginx']);
  });

  it('an owner of the same name in another namespace is another object', () => {
    const all = [
      workload('ReplicaSet', 'cart-1', { namespace: 'other', owner: ['Deployment', 'cart'] }),
      workload('Pod', 'x', { owner: ['ReplicaSet', 'cart-1'] }),
    ];
    expect(shown(all)).toContain('ReplicaSet/cart-1 x app nginx');
  });

  it('ends where owners go in a circle', () => {
    const all = [workload('Job', 'a', { owner: ['CronJob', 'b'] }), workload('CronJob', 'b', { owner: ['Job', 'a'] })];
    expect(usesOf(all)).toHaveLength(2);
  });

  it.each([
    ['the status proves the digest', 'nginx:1', `docker.io/library/nginx@${A}`, A, 'status'],
    ['the status wins over the spec', `nginx@${B}`, `docker.io/library/nginx@${A}`, A, 'status'],
    ['another repository with the same content', 'nginx:1', `mirror.local/hub/nginx@${A}`, A, 'status'],
    ['an image ID is not the digest', 'nginx:1', `docker://${A}`, undefined, 'registry'],
    ['a bare image ID is not the digest', 'nginx:1', A, undefined, 'registry'],
    ['behind an image ID the spec has the digest', `nginx@${B}`, A, B, 'spec'],
    ['before the start the spec has the digest', `nginx:1@${B}`, undefined, B, 'spec'],
    ['before the start a tag is only a tag', 'nginx:1', undefined, undefined, 'registry'],
  ])('%s', (_, image, imageID, digest, digestSource) => {
    const [use] = usesOf([workload('Pod', 'x', { image, ...(imageID === undefined ? {} : { imageID }) })]);
    expect({ digest: use?.digest, digestSource: use?.digestSource }).toEqual({ digest, digestSource });
  });
});

describe('inventory', () => {
  const one = useOf(`nginx@${A}`, { container: 'one' });
  const two = useOf(`nginx@${B}`, { container: 'two' });
  const open = useOf('nginx', { container: 'open' });

  it('maps digests to uses, in order, each once', () => {
    const inventory = inventoryOf([two, open, one, { ...one }]);
    expect([...inventory.byDigest]).toEqual([
      [A, [one]],
      [B, [two]],
    ]);
    expect(inventory.unresolved).toEqual([open]);
  });

  it('adds and removes', () => {
    const inventory = addUses(inventoryOf([one]), [two, open, one]);
    expect(inventory).toEqual(inventoryOf([one, two, open]));
    expect(removeUses(inventory, [{ ...two }, useOf('other')])).toEqual(inventoryOf([one, open]));
    expect(usesIn(removeUses(inventory, usesIn(inventory)))).toEqual([]);
  });

  it('says what came and what went', () => {
    const moved = { ...one, digest: B };
    expect(diffInventories(inventoryOf([one, two]), inventoryOf([moved, two, open]))).toEqual({
      appeared: [moved, open],
      disappeared: [one],
    });
    expect(diffInventories(inventoryOf([one]), inventoryOf([{ ...one }]))).toEqual({ appeared: [], disappeared: [] });
  });

  it('resolves by canonical reference, and only what is open', () => {
    expect(unresolvedReferences([open, useOf('docker.io/library/nginx:latest'), one])).toEqual([
      'docker.io/library/nginx:latest',
    ]);
    const resolved = withResolvedDigests([open, one], new Map([['docker.io/library/nginx:latest', B]]));
    expect(resolved).toEqual([{ ...open, digest: B, digestSource: 'registry' }, one]);
    expect(withResolvedDigests([open], new Map())).toEqual([open]);
  });
});

interface Fields {
  readonly namespace?: string;
  readonly uid?: string;
  readonly owner?: readonly [kind: string, name: string, uid?: string];
  readonly idle?: boolean;
  readonly image?: string;
  readonly imageID?: string;
}

function workload(kind: string, name: string, fields: Fields = {}): Workload {
  const { namespace = 'shop', uid, owner, idle = false, image = 'nginx', imageID } = fields;
  const container = { name: 'app', type: 'container', image, reference: parseReference(image) } as const;
  return {
    identity: { apiVersion: versionOf(kind), kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    ...(owner === undefined ? {} : { controller: ownerOf(namespace, owner) }),
    podLabels: {},
    containers: [{ ...container, ...(imageID === undefined ? {} : { imageID }) }],
    isPod: kind === 'Pod',
    idle,
  };
}

function ownerOf(namespace: string, [kind, name, uid]: readonly [kind: string, name: string, uid?: string]) {
  return { apiVersion: versionOf(kind), kind, namespace, name, ...(uid === undefined ? {} : { uid }) };
}

function versionOf(kind: string): string {
  return ['Pod', 'Node'].includes(kind) ? 'v1' : 'apps/v1';
}

function shown(workloads: readonly Workload[]): readonly string[] {
  return usesOf(workloads).map(({ workload: { kind, name }, pod, container, image }) => {
    return `${kind}/${name} ${pod?.name ?? '-'} ${container} ${image}`;
  });
}
