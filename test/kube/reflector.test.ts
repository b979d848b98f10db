import { describe, expect, onTestFinished, test } from 'vitest';
import type { KubeClient } from '../../src/kube/client.ts';
import {
  createReflector,
  type Reflector,
  type ReflectorOptions,
  type ReflectorState,
} from '../../src/kube/reflector.ts';
import type { ReplicaEvent } from '../../src/kube/replica.ts';
import { CONFIGMAPS, type KubeObject, PODS, POLICY_REPORTS, type Resource } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { fastClock, pod, startKube, type TestKube } from '../support/kube.ts';

interface Watched {
  readonly reflector: Reflector<string>;
  readonly events: ReplicaEvent<string>[];
  readonly states: ReflectorState[];
  readonly bugs: string[];
  /** What happened, in one word each. */
  told(): string[];
}

function reflect(
  client: KubeClient,
  options: Partial<ReflectorOptions<string>> = {},
  resource: Resource = PODS,
): Watched {
  const events: ReplicaEvent<string>[] = [];
  const states: ReflectorState[] = [];
  const bugs: string[] = [];
  const reflector = createReflector<string>({
    client,
    resource,
    project: imageOf,
    clock: fastClock,
    random: () => 0.5,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    onBug: (error, key) => bugs.push(`${key}: ${String(error)}`),
    ...options,
  });
  onTestFinished(() => reflector.stop());
  const told = (): string[] => events.map(({ type, key, value }) => `${type} ${key} ${value}`);
  return { reflector, events, states, bugs, told };
}

function imageOf(object: KubeObject): string | undefined {
  const spec = object.spec as { containers?: { image: string }[] } | undefined;
  return spec?.containers?.[0]?.image ?? 'none';
}

async function started(kube: TestKube, options?: Partial<ReflectorOptions<string>>): Promise<Watched> {
  const watched = reflect(kube.client, options);
  watched.reflector.start();
  await watched.reflector.synced;
  await eventually(() => expect(watched.states.at(-1)?.phase).toBe('watching'));
  return watched;
}

async function withPods(...names: string[]): Promise<TestKube> {
  const kube = await startKube();
  onTestFinished(() => kube[Symbol.asyncDispose]());
  kube.api.seed(names.map((name) => pod(name)));
  return kube;
}

