/**
 * What the operator relies on in an API server, on the real one and on the one in memory: that the second is worth
 * believing. What only the second can do (faults, compaction on demand) is in test/support/api-server.test.ts.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { ApiObject } from '../support/api-server/object.ts';
import { policyOf } from '../support/builders.ts';
import { ApiRefusal, type ClusterClient, type Loose, type Target } from '../support/cluster/client.ts';
import { describeOnClusters } from '../support/cluster/cluster.ts';
import { eventually } from '../support/eventually.ts';

const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const APPLY = { contentType: 'application/apply-patch+yaml' };
const POLICIES = '/apis/imagetrust.dev/v1alpha1/imagetrustpolicies';

const configMap = (name: string, rest: object = {}): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', ...rest },
  data: { a: '1' },
});
const namespace = (name: string): Loose => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const policyTarget: Target = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'p' };
const at = (name: string): Target => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name });
const condition = (type: string, status: string) => ({
  type,
  status,
  reason: 'Testing',
  message: 'm',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const statusOf = (...conditions: readonly object[]): Loose => ({
  apiVersion: 'imagetrust.dev/v1alpha1',
  kind: 'ImageTrustPolicy',
  metadata: { name: 'p' },
  status: { observedGeneration: 1, conditions },
});

/** The code of the refusal; 200 where there is none. */
async function codeOf(asked: Promise<unknown>): Promise<number> {
  return asked.then(
    () => 200,
    (error: unknown) => {
      if (error instanceof ApiRefusal) return error.status;
      throw error;
    },
  );
}

