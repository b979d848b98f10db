import { describe, expect, it } from 'vitest';
import { createController, DONE } from '../../src/controllers/controller.ts';
import { createTurns } from '../../src/controllers/turns.ts';
import { systemClock } from '../../src/registry/clock.ts';
import { fakeClock } from '../support/clock.ts';

/** A clock that counts the turns that were asked for. */
function turningClock() {
  const clock = fakeClock();
  const asked: number[] = [];
  const turn = async (): Promise<void> => {
    asked.push(clock.now());
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...clock, turn, asked };
}

describe('turns', () => {
  it('go on while there is time, and are over when it is up', async () => {
    const clock = turningClock();
    const turns = createTurns(clock);
    clock.advance(9);
    expect(turns.isOver()).toBe(false);
    clock.advance(1);
    expect(turns.isOver()).toBe(true);
    await turns.next();
    expect(turns.isOver()).toBe(false);
  });

  it('are shared: who comes while others wait waits for the same turn', async () => {
    const clock = turningClock();
    const turns = createTurns(clock);
    await Promise.all([turns.next(), turns.next(), turns.next()]);
    expect(clock.asked).toHaveLength(1);
  });

  it('are used up by the first of those who waited, and the others wait again', async () => {
    const clock = turningClock();
    const turns = createTurns(clock);
    clock.advance(10);
    const long = async (): Promise<number> => {
      while (turns.isOver()) await turns.next();
      clock.advance(10);
      return clock.asked.length;
    };
    expect(await Promise.all([long(), long(), long()])).toEqual([1, 2, 3]);
  });

  it('are over on a clock that was set back', () => {
    const clock = turningClock();
    const turns = createTurns(clock);
    clock.advance(-3_600_000);
    expect(turns.isOver()).toBe(true);
  });

  it('are never over where nobody else waits', () => {
    const clock = fakeClock();
    const turns = createTurns(clock);
    clock.advance(1_000);
    expect(turns.isOver()).toBe(false);
  });
});

it('work that waits for nothing lets timers fire in between', async () => {
  const stop = new AbortController();
  const keys = Array.from({ length: 40 }, (_, number) => `key-${number}`);
  let done = 0;
  const controller = createController({
    name: 'busy',
    clock: systemClock,
    concurrency: 4,
    reconcile: async () => {
      const until = performance.now() + 3;
      while (performance.now() < until);
      done += 1;
      if (done === keys.length) stop.abort();
      return DONE;
    },
  });
  for (const key of keys) controller.add(key);
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(done), 1);
  await controller.run(stop.signal, new AbortController().signal);
  clearInterval(timer);
  expect(done).toBe(keys.length);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.every((now, index) => now - (seen[index - 1] ?? 0) < keys.length / 2)).toBe(true);
});