describe('a reflector', () => {
  test('lists in pages, projects, and says that this was there before', async () => {
    const kube = await withPods(...Array.from({ length: 1_203 }, (_, index) => `p${index}`));
    const { reflector, events } = await started(kube);
    expect(reflector.size).toBe(1_203);
    expect(reflector.get('default/p7')).toBe('a:1');
    expect(events.every(({ initial }) => initial)).toBe(true);
    expect(kube.api.requests.filter(({ verb, path }) => verb === 'list' && path.includes('/pods'))).toHaveLength(3);
    expect(kube.api.requests.at(-1)?.path).toMatch(/allowWatchBookmarks=true.*timeoutSeconds=450/);
  });

  test('follows additions, changes and deletions', async () => {
    const kube = await withPods('a');
    const watched = await started(kube);
    kube.api.seed([pod('b'), pod('a', 'default', 'a:2')]);
    kube.api.drop('/pods', 'b', 'default');
    await eventually(() =>
      expect(watched.told()).toEqual([
        'set default/a a:1',
        'set default/b a:1',
        'set default/a a:2',
        'gone default/b a:1',
      ]),
    );
    expect(watched.events[2]).toEqual({ type: 'set', key: 'default/a', value: 'a:2', old: 'a:1', initial: false });
    expect([...watched.reflector.list()]).toEqual(['a:2']);
  });

  test('keeps to a namespace, a name and labels', async () => {
    const kube = await withPods('a', 'b');
    kube.api.seed([pod('a', 'kube-system')]);
    const one = await started(kube, { namespace: 'default', fieldSelector: 'metadata.name=a' });
    expect(one.told()).toEqual(['set default/a a:1']);
    kube.api.seed([pod('b', 'default', 'b:2'), pod('a', 'default', 'a:2')]);
    await eventually(() => expect(one.told()).toEqual(['set default/a a:1', 'set default/a a:2']));
  });

  test('reads metadata alone where that is enough', async () => {
    const kube = await withPods('a');
    const { reflector } = await started(kube, { metadataOnly: true, project: (object) => Object.keys(object).join() });
    expect(reflector.get('default/a')).not.toContain('spec');
    kube.api.seed([pod('b')]);
    await eventually(() => expect(reflector.get('default/b')).toBeDefined());
    expect(reflector.get('default/b')).not.toContain('spec');
  });

  test.each([
    ['the server ends the watch', (kube: TestKube) => kube.api.dropWatches('/pods', 'end')],
    ['the connection breaks', (kube: TestKube) => kube.api.dropWatches('/pods', 'reset')],
    ['the version is too old (ERROR event)', (kube: TestKube) => kube.api.failWatches('/pods')],
    ['the server fails inside the watch', (kube: TestKube) => kube.api.failWatches('/pods', 500, 'InternalError')],
    ['the server is busy inside the watch', (kube: TestKube) => kube.api.failWatches('/pods', 429, 'TooManyRequests')],
    ['an ERROR of no known kind', (kube: TestKube) => kube.api.failWatches('/pods', 400, 'BadRequest')],
  ])('sees what it missed after %s, and each change once', async (_, fail) => {
    const kube = await withPods('a', 'stays');
    const watched = await started(kube);
    const close = kube.api.fault({ match: /^watch pods/, status: 503 });
    fail(kube);
    kube.api.seed([pod('b'), pod('a', 'default', 'a:2')]);
    close();
    kube.api.drop('/pods', 'b', 'default');
    kube.api.seed([pod('c')]);
    await eventually(() => expect(watched.told()).toContain('set default/c a:1'));
    await eventually(() => expect(watched.reflector.state().phase).toBe('watching'));
    expect([...watched.reflector.list()].sort()).toEqual(['a:1', 'a:1', 'a:2']);
    expect(watched.told().filter((line) => line.includes('stays'))).toHaveLength(1);
    expect(watched.told().filter((line) => line === 'set default/a a:2')).toHaveLength(1);
    expect(watched.bugs).toEqual([]);
  });

  test('finds deletions at the list that follows a version grown too old', async () => {
    const kube = await withPods('a', 'b', 'c');
    const watched = await started(kube);
    const close = kube.api.fault({ match: /^watch pods/, status: 503 });
    kube.api.dropWatches('/pods', 'reset');
    kube.api.drop('/pods', 'b', 'default');
    kube.api.compact();
    close();
    await eventually(() => expect(watched.told()).toContain('gone default/b a:1'));
    expect(watched.events.filter(({ type }) => type === 'set')).toHaveLength(3);
  });

  test('a list whose second page has expired begins again, and loses and doubles nothing', async () => {
    const kube = await withPods(...Array.from({ length: 700 }, (_, index) => `p${index}`));
    kube.api.fault({ match: /^list pods.*continue=/, times: 1, status: 410, reason: 'Expired' });
    const { reflector, events } = await started(kube);
    expect(reflector.size).toBe(700);
    expect(events).toHaveLength(700);
  });

  test.each([
    ['429 with Retry-After', { status: 429, reason: 'TooManyRequests', retryAfter: 1 }],
    ['500', { status: 500, reason: 'InternalError' }],
    ['503', { status: 503, reason: 'ServiceUnavailable' }],
    ['403', { status: 403, reason: 'Forbidden' }],
    ['a reset', { action: 'reset' as const }],
    ['half an answer', { action: 'truncate' as const }],
    ['an answer of something else', { action: 'garbage' as const }],
    ['404 of a resource that is served', { status: 404, reason: 'NotFound' }],
  ])('gets over %s at the list, says so, and keeps what it had', async (_, fault) => {
    const kube = await withPods('a');
    kube.api.fault({ match: /^list pods/, times: 3, ...fault });
    const watched = await started(kube);
    expect(watched.states.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['failing', 'watching']));
    kube.api.fault({ match: /^list pods/, times: 2, ...fault });
    kube.api.failWatches('/pods');
    kube.api.seed([pod('b')]);
    await eventually(() => expect(watched.told()).toEqual(['set default/a a:1', 'set default/b a:1']));
  });

  test.each([
    ['429', { status: 429 }],
    ['a reset', { action: 'reset' as const }],
    ['410 as an answer', { status: 410, reason: 'Expired' }],
    ['404', { status: 404 }],
  ])('gets over %s at the watch', async (_, fault) => {
    const kube = await withPods('a');
    kube.api.fault({ match: /^watch pods/, times: 7, ...fault });
    const watched = await started(kube);
    kube.api.seed([pod('b')]);
    await eventually(() => expect(watched.told()).toEqual(['set default/a a:1', 'set default/b a:1']));
  });

  test('does not hammer a server that accepts watches and hangs up, with or without an event', async () => {
    const kube = await withPods('a');
    const watched = await started(kube, {
      clock: { ...fastClock, sleep: (ms, signal) => fastClock.sleep(ms * 10, signal) },
    });
    const before = kube.api.requests.length;
    const timer = setInterval(() => {
      kube.api.bookmark();
      kube.api.dropWatches('/pods', 'end');
    }, 5);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    clearInterval(timer);
    expect(kube.api.requests.length - before).toBeLessThan(14);
    kube.api.seed([pod('b')]);
    await eventually(() => expect(watched.told()).toContain('set default/b a:1'));
  });

  test('goes on from the version of a bookmark', async () => {
    const kube = await withPods('a');
    const { reflector } = await started(kube);
    kube.api.seed([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default' } }]);
    kube.api.bookmark();
    await new Promise((resolve) => setTimeout(resolve, 50));
    kube.api.compact();
    kube.api.dropWatches('/pods', 'end');
    kube.api.seed([pod('b')]);
    await eventually(() => expect(reflector.get('default/b')).toBe('a:1'));
    expect(kube.api.requests.filter(({ verb, path }) => verb === 'list' && path.includes('/pods'))).toHaveLength(1);
  });

  test('lives through a restart of the server', async () => {
    const kube = await withPods('a');
    const watched = await started(kube);
    await kube.api.stop();
    await eventually(() => expect(watched.states.at(-1)?.phase).toBe('failing'));
    expect(watched.reflector.get('default/a')).toBe('a:1');
    kube.api.seed([pod('b')]);
    await kube.api.resume();
    await eventually(() => expect(watched.reflector.get('default/b')).toBe('a:1'));
    await eventually(() => expect(watched.states.at(-1)?.phase).toBe('watching'));
  });

  test('of a resource that nobody serves it is an empty copy, until somebody does', async () => {
    const kube = await withPods();
    const watched = reflect(kube.client, {}, POLICY_REPORTS);
    watched.reflector.start();
    await watched.reflector.synced;
    await eventually(() => expect(watched.states).toEqual([{ phase: 'unserved' }]));
    const asked = (): number => kube.api.requests.filter(({ path }) => path.includes('policyreports')).length;
    await eventually(() => expect(asked()).toBeGreaterThan(3));
    expect(watched.states).toEqual([{ phase: 'unserved' }]);
  });

  test('an object that cannot be projected costs nobody else', async () => {
    const kube = await withPods('a', 'bad', 'c');
    const watched = await started(kube, {
      project: (object) => {
        if (object.metadata.name === 'bad') throw new Error('unreadable');
        return imageOf(object);
      },
      onEvent: (event) => {
        if (event.key === 'default/c') throw new Error('a bug');
      },
    });
    expect(watched.reflector.size).toBe(2);
    expect(watched.bugs).toEqual(['default/bad: Error: unreadable', 'default/c: Error: a bug']);
  });

  test('what is not kept is not there, and comes and goes with its content', async () => {
    const kube = await withPods('a');
    const watched = await started(kube, { project: (object) => (imageOf(object) === 'a:1' ? 'one' : undefined) });
    kube.api.seed([pod('a', 'default', 'a:2')]);
    kube.api.seed([pod('b')]);
    await eventually(() =>
      expect(watched.told()).toEqual(['set default/a one', 'gone default/a one', 'set default/b one']),
    );
  });
});

describe('stopping a reflector', () => {
  test.each(Array.from({ length: 24 }, (_, index) => [index * 3]))('%i ms after its start', async (ms) => {
    const kube = await withPods(...Array.from({ length: 1_100 }, (_, index) => `p${index}`));
    kube.api.fault({ match: /^(list|watch) pods/, times: 2, status: 503 });
    const watched = reflect(kube.client);
    watched.reflector.start();
    await new Promise((resolve) => setTimeout(resolve, ms));
    await watched.reflector.stop();
    const told = watched.events.length;
    kube.api.seed([pod('late')]);
    await eventually(() => expect(kube.api.watches.size).toBe(0));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(watched.events).toHaveLength(told);
    expect(watched.states.at(-1)).toEqual({ phase: 'stopped' });
  });

  test('from within its own event', async () => {
    const kube = await withPods('a', 'b', 'c');
    const keys: string[] = [];
    const watched = reflect(kube.client, {
      onEvent: ({ key }) => {
        keys.push(key);
        void watched.reflector.stop();
      },
    });
    watched.reflector.start();
    await watched.reflector.stop();
    await eventually(() => expect(kube.api.watches.size).toBe(0));
    expect(keys.length).toBeLessThanOrEqual(1);
  });

  test('before it was started, twice, and by the signal', async () => {
    const kube = await withPods('a');
    const never = reflect(kube.client);
    await never.reflector.stop();
    never.reflector.start();
    await expect(never.reflector.synced).rejects.toThrow('stopped');
    const stop = new AbortController();
    const watched = await started(kube, { signal: stop.signal });
    watched.reflector.start();
    stop.abort();
    await Promise.all([watched.reflector.stop(), watched.reflector.stop()]);
    await eventually(() => expect(kube.api.watches.size).toBe(0));
    expect(kube.api.requests.filter(({ path }) => path.includes('/pods'))).toHaveLength(2);
  });

  test('while it waits for a server that is away', async () => {
    const kube = await withPods('a');
    const watched = await started(kube, {
      clock: { ...fastClock, sleep: (_, signal) => fastClock.sleep(1e8, signal) },
    });
    await kube.api.stop();
    await eventually(() => expect(watched.states.at(-1)?.phase).toBe('failing'));
    await watched.reflector.stop();
    expect(watched.reflector.state()).toEqual({ phase: 'stopped' });
  });
});

test('a second kind of object in one namespace does not disturb the first', async () => {
  const kube = await withPods('a');
  const watched = reflect(kube.client, { project: ({ metadata }) => metadata.name }, CONFIGMAPS);
  watched.reflector.start();
  await watched.reflector.synced;
  expect(watched.reflector.size).toBe(0);
});
