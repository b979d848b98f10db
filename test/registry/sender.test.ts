/** Trying again, slowing down, giving up: against faults on a real socket, with a clock that nobody waits for. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistrySource, type RegistrySource } from '../../src/registry/client.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import type { Repository } from '../../src/registry/source.ts';
import { type FakeClock, fakeClock } from '../support/clock.ts';
import { failureOf, kindOf } from '../support/failures.ts';
import { addImage, startRegistry, type TestRegistry } from '../support/registry.ts';

const signal = AbortSignal.timeout(20_000);
const options = { signal };
let registry: TestRegistry;
let clock: FakeClock;
let repository: Repository;
const open: RegistrySource[] = [];

beforeEach(async () => {
  registry = await startRegistry();
  clock = fakeClock();
  repository = { registry: registry.host, path: 'app' };
  addImage(registry.repository('app'), 'a', ['v1']);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
  await registry.close();
});

function client(more: RegistryOptions = {}): RegistrySource {
  const source = createRegistrySource({ plainHttp: [registry.host], clock, random: () => 0.5, ...more });
  open.push(source);
  return source;
}

describe('tries', () => {
  test.each([
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['a reset', { action: 'reset' } as const],
    ['a body cut short', { action: 'truncate' } as const],
  ])('%s is tried again until it works', async (_, fault) => {
    registry.fault({ match: '/manifests/v1', times: 2, ...fault });
    await client().manifest(repository, 'v1', options);
    expect(registry.requests).toHaveLength(3);
    expect(clock.sleeps).toEqual([100, 200]);
  });

  test('an error that stays is unavailable after four tries', async () => {
    registry.fault({ match: '/manifests/v1', status: 502 });
    const failure = await failureOf(client().manifest(repository, 'v1', options));
    expect(failure.detail).toEqual({ kind: 'unavailable' });
    expect(failure.message).toBe(`${registry.host}/app:v1: the registry answered with error 502`);
    expect(registry.requests).toHaveLength(4);
  });

  test.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'not-found'],
    [410, 'not-found'],
    [400, 'invalid'],
    [418, 'invalid'],
    [204, 'invalid'],
  ] as const)('status %d is %s at once', async (status, kind) => {
    registry.fault({ match: '/manifests/v1', status });
    expect(await kindOf(client().manifest(repository, 'v1', options))).toBe(kind);
    expect(registry.requests).toHaveLength(1);
  });
});

describe('slowing down', () => {
  test('Retry-After in seconds is waited for', async () => {
    registry.fault({ match: '/manifests/v1', times: 1, status: 429, headers: { 'retry-after': '7' } });
    await client().manifest(repository, 'v1', options);
    expect(clock.sleeps).toEqual([7_100]);
  });

  test('Retry-After as a date is waited for', async () => {
    const date = new Date(clock.now() + 9_000).toUTCString();
    registry.fault({ match: '/manifests/v1', times: 1, status: 503, headers: { 'retry-after': date } });
    await client().manifest(repository, 'v1', options);
    expect(clock.sleeps).toEqual([9_100]);
  });

  test('429 is tried more often than an error, and is rate-limited in the end', async () => {
    registry.fault({ match: '/manifests/v1', status: 429, headers: { 'retry-after': '1' } });
    const failure = await failureOf(client().manifest(repository, 'v1', options));
    expect(failure.detail).toEqual({ kind: 'rate-limited', retryAfterMs: 1_000 });
    expect(registry.requests).toHaveLength(8);
  });

  test('a Retry-After that nobody can wait for fails at once, for others of that host too, and ends', async () => {
    registry.fault({ match: '/manifests/v1', times: 1, status: 429, headers: { 'retry-after': '3600' } });
    const source = client();
    expect(await kindOf(source.manifest(repository, 'v1', options))).toBe('rate-limited');
    const other = await failureOf(source.manifest(repository, 'v2', options));
    expect(other.detail.kind).toBe('rate-limited');
    expect(other.message).toBe(`${registry.host}/app:v2: the registry asked to slow down (429)`);
    expect(registry.requests).toHaveLength(1);
    clock.advance(300_001);
    await source.manifest(repository, 'v1', options);
  });

  test('a time-out while the registry wants to be left alone is rate-limited, not timeout', async () => {
    registry.fault({ match: '/manifests/v1', status: 429, headers: { 'retry-after': '30' } });
    const real = client({ clock: { now: () => Date.now(), sleep: (_, ending) => sleepForever(ending) } });
    const late = AbortSignal.timeout(60);
    expect(await kindOf(real.manifest(repository, 'v1', { signal: late }))).toBe('rate-limited');
  });

  test('a cancel by the user ends a pause at once and passes through', async () => {
    registry.fault({ match: '/manifests/v1', status: 503, headers: { 'retry-after': '30' } });
    const controller = new AbortController();
    const real = client({ clock: { now: () => Date.now(), sleep: (_, ending) => sleepForever(ending) } });
    const lookup = real.manifest(repository, 'v1', { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 30);
    await expect(lookup).rejects.toThrow('Ctrl-C');
  });

  test('the window of a host halves when it pushes back and grows again', async () => {
    const source = client({ limits: { initialInFlight: 8 } });
    registry.fault({ match: '/manifests/v1', times: 1, status: 429 });
    await source.manifest(repository, 'v1', options);
    expect(source.limiters().get(registry.host)?.window).toBe(4);
    for (let i = 0; i < 20; i++) await kindOf(source.manifest(repository, `n${i}`, options));
    expect(source.limiters().get(registry.host)?.window).toBeGreaterThanOrEqual(7);
  });

  test('no more requests are in flight than the window allows', async () => {
    registry.fault({ match: '/manifests/', delayMs: 5 });
    const source = client({ limits: { initialInFlight: 3, maxInFlight: 3 } });
    await Promise.all(Array.from({ length: 20 }, (_, i) => kindOf(source.manifest(repository, `n${i}`, options))));
    expect(registry.peak()).toBe(3);
  });

  test('a slow host holds up nobody else', async () => {
    await using slow = await startRegistry();
    slow.fault({ match: '/manifests/', action: 'hang' });
    const source = client({ plainHttp: [registry.host, slow.host], limits: { initialInFlight: 2, maxInFlight: 2 } });
    const late = new AbortController();
    const stuck = Array.from({ length: 10 }, (_, i) =>
      kindOf(source.manifest({ registry: slow.host, path: 'app' }, `n${i}`, { signal: late.signal })),
    );
    await source.manifest(repository, 'v1', options);
    late.abort(new DOMException('late', 'TimeoutError'));
    expect(await Promise.all(stuck)).toEqual(Array.from({ length: 10 }, () => 'timeout'));
  });
});

describe('hosts that cannot be reached', () => {
  const nowhere: Repository = { registry: '127.0.0.1:9', path: 'app' };

  test('fail once with all tries, then at once, then are tried again', async () => {
    let sent = 0;
    const source = client({ plainHttp: ['127.0.0.1:9'], onRequest: () => void (sent += 1) });
    const failure = await failureOf(source.manifest(nowhere, 'v1', options));
    expect(failure.message).toBe('127.0.0.1:9/app:v1: the registry refuses connections');
    expect(sent).toBe(4);
    expect((await failureOf(source.manifest(nowhere, 'v2', options))).message).toBe(
      '127.0.0.1:9/app:v2: the registry refuses connections',
    );
    expect(sent).toBe(4);
    clock.advance(10_001);
    await failureOf(source.manifest(nowhere, 'v3', options));
    expect(sent).toBe(8);
  });

  test("a redirect's target that cannot be reached puts nobody else off", async () => {
    const source = client();
    registry.fault({
      match: '/manifests/v1',
      status: 307,
      headers: { location: 'http://127.0.0.1:9/v2/app/manifests/v1' },
    });
    const failure = await failureOf(source.manifest(repository, 'v1', options));
    expect(failure.message).toBe(
      `${registry.host}/app:v1: redirected to 127.0.0.1:9: the registry refuses connections`,
    );
    expect(await kindOf(source.manifest(repository, 'v2', options))).toBe('not-found');
  });

  test('nor does one answer that always breaks', async () => {
    const source = client();
    registry.fault({ match: '/manifests/v1', action: 'truncate' });
    expect(await kindOf(source.manifest(repository, 'v1', options))).toBe('unavailable');
    expect(await kindOf(source.manifest(repository, 'v2', options))).toBe('not-found');
  });

  test('a name that does not resolve is not tried again', async () => {
    let sent = 0;
    const source = client({ onRequest: () => void (sent += 1) });
    const failure = await failureOf(source.manifest({ registry: 'registry.invalid', path: 'app' }, 'v1', options));
    expect(failure.detail.kind).toBe('unavailable');
    expect(sent).toBeLessThanOrEqual(4);
  });
});

function sleepForever(ending: AbortSignal): Promise<void> {
  return new Promise((_, reject) => ending.addEventListener('abort', () => reject(new Error('woken')), { once: true }));
}
