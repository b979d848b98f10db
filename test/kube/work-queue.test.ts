import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWorkQueue, PRIORITY, type WorkQueue } from '../../src/kube/work-queue.ts';
import { manualClock, settle } from '../support/timers.ts';

/** Takes everything that can be had now. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  for (;;) {
    const stop = new AbortController();
    const next = queue.take(stop.signal).catch(() => undefined);
    stop.abort();
    const key = await next;
    if (key === undefined) return taken;
    taken.push(key);
  }
}

function started() {
  const clock = manualClock();
  return { clock, queue: createWorkQueue({ clock }) };
}

describe('a queue of keys', () => {
  test('hands out in order of arrival, each key once', async () => {
    const { queue } = started();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(await drain(queue)).toEqual(['a', 'b', 'c']);
  });

  test('never has a key twice in work, and hands it out again when it was added meanwhile', async () => {
    const { queue } = started();
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    queue.add('a');
    queue.add('a');
    expect(await drain(queue)).toEqual([]);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
    queue.done('a');
    expect(await drain(queue)).toEqual([]);
  });

  test('puts a change before background work, and raises a key that was background', async () => {
    const { queue } = started();
    for (const key of ['p1', 'p2', 'p3']) queue.add(key, { priority: PRIORITY.background });
    queue.add('changed');
    queue.add('p3');
    queue.add('p3', { priority: PRIORITY.background });
    expect(await drain(queue)).toEqual(['changed', 'p3', 'p1', 'p2']);
    expect([...queue.state().depth]).toEqual([
      [-100, 0],
      [0, 0],
    ]);
  });

  test('delays, and takes the earlier of two times', async () => {
    const { clock, queue } = started();
    queue.add('a', { afterMs: 10_000 });
    queue.add('a', { afterMs: 1_000 });
    queue.add('a', { afterMs: 5_000 });
    queue.add('b', { afterMs: 500 });
    queue.add('b');
    expect(await drain(queue)).toEqual(['b']);
    await clock.advance(999);
    expect(await drain(queue)).toEqual([]);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['a']);
    expect(queue.state().delayed).toBe(0);
  });

  test('wakes a taker who waits when a delayed key is due', async () => {
    const { clock, queue } = started();
    const taken = queue.take();
    queue.add('a', { afterMs: 3_600_000 * 30 });
    await clock.advance(3_600_000 * 30);
    expect(await taken).toBe('a');
    expect(clock.sleepers).toBe(0);
  });

  test('a delayed key that is due while in work comes after it', async () => {
    const { clock, queue } = started();
    queue.add('a');
    await drain(queue);
    queue.add('a', { afterMs: 100 });
    await clock.advance(100);
    expect(await drain(queue)).toEqual([]);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  test('waits twice as long after each failure, at most 1,000 s, and starts anew when forgotten', async () => {
    const { clock, queue } = started();
    const waited: number[] = [];
    for (let failure = 0; failure < 22; failure++) {
      const before = clock.now();
      queue.retry('a');
      const taken = queue.take();
      while (queue.state().inWork === 0) await clock.advance(clock.waits.at(-1) ?? 0);
      await taken;
      waited.push(clock.now() - before);
      queue.done('a');
    }
    expect(waited.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(waited.at(-1)).toBe(1_000_000);
    expect(queue.failures('a')).toBe(22);
    queue.forget('a');
    queue.retry('a');
    expect(clock.waits.at(-1)).toBe(5);
  });

  test('retries of many keys share 10 a second after a burst of 100', async () => {
    const { clock, queue } = started();
    for (let index = 0; index < 150; index++) queue.retry(`k${index}`);
    await clock.advance(5);
    expect((await drain(queue)).length).toBe(100);
    await clock.advance(1_000);
    expect((await drain(queue)).length).toBe(10);
    await clock.advance(4_000);
    expect((await drain(queue)).length).toBe(40);
  });

  test('a retry honours what the other side asked for', async () => {
    const { clock, queue } = started();
    queue.retry('a', { afterMs: 30_000 });
    await clock.advance(29_999);
    expect(await drain(queue)).toEqual([]);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['a']);
  });

  test('shut down, it releases who waits, forgets its alarm and takes nothing more', async () => {
    const { clock, queue } = started();
    const waiting = [queue.take(), queue.take()];
    queue.add('later', { afterMs: 50 });
    queue.shutDown();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    queue.add('a');
    queue.retry('b');
    expect(await queue.take()).toBeUndefined();
    await settle();
    expect(clock.sleepers).toBe(0);
  });

  test('a taker who leaves takes nothing with him', async () => {
    const { queue } = started();
    const stop = new AbortController();
    const gone = queue.take(stop.signal);
    const stays = queue.take();
    stop.abort();
    queue.add('a');
    await expect(gone).rejects.toThrow('aborted');
    expect(await stays).toBe('a');
  });

  test('tells what controller dashboards ask', async () => {
    const clock = manualClock();
    const told: [string, number?][] = [];
    const queue = createWorkQueue({
      clock,
      observer: {
        added: () => told.push(['added']),
        retried: () => told.push(['retried']),
        waited: (seconds) => told.push(['waited', seconds]),
        worked: (seconds) => told.push(['worked', seconds]),
      },
    });
    queue.add('a');
    await clock.advance(2_000);
    await drain(queue);
    await clock.advance(3_000);
    expect(queue.state()).toMatchObject({ inWork: 1, unfinishedSeconds: 3, longestSeconds: 3 });
    queue.done('a');
    queue.retry('a');
    expect(told).toEqual([['added'], ['waited', 2], ['worked', 3], ['retried'], ['added']]);
  });

  test('keeps no trace of times that were overtaken', async () => {
    const { queue } = started();
    for (let round = 0; round < 10_000; round++) {
      queue.add('a', { afterMs: 1_000_000 });
      queue.add('a');
      for (const key of await drain(queue)) queue.done(key);
    }
    expect(queue.state().delayed).toBe(0);
  });
});

type Step =
  | { readonly do: 'add' | 'retry'; readonly key: string; readonly afterMs: number; readonly priority: number }
  | { readonly do: 'take' | 'done' | 'wait' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('add' as const, 'retry' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    afterMs: fc.constantFrom(0, 0, 5, 50, 500),
    priority: fc.constantFrom(-100, 0, 100),
  }),
  fc.record({ do: fc.constantFrom('take' as const, 'done' as const, 'wait' as const) }),
);

describe('whatever is done to a queue', () => {
  test('no key is lost, none is in work twice, and none comes before its time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, queue } = started();
        const owed = new Map<string, number>();
        const inWork: string[] = [];
        const take = async (): Promise<void> => {
          const stop = new AbortController();
          const next = queue.take(stop.signal).catch(() => undefined);
          stop.abort();
          const key = await next;
          if (key === undefined) return;
          expect(inWork).not.toContain(key);
          expect(owed.get(key)).toBeLessThanOrEqual(clock.now());
          owed.delete(key);
          inWork.push(key);
        };
        for (const one of steps) {
          if (one.do === 'add' || one.do === 'retry') {
            const at = clock.now() + one.afterMs;
            owed.set(one.key, Math.min(owed.get(one.key) ?? at, at));
            queue[one.do](one.key, one);
          } else if (one.do === 'take') await take();
          else if (one.do === 'wait') await clock.advance(20);
          else queue.done(inWork.shift() ?? '');
        }
        for (const key of inWork.splice(0)) queue.done(key);
        await clock.advance(2_000_000);
        for (let turn = 0; turn < 8; turn++) {
          await take();
          for (const key of inWork.splice(0)) queue.done(key);
        }
        expect([...owed.keys()]).toEqual([]);
        expect(queue.state()).toMatchObject({ delayed: 0, inWork: 0 });
      }),
      { numRuns: 60 },
    );
  });
});
