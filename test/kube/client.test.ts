import { describe, expect, onTestFinished, test } from 'vitest';
import type { RequestObservation } from '../../src/kube/request.ts';
import {
  CONFIGMAPS,
  type KubeBody,
  LEASES,
  NAMESPACES,
  PODS,
  POLICY_REPORTS,
  TOKEN_REVIEWS,
} from '../../src/kube/resource.ts';
import type { WatchEvent } from '../../src/kube/verbs.ts';
import { eventually } from '../support/eventually.ts';
import { configMap, pod, startKube, type TestKube } from '../support/kube.ts';

const signal = new AbortController().signal;
const A = { namespace: 'default', name: 'a' };

async function started(options: Parameters<typeof startKube>[1] = {}): Promise<TestKube> {
  const kube = await startKube({}, options);
  onTestFinished(() => kube[Symbol.asyncDispose]());
  return kube;
}

function body(name = 'a', data: Record<string, string> = { x: '1' }): KubeBody {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
}

describe('the verbs', () => {
  test('apply, get, replace and delete an object', async () => {
    const { client } = await started();
    const applied = await client.apply(CONFIGMAPS, body(), { fieldManager: 'm', signal });
    expect(applied).toMatchObject({ metadata: { name: 'a', resourceVersion: expect.any(String) }, data: { x: '1' } });
    const read = await client.get(CONFIGMAPS, A, { signal });
    const replaced = await client.replace(
      CONFIGMAPS,
      { ...read, apiVersion: 'v1', kind: 'ConfigMap', data: { y: '2' } },
      { signal },
    );
    expect(replaced.data).toEqual({ y: '2' });
    expect(await client.remove(CONFIGMAPS, A, { signal, uid: read.metadata.uid ?? '' })).toBe(true);
    expect(await client.remove(CONFIGMAPS, A, { signal })).toBe(false);
  });

  test('metadata alone, and pages', async () => {
    const { api, client } = await started();
    api.seed([configMap('a', { secret: 's' }), configMap('b', {}), configMap('c', {})]);
    expect(await client.getMetadata(CONFIGMAPS, A, { signal })).not.toHaveProperty('data');
    const first = await client.listPage(CONFIGMAPS, { limit: 2, metadataOnly: true, namespace: 'default', signal });
    expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(first.items[0]).not.toHaveProperty('data');
    const second = await client.listPage(CONFIGMAPS, {
      limit: 2,
      continue: first.continue,
      namespace: 'default',
      signal,
    });
    expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['c']);
    expect(second).not.toHaveProperty('continue');
  });

  test('what a server serves', async () => {
    const { client } = await started();
    expect(await client.serves(PODS, { signal })).toBe(true);
    expect(await client.serves(LEASES, { signal })).toBe(true);
    expect(await client.serves(POLICY_REPORTS, { signal })).toBe(false);
  });

  test('the resource of a kind, asked for once', async () => {
    const { api, client } = await started();
    const lookup = (apiVersion: string, kind: string) => client.resourceOf({ apiVersion, kind }, { signal });
    expect(await lookup('v1', 'Pod')).toEqual(PODS);
    expect(await lookup('v1', 'ConfigMap')).toEqual(CONFIGMAPS);
    expect(await lookup('coordination.k8s.io/v1', 'Lease')).toEqual(LEASES);
    expect(await lookup('nobody.example/v1', 'Thing')).toBeUndefined();
    expect(await lookup('v1', 'Thing')).toBeUndefined();
    const discoveries = api.requests.map(({ path }) => path);
    expect(discoveries.slice(0, 3)).toEqual(['/api/v1', '/apis/coordination.k8s.io/v1', '/apis/nobody.example/v1']);
  });

  test('a review is created and answered', async () => {
    const { client } = await started();
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'nobody' } };
    expect(await client.create(TOKEN_REVIEWS, review, { signal })).toMatchObject({ kind: 'TokenReview' });
  });

  test('a name that is missing reaches no collection', async () => {
    const { api, client } = await started();
    await expect(async () => client.remove(CONFIGMAPS, { name: '', namespace: 'default' }, { signal })).rejects.toThrow(
      'needs a name',
    );
    await expect(async () => client.get(CONFIGMAPS, { name: 'a' }, { signal })).rejects.toThrow('needs a namespace');
    expect(api.requests).toEqual([]);
  });

  test('a name cannot lead to another path', async () => {
    const { api, client } = await started();
    await expect(
      client.get(CONFIGMAPS, { namespace: 'default', name: '../../secrets/x' }, { signal }),
    ).rejects.toMatchObject({ detail: { status: 404 } });
    expect(api.requests.at(-1)?.path).toContain('/configmaps/');
  });

  test('every request is counted, with its code', async () => {
    const seen: RequestObservation[] = [];
    const { api, client, connection } = await started({ onRequest: (one) => seen.push(one) });
    await client.listPage(NAMESPACES, { signal });
    await client.get(CONFIGMAPS, A, { signal }).catch(() => undefined);
    api.fault({ match: /^create/, action: 'reset' });
    await client.create(CONFIGMAPS, body(), { signal }).catch(() => undefined);
    const { host } = connection.server;
    expect(seen).toEqual([
      { method: 'GET', code: '200', host },
      { method: 'GET', code: '404', host },
      { method: 'POST', code: '<error>', host },
    ]);
  });
});