describeOnClusters('an API server', { controllers: 'lifecycle' }, (cluster) => {
  let client: ClusterClient;
  beforeEach(async () => {
    client = cluster().client;
    await client.apply(namespace('shop'));
  });

  describe('a list', () => {
    test('comes in pages of one moment', async () => {
      await client.apply(
        ...['a', 'b', 'c', 'd', 'e'].map((name) => configMap(`page-${name}`, { labels: { page: 'yes' } })),
      );
      type Page = {
        items: ApiObject[];
        metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
      };
      const path = '/api/v1/namespaces/shop/configmaps?limit=2';
      const first = (await client.send('GET', path)) as Page;
      await client.remove(at('page-e'));
      const next = `${path}&continue=${encodeURIComponent(first.metadata.continue ?? '')}`;
      const second = (await client.send('GET', next)) as Page;
      expect([first.items.length, second.items.length]).toEqual([2, 2]);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      const whole = (await client.send('GET', '/api/v1/namespaces/shop/configmaps')) as Page;
      expect(whole.metadata.continue).toBeUndefined();
      expect(whole.items.map(({ kind }) => kind)).toEqual(whole.items.map(() => undefined));
    });

    test('selects by label and by name', async () => {
      await client.apply(
        configMap('sel-a', { labels: { tier: 'web' } }),
        configMap('sel-b', { labels: { tier: 'db' } }),
      );
      const names = async (query: string): Promise<readonly string[]> => {
        const { items } = (await client.send('GET', `/api/v1/configmaps?${query}`)) as { items: ApiObject[] };
        return items.map(({ metadata }) => metadata.name ?? '');
      };
      expect(await names('labelSelector=tier%3Dweb')).toEqual(['sel-a']);
      expect(await names('labelSelector=tier+in+(db,x)')).toEqual(['sel-b']);
      expect(await names('labelSelector=tier,tier!%3Ddb')).toEqual(['sel-a']);
      expect(await names('fieldSelector=metadata.name%3Dsel-b')).toEqual(['sel-b']);
      expect(await codeOf(names('fieldSelector=data.a%3D1'))).toBe(400);
    });

    test('gives metadata alone where that is asked for', async () => {
      await client.apply(configMap('meta'));
      const list = (await client.send('GET', '/api/v1/configmaps', undefined, {
        accept: PARTIAL_LIST,
      })) as ApiObject & {
        items: ApiObject[];
      };
      expect(list.kind).toBe('PartialObjectMetadataList');
      expect(list.items.every((item) => item['data'] === undefined && item.kind === 'PartialObjectMetadata')).toBe(
        true,
      );
      const one = (await client.send('GET', '/api/v1/namespaces/shop/configmaps/meta', undefined, {
        accept: PARTIAL,
      })) as ApiObject;
      expect([one.kind, one.apiVersion, one['data']]).toEqual(['PartialObjectMetadata', 'meta.k8s.io/v1', undefined]);
    });

    test.each([
      ['a kind that is not served', '/apis/imagetrust.dev/v1alpha1/nothings'],
      ['a group that is not served', '/apis/nobody.example.com/v1/things'],
    ])('of %s is 404', async (_, path) => expect(await codeOf(client.send('GET', path))).toBe(404));
  });

  describe('a watch', () => {
    const start = async (path: string, media = {}) => {
      const { metadata } = (await client.send('GET', path)) as { metadata: { resourceVersion: string } };
      const joint = path.includes('?') ? '&' : '?';
      return client.watch(
        `${path}${joint}watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`,
        media,
      );
    };

    test('tells what came, changed and went, and nothing of others', async () => {
      await using watch = await start('/api/v1/namespaces/shop/configmaps?fieldSelector=metadata.name%3Dw');
      await client.apply(configMap('w'), configMap('other'), { ...configMap('w'), data: { a: '2' } });
      await client.remove(at('w'));
      await eventually(() => expect(watch.events.filter(({ type }) => type !== 'BOOKMARK')).toHaveLength(3));
      const seen = watch.events.filter(({ type }) => type !== 'BOOKMARK');
      expect(seen.map(({ type, object }) => [type, object.metadata.name, object.kind])).toEqual([
        ['ADDED', 'w', 'ConfigMap'],
        ['MODIFIED', 'w', 'ConfigMap'],
        ['DELETED', 'w', 'ConfigMap'],
      ]);
      const versions = seen.map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    });

    test('by label sees objects come and go as they match', async () => {
      await client.apply(configMap('lab', { labels: { on: 'yes' } }));
      await using watch = await start('/api/v1/namespaces/shop/configmaps?labelSelector=on%3Dyes');
      await client.patch(at('lab'), { metadata: { labels: { on: 'no' } } });
      await client.patch(at('lab'), { metadata: { labels: { on: 'yes' } } });
      await eventually(() => expect(watch.events.filter(({ type }) => type !== 'BOOKMARK')).toHaveLength(2));
      expect(watch.events.filter(({ type }) => type !== 'BOOKMARK').map(({ type }) => type)).toEqual([
        'DELETED',
        'ADDED',
      ]);
    });

    test('gives metadata alone where that is asked for', async () => {
      await using watch = await start('/api/v1/configmaps', { accept: PARTIAL });
      await client.apply(configMap(`meta-watch`));
      const event = await eventually(() => {
        const found = watch.events.find(({ object }) => object.metadata.name === 'meta-watch');
        expect(found).toBeDefined();
        return found;
      });
      expect([event?.object.kind, event?.object['data']]).toEqual(['PartialObjectMetadata', undefined]);
    });

    test('without a version begins with all that is there', async () => {
      await client.apply(configMap('first'));
      await using watch = await client.watch('/api/v1/namespaces/shop/configmaps?watch=true');
      await eventually(() => expect(watch.events.map(({ object }) => object.metadata.name)).toContain('first'));
    });

    test('ends after its time', async () => {
      await using watch = await client.watch('/api/v1/namespaces/shop/configmaps?watch=true&timeoutSeconds=1');
      await eventually(() => expect(watch.ended()).toBe(true));
    });
  });

  describe('server-side apply', () => {
    const apply = async (object: Loose, manager: string, force = true): Promise<ApiObject> =>
      (await client.send(
        'PATCH',
        `/api/v1/namespaces/shop/configmaps/ssa?fieldManager=${manager}&force=${force}`,
        object,
        APPLY,
      )) as ApiObject;
    beforeEach(async () => client.remove(at('ssa')));

    test('twice the same changes nothing', async () => {
      const first = await apply(configMap('ssa'), 'one');
      expect((await apply(configMap('ssa'), 'one')).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    test('takes away what it no longer says, and only that', async () => {
      await apply({ ...configMap('ssa', { labels: { a: '1', b: '1' } }), data: { x: '1', y: '1' } }, 'one');
      await apply({ ...configMap('ssa'), data: { z: '1' } }, 'two');
      const left = await apply({ ...configMap('ssa', { labels: { b: '1' } }), data: { y: '1' } }, 'one');
      expect([left['data'], left.metadata.labels]).toEqual([{ y: '1', z: '1' }, { b: '1' }]);
    });

    test('of what another manager says otherwise is a conflict, unless forced', async () => {
      await apply({ ...configMap('ssa'), data: { x: '1' } }, 'one');
      const other = { ...configMap('ssa'), data: { x: '2' } };
      expect(await codeOf(apply(other, 'two', false))).toBe(409);
      const forced = await apply(other, 'two');
      const owners = (forced.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`);
      expect([forced['data'], owners]).toEqual([{ x: '2' }, ['two Apply']]);
    });

    test('shares what both say', async () => {
      await apply(configMap('ssa'), 'one');
      const shared = await apply(configMap('ssa'), 'two', false);
      expect((shared.metadata.managedFields ?? []).map(({ manager }) => manager).toSorted()).toEqual(['one', 'two']);
      expect((await apply({ ...configMap('ssa'), data: {} }, 'one'))['data']).toEqual({ a: '1' });
    });

    test('needs a manager', async () =>
      expect(
        await codeOf(client.send('PATCH', '/api/v1/namespaces/shop/configmaps/ssa', configMap('ssa'), APPLY)),
      ).toBe(422));
  });

  describe('a status', () => {
    beforeEach(async () => {
      await client.remove(policyTarget);
      await client.apply(policyOf('p'));
    });

    test('is written apart from the rest, and counts as no change of it', async () => {
      const before = await client.get(policyTarget);
      const after = await client.applyStatus(statusOf(condition('Ready', 'True')));
      expect(after.metadata.generation).toBe(before?.metadata.generation);
      expect(after.metadata.resourceVersion).not.toBe(before?.metadata.resourceVersion);
      expect(after['spec']).toEqual(before?.['spec']);
      const entry = after.metadata.managedFields?.find(({ manager }) => manager === 'tests-status');
      expect([entry?.operation, entry?.subresource]).toEqual(['Apply', 'status']);
      const same = await client.applyStatus(statusOf(condition('Ready', 'True')));
      expect(same.metadata.resourceVersion).toBe(after.metadata.resourceVersion);
    });

    test('loses conditions that are no longer applied', async () => {
      await client.applyStatus(statusOf(condition('Ready', 'True'), condition('Overdue', 'True')));
      const { status } = (await client.applyStatus(statusOf(condition('Ready', 'False')))) as unknown as {
        status: { conditions: { type: string; status: string }[] };
      };
      expect(status.conditions.map(({ type, status: is }) => `${type}=${is}`)).toEqual(['Ready=False']);
    });

    test('is not changed by writing the object, and a change of spec is a generation', async () => {
      await client.applyStatus(statusOf(condition('Ready', 'True')));
      const [next] = await client.apply({ ...policyOf('p', { severity: 'low' }), status: { observedGeneration: 99 } });
      expect([next?.metadata.generation, next?.['status']]).toMatchObject([2, { observedGeneration: 1 }]);
      const annotated = await client.annotate(policyTarget, { 'imagetrust.dev/requestedAt': 'now' });
      expect(annotated.metadata.generation).toBe(2);
    });

    test('of an object that is not there is 404', async () => {
      await client.remove(policyTarget);
      expect(await codeOf(client.applyStatus(statusOf(condition('Ready', 'True'))))).toBe(404);
    });

    test.each([
      ['a condition with a status of its own', [condition('Ready', 'Perhaps')], 422],
      ['a field that is not declared', [{ ...condition('Ready', 'True'), nothing: 1 }], 500],
      ['a condition without a type', [{ ...condition('Ready', 'True'), type: undefined }], 500],
      ['a null', [{ ...condition('Ready', 'True'), message: null }], 422],
      ['the same condition twice', [condition('Ready', 'True'), condition('Ready', 'False')], 500],
    ])('with %s is refused', async (_, conditions, code) =>
      expect(await codeOf(client.applyStatus(statusOf(...conditions)))).toBe(code),
    );
  });

  describe('an update', () => {
    const put = async (path: string, object: unknown): Promise<ApiObject> =>
      (await client.send('PUT', path, object)) as ApiObject;
    const path = '/api/v1/namespaces/shop/configmaps/put';

    test('of an old version is a conflict', async () => {
      const [old] = await client.apply(configMap('put'));
      await client.patch(at('put'), { data: { b: '1' } });
      expect(await codeOf(put(path, { ...configMap('put'), metadata: old?.metadata }))).toBe(409);
    });

    test('that changes nothing is none', async () => {
      await client.apply(configMap('put'));
      const live = await client.get(at('put'));
      expect((await put(path, live)).metadata.resourceVersion).toBe(live?.metadata.resourceVersion);
    });

    test('of a custom resource needs its version', async () => {
      await client.apply(policyOf('p'));
      expect(await codeOf(put(`${POLICIES}/p`, policyOf('p')))).toBe(422);
    });

    test('of what is not there is 404, creating what is there 409', async () => {
      await client.remove(at('put'));
      expect(await codeOf(put(path, configMap('put')))).toBe(404);
      await client.apply(configMap('put'));
      expect(await codeOf(client.send('POST', '/api/v1/namespaces/shop/configmaps', configMap('put')))).toBe(409);
    });
  });

  describe('a deletion', () => {
    test('with an outdated precondition is a conflict', async () => {
      await client.apply(configMap('gone'));
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion: '1' } };
      expect(await codeOf(client.send('DELETE', '/api/v1/namespaces/shop/configmaps/gone', body))).toBe(409);
    });

    test('waits for finalizers', async () => {
      await client.apply(configMap('held', { finalizers: ['example.com/hold'] }));
      await client.remove(at('held'));
      expect((await client.get(at('held')))?.metadata.deletionTimestamp).toBeDefined();
      await client.patch(at('held'), { metadata: { finalizers: null } });
      expect(await client.get(at('held'))).toBeUndefined();
    });

    test('of the owner takes what it owns', async () => {
      const [owner] = await client.apply(configMap('owner'));
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner?.metadata.uid };
      await client.apply(configMap('owned', { ownerReferences: [reference] }));
      await client.remove(at('owner'));
      await eventually(async () => expect(await client.get(at('owned'))).toBeUndefined());
    });

    test('of a namespace takes what is in it', async () => {
      await client.apply(namespace('brief'), { ...configMap('in'), metadata: { name: 'in', namespace: 'brief' } });
      await client.remove({ apiVersion: 'v1', kind: 'Namespace', name: 'brief' });
      await eventually(
        async () => expect(await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'brief' })).toBeUndefined(),
        { within: 30_000 },
      );
      const lost = { ...configMap('in'), metadata: { name: 'in', namespace: 'brief' } };
      expect(await codeOf(client.apply(lost))).toBe(404);
    });
  });

  describe('kinds of Kubernetes that we write', () => {
    const lease = (renewTime: string): Loose => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'lock', namespace: 'shop' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime },
    });
    const event = (rest: object): Loose => ({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { generateName: 'e-', namespace: 'shop' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'imagetrust.dev/operator',
      reportingInstance: 'a',
      action: 'Verify',
      reason: 'Rejected',
      type: 'Warning',
      note: 'n',
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'shop' },
      ...rest,
    });
    const create = async (object: Loose, plural: string): Promise<number> =>
      codeOf(client.send('POST', `/apis/${object.apiVersion}/namespaces/shop/${plural}?dryRun=All`, object));

    test.each([
      ['six digits', '2026-01-01T00:00:00.000001Z', 200],
      ['three digits', '2026-01-01T00:00:00.000Z', 400],
    ])('a Lease with %s of a second: %s', async (_, time, code) =>
      expect(await create(lease(time), 'leases')).toBe(code),
    );

    test.each([
      ['as it should be', {}, 200],
      ['without a time', { eventTime: undefined }, 422],
      ['of another type', { type: 'Error' }, 422],
      [
        'about a cluster-scoped object, outside of default',
        { regarding: { kind: 'ImageTrustPolicy', name: 'p' } },
        422,
      ],
      ['with a note of 1025 characters', { note: 'n'.repeat(1025) }, 422],
      ['with a reason of 129 characters', { reason: 'n'.repeat(129) }, 422],
      ['without an action', { action: '' }, 422],
    ])('an Event %s', async (_, rest, code) => expect(await create(event(rest), 'events')).toBe(code));
  });
});
