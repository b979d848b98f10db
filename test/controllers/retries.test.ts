import { describe, expect, test } from 'vitest';
import { createLanes } from '../../src/controllers/lanes.ts';
import { createRetries } from '../../src/controllers/retries.ts';

describe('retries', () => {
  const at = (now: number) =>
    createRetries(
      () => now,
      () => 0.5,
    );

  test('one task of an outage goes ahead every few seconds, the others wait longer and longer', () => {
    const retries = at(0);
    for (let failures = 0; failures < 8; failures += 1) {
      retries.failed('ahead', 'r', 'RegistryUnavailable');
      retries.failed('other', 'r', 'RegistryUnavailable');
    }
    expect(retries.retryAt('ahead')).toBe(3_000);
    expect(retries.retryAt('other')).toBeGreaterThan(100_000);
  });

  test('when it succeeds, those of its registry follow at once, and no others', () => {
    const retries = at(0);
    for (const key of ['a', 'b', 'c']) retries.failed(key, 'r', 'RegistryUnavailable');
    retries.failed('elsewhere', 's', 'RegistryUnavailable');
    expect(retries.succeeded('a', 'r')).toEqual(['b', 'c']);
    expect([retries.retryAt('a'), retries.retryAt('b')]).toEqual([undefined, 0]);
    expect(retries.retryAt('elsewhere')).toBeGreaterThan(0);
  });

  test('what only a change can mend is not tried again', () => {
    const retries = at(0);
    expect(retries.failed('a', 'r', 'TrustedKeyMissing')).toBeUndefined();
    expect(retries.retryAt('a')).toBeUndefined();
  });
});

describe('lanes', () => {
  test('a registry fills its own lane and nobody else’s, and the urgent ones go first', () => {
    const released: string[] = [];
    const lanes = createLanes(1, (key, urgent) => released.push(`${key} ${urgent}`));
    expect(lanes.enter('slow', 'a', false)).toBe(true);
    expect(lanes.enter('slow', 'b', false)).toBe(false);
    expect(lanes.enter('slow', 'c', true)).toBe(false);
    expect(lanes.enter('fast', 'd', false)).toBe(true);
    lanes.leave('slow');
    expect(lanes.enter('slow', 'c', true)).toBe(true);
    lanes.leave('slow');
    expect(released).toEqual(['c true', 'b false']);
  });

  test('a task that waits twice is told once', () => {
    const released: string[] = [];
    const lanes = createLanes(1, (key) => released.push(key));
    lanes.enter('r', 'a', false);
    for (const urgent of [false, true, false]) lanes.enter('r', 'b', urgent);
    lanes.leave('r');
    lanes.enter('r', 'b', false);
    lanes.leave('r');
    expect(released).toEqual(['b']);
    expect(lanes.inWork().size).toBe(0);
  });

  test('a place that was kept for a task with nothing to do goes to the next', () => {
    const released: string[] = [];
    const lanes = createLanes(1, (key) => released.push(key));
    for (const key of ['a', 'b', 'c']) lanes.enter('r', key, false);
    lanes.leave('r');
    expect(lanes.enter('r', 'late', false)).toBe(false);
    lanes.decline('b');
    expect(released).toEqual(['b', 'c']);
    expect(lanes.enter('r', 'c', false)).toBe(true);
  });
});