describe('failures are kinds', () => {
  test.each([
    [400, 'BadRequest', 'invalid'],
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'not-found'],
    [409, 'AlreadyExists', 'conflict'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'gone'],
    [413, 'RequestEntityTooLarge', 'invalid'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'rate-limited'],
    [500, 'InternalError', 'unavailable'],
    [503, 'ServiceUnavailable', 'unavailable'],
    [504, 'Timeout', 'timeout'],
  ])('%i %s is %s', async (status, reason, kind) => {
    const { api, client } = await started();
    api.fault({ match: /^get configmaps/, status, reason, message: 'because\n  of   it', retryAfter: 7 });
    const failure = await client.get(CONFIGMAPS, A, { signal }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'KubeFailure',
      detail: { kind, status, reason, retryAfterMs: 7_000 },
      message: `get configmaps default/a: the API server answered ${status}: because of it`,
    });
  });

  test('a reset, garbage, half an answer and silence', async () => {
    const { api, client } = await started({ timeoutMs: 150 });
    const attempt = (): Promise<unknown> => client.listPage(PODS, { signal }).catch((error: unknown) => error);
    api.fault({ match: /^list pods/, times: 2, action: 'reset' });
    expect(await attempt()).toMatchObject({
      detail: { kind: 'unavailable' },
      message: expect.stringMatching(/^list pods: the API server cannot be reached/),
    });
    api.fault({ match: /^list pods/, times: 1, action: 'garbage' });
    expect(await attempt()).toMatchObject({
      detail: { kind: 'unavailable' },
      message: 'list pods: expected JSON, found another answer',
    });
    api.fault({ match: /^list pods/, times: 1, action: 'truncate' });
    expect(await attempt()).toMatchObject({ detail: { kind: 'unavailable' } });
    api.fault({ match: /^list pods/, times: 1, action: 'hang' });
    expect(await attempt()).toMatchObject({
      detail: { kind: 'timeout' },
      message: 'list pods: no answer from the API server in time',
    });
  });

  test('a connection that breaks is tried again where that does no harm, and only there', async () => {
    const { api, client } = await started();
    api.fault({ match: /^list pods/, times: 1, action: 'reset' });
    await client.listPage(PODS, { signal });
    api.fault({ match: /^patch configmaps/, times: 1, action: 'reset', after: true });
    await client.apply(CONFIGMAPS, body(), { fieldManager: 'm', signal });
    api.fault({ match: /^create configmaps/, times: 1, action: 'reset', after: true });
    await expect(client.create(CONFIGMAPS, body('b'), { signal })).rejects.toMatchObject({
      detail: { kind: 'unavailable' },
    });
    expect(api.requests.filter(({ verb }) => verb === 'create')).toHaveLength(1);
  });

  test('a cancelled call is cancelled with the reason, a time-out of the caller is a timeout', async () => {
    const { api, client } = await started();
    api.fault({ match: /^list pods/, action: 'hang' });
    const stop = new AbortController();
    const call = client.listPage(PODS, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect(client.listPage(PODS, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      detail: { kind: 'timeout' },
    });
    await expect(client.listPage(PODS, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  test('no secret of a request comes back in a failure', async () => {
    const { api, client } = await started();
    api.fault({ match: /configmaps/, status: 500, message: 'x'.repeat(5_000) });
    const failure = await client
      .apply(CONFIGMAPS, body('a', { password: 'hunter2' }), { fieldManager: 'm', signal })
      .catch((error: unknown) => error);
    expect(String(failure)).not.toContain('hunter2');
    expect(String(failure).length).toBeLessThan(800);
  });
});

describe('a watch', () => {
  test('gives events as they come, and ends when it is left', async () => {
    const { api, client } = await started();
    api.seed([pod('a')]);
    const seen: WatchEvent['type'][] = [];
    let opened = 0;
    const options = { signal, resourceVersion: '1', timeoutSeconds: 60, onOpen: () => (opened += 1) };
    for await (const { type } of client.watch(PODS, options)) {
      seen.push(type);
      if (seen.length === 1) api.drop('/pods', 'a', 'default');
      if (type === 'DELETED') break;
    }
    expect([opened, ...seen]).toEqual([1, 'ADDED', 'DELETED']);
    await eventually(() => expect(api.watches.size).toBe(0));
  });

  test('ends when the server ends it, and fails when its connection breaks', async () => {
    const { api, client } = await started();
    const run = async (): Promise<void> => {
      for await (const event of client.watch(PODS, { signal, resourceVersion: '1', timeoutSeconds: 60 })) void event;
    };
    const ends = run();
    await eventually(() => expect(api.watches.size).toBe(1));
    api.dropWatches();
    await ends;
    const breaks = run();
    await eventually(() => expect(api.watches.size).toBe(1));
    api.dropWatches(undefined, 'reset');
    await expect(breaks).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
  });

  test('asks the server to end it in time', async () => {
    const { client } = await started();
    const before = Date.now();
    for await (const event of client.watch(PODS, { signal, resourceVersion: '1', timeoutSeconds: 1 })) void event;
    expect(Date.now() - before).toBeLessThan(5_000);
  });
});
