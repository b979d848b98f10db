/** What only the in-process API server can do: faults, compaction and an end on demand, a log, and speed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiObject, type ApiServer, startApiServer } from './api-server/server.ts';
import { ApiRefusal, type ClusterClient, clusterClient } from './cluster/client.ts';
import { eventually } from './eventually.ts';

const PODS = '/api/v1/pods';
const pod = (index: number): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${String(index).padStart(5, '0')}`, namespace: 'default', labels: { app: 'a' } },
  spec: { containers: [{ name: 'app', image: 'registry.example.com/app:1' }] },
  status: { phase: 'Running' },
});

async function refusalOf(asked: Promise<unknown>): Promise<{ status: number; message: string }> {
  const error = await asked.then(
    () => new Error('it was not refused'),
    (refusal: unknown) => refusal,
  );
  return error instanceof ApiRefusal ? error : { status: 0, message: String(error) };
}

let api: ApiServer;
let client: ClusterClient;
beforeEach(async () => {
  api = await startApiServer({ tokens: { admin: { username: 'admin', groups: ['system:masters'] } } });
  client = clusterClient({ server: api.url, token: 'admin' });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api.stop();
});

describe('a fault', () => {
  test('answers with its status as often as it says, and with Retry-After', async () => {
    api.fault({ match: /^list pods/, times: 1, status: 429, retryAfter: 3 });
    const response = await fetch(`${api.url}${PODS}`, { headers: { authorization: 'Bearer admin' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
    expect(await response.json()).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', code: 429 });
    expect(await client.list('v1', 'Pod')).toEqual([]);
  });

  test.each(['reset', 'truncate'] as const)('of kind %s spoils the answer, until it is ended', async (action) => {
    const end = api.fault({ match: 'list pods', action });
    await expect(client.list('v1', 'Pod')).rejects.toThrow(/./);
    end();
    expect(await client.list('v1', 'Pod')).toEqual([]);
  });

  test('can be an answer that is no JSON', async () => {
    api.fault({ match: 'list pods', times: 1, action: 'garbage' });
    expect(await client.send('GET', PODS)).toContain('<html>');
  });

  test('before the answer leaves a write undone, after it only hides it', async () => {
    const object = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    });
    api.fault({ match: 'patch configmaps default/undone', status: 500 });
    api.fault({ match: 'patch configmaps default/done', status: 500, after: true });
    expect((await refusalOf(client.apply(object('undone')))).status).toBe(500);
    expect((await refusalOf(client.apply(object('done')))).status).toBe(500);
    expect(api.stored('/configmaps').map(({ metadata }) => metadata.name)).toEqual(['done']);
  });

  test('can open a watch that is refused', async () => {
    api.fault({ match: /^watch pods/, times: 1, status: 410 });
    expect((await refusalOf(client.watch(`${PODS}?watch=true`))).status).toBe(410);
    await (await client.watch(`${PODS}?watch=true`))[Symbol.asyncDispose]();
  });
});

describe('history', () => {
  test('that was compacted is an ERROR event to a watch and a 410 to a page', async () => {
    api.seed([pod(1), pod(2), pod(3)]);
    const page = (await client.send('GET', `${PODS}?limit=1`)) as {
      metadata: { continue: string; resourceVersion: string };
    };
    api.seed([pod(4)]);
    api.compact();
    await using watch = await client.watch(`${PODS}?watch=true&resourceVersion=${page.metadata.resourceVersion}`);
    await eventually(() => expect(watch.ended()).toBe(true));
    expect(watch.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
    const more = client.send('GET', `${PODS}?limit=1&continue=${page.metadata.continue}`);
    expect((await refusalOf(more)).status).toBe(410);
  });

  test('that was not is told in order', async () => {
    api.seed([pod(1)]);
    await using watch = await client.watch(`${PODS}?watch=true&resourceVersion=1`);
    api.seed([pod(2)]);
    api.drop('/pods', 'pod-00001', 'default');
    await eventually(() => expect(watch.events).toHaveLength(3));
    expect(watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'ADDED pod-00001',
      'ADDED pod-00002',
      'DELETED pod-00001',
    ]);
  });
});

describe('open watches', () => {
  test('get bookmarks, errors and an end when a test says so', async () => {
    await using asked = await client.watch(`${PODS}?watch=true&allowWatchBookmarks=true`);
    await using plain = await client.watch(`${PODS}?watch=true`);
    api.bookmark();
    await eventually(() => expect(asked.events.map(({ type }) => type)).toEqual(['BOOKMARK']));
    expect(asked.events[0]?.object.metadata.resourceVersion).toMatch(/^\d+$/);
    api.failWatches('/pods', 500, 'InternalError');
    await eventually(() => expect([asked.ended(), plain.ended()]).toEqual([true, true]));
    expect(plain.events.map(({ type }) => type)).toEqual(['ERROR']);
    expect(api.watches.size).toBe(0);
  });

  test('of a kind whose CRD goes are ended, and the kind is 404', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    await client.apply(crd, {
      apiVersion: 'example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a', namespace: 'default' },
    });
    await using watch = await client.watch('/apis/example.com/v1/things?watch=true');
    await client.remove({ apiVersion: crd.apiVersion, kind: crd.kind, name: 'things.example.com' });
    await eventually(() => expect(watch.ended()).toBe(true));
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
    expect((await refusalOf(client.send('GET', '/apis/example.com/v1/things'))).status).toBe(404);
  });
});

describe('access', () => {
  test('is for bearers of known tokens, and every request is logged', async () => {
    const stranger = clusterClient({ server: api.url, token: 'stranger' });
    expect((await refusalOf(stranger.send('GET', PODS))).status).toBe(401);
    await stranger[Symbol.asyncDispose]();
    await client.send('GET', PODS);
    expect(api.requests.slice(-2).map(({ verb, resource, user, status }) => [verb, resource, user, status])).toEqual([
      ['list', '/pods', 'unknown', 401],
      ['list', '/pods', 'admin', 200],
    ]);
  });

  test('is reviewed: whose token, and what may they do', async () => {
    api.access.tokens.set('prometheus', { username: 'prometheus', groups: ['monitoring'] });
    api.access.authorize = ({ username }, { path }) => username === 'prometheus' && path === '/metrics';
    const review = async (group: string, kind: string, spec: object): Promise<unknown> => {
      const body = { apiVersion: `${group}/v1`, kind, spec };
      return ((await client.send('POST', `/apis/${group}/v1/${kind.toLowerCase()}s`, body)) as ApiObject)['status'];
    };
    const token = (text: string) => review('authentication.k8s.io', 'TokenReview', { token: text });
    expect(await token('prometheus')).toMatchObject({ authenticated: true, user: { username: 'prometheus' } });
    expect(await token('nobody')).toMatchObject({ authenticated: false });
    const may = (path: string) =>
      review('authorization.k8s.io', 'SubjectAccessReview', {
        user: 'prometheus',
        nonResourceAttributes: { path, verb: 'get' },
      });
    expect([await may('/metrics'), await may('/debug')]).toEqual([{ allowed: true }, { allowed: false }]);
  });
});

test('what is stored outlives an end of the server', async () => {
  api.seed([pod(1)]);
  await api.stop();
  await expect(client.list('v1', 'Pod')).rejects.toThrow(/./);
  await api.resume();
  expect((await client.list('v1', 'Pod')).map(({ metadata }) => metadata.name)).toEqual(['pod-00001']);
});

test('20,000 Pods come in pages, each once, in order', async () => {
  api.seed(Array.from({ length: 20_000 }, (_, index) => pod(index)));
  const names: string[] = [];
  let next = '';
  do {
    const path = `${PODS}?limit=500&continue=${next}`;
    const page = (await client.send('GET', path)) as { items: ApiObject[]; metadata: { continue?: string } };
    names.push(...page.items.map(({ metadata }) => metadata.name ?? ''));
    next = page.metadata.continue ?? '';
  } while (next !== '');
  expect(names).toHaveLength(20_000);
  expect(names).toEqual([...new Set(names)].toSorted());
});
