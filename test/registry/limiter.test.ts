import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { createLimiter } from '../../src/registry/limiter.ts';
import { createByteCache } from '../../src/registry/lru.ts';
import { fakeClock } from '../support/clock.ts';
import { kindOf } from '../support/failures.ts';

const signal = new AbortController().signal;
const pushBack = new Failure({ kind: 'rate-limited' }, 'w: slow down');

describe('the limiter', () => {
  test('first come, first served', async () => {
    const limiter = createLimiter(fakeClock(), { initial: 1, max: 1 });
    const order: number[] = [];
    const first = await limiter.acquire(signal, 'w', {});
    const others = [1, 2, 3].map(async (n) => {
      const slot = await limiter.acquire(signal, 'w', {});
      order.push(n);
      slot.release();
    });
    expect(limiter.state()).toEqual({ window: 1, inFlight: 1, waiting: 3 });
    first.release();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  test('answers to requests that were sent before the cut do not cut again', async () => {
    const clock = fakeClock();
    const limiter = createLimiter(clock, { initial: 16, max: 32 });
    const slots = await Promise.all(Array.from({ length: 16 }, () => limiter.acquire(signal, 'w', {})));
    clock.advance(10);
    for (const slot of slots) slot.pushedBack(0, pushBack);
    expect(limiter.state().window).toBe(8);
  });

  test('it never falls below one and never grows beyond its maximum', async () => {
    const clock = fakeClock();
    const limiter = createLimiter(clock, { initial: 2, max: 3 });
    for (let i = 0; i < 10; i++) {
      clock.advance(1);
      const slot = await limiter.acquire(signal, 'w', {});
      slot.pushedBack(0, pushBack);
      slot.release();
    }
    expect(limiter.state().window).toBe(1);
    for (let i = 0; i < 50; i++) {
      const slot = await limiter.acquire(signal, 'w', {});
      slot.succeeded();
      slot.release();
    }
    expect(limiter.state().window).toBe(3);
  });

  test('a closed gate lets nobody in before its time, and who gives up says why', async () => {
    const clock = fakeClock();
    const limiter = createLimiter(clock, { initial: 4, max: 4 });
    const slot = await limiter.acquire(signal, 'w', {});
    slot.pushedBack(5_000, pushBack);
    slot.release();
    const impatient = new AbortController();
    const left = kindOf(limiter.acquire(impatient.signal, 'w', {}));
    const stayed = limiter.acquire(signal, 'w', {});
    impatient.abort(new DOMException('late', 'TimeoutError'));
    expect(await left).toBe('rate-limited');
    const before = clock.now();
    await stayed;
    expect(clock.now() - before).toBe(5_000);
  });
});

describe('the cache', () => {
  test('forgets what was not used for longest, by bytes', () => {
    const cache = createByteCache<string>(3 * (100 + 512));
    for (const key of ['a', 'b', 'c']) cache.set(key, key, 100);
    cache.get('a');
    cache.set('d', 'd', 100);
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual(['a', undefined, 'c', 'd']);
    cache.set('d', 'D', 700);
    expect(['a', 'c', 'd'].map((key) => cache.get(key))).toEqual([undefined, 'c', 'D']);
  });

  test('does not keep what is larger than itself, nor an older value of it', () => {
    const cache = createByteCache<string>(1_000);
    cache.set('a', 'old', 10);
    cache.set('a', 'new', 10_000);
    expect(cache.get('a')).toBeUndefined();
  });
});
