import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLru } from '../../src/core/lru.ts';

describe('a memory with a budget', () => {
  test('forgets what was not used for longest', () => {
    const memory = createLru<number>(2);
    memory.set('a', 1);
    memory.set('b', 2);
    memory.get('a');
    memory.set('c', 3);
    expect(['a', 'b', 'c'].filter((key) => memory.has(key))).toEqual(['a', 'c']);
  });

  test('does not take a question whether something is there for use', () => {
    const memory = createLru<number>(2);
    memory.set('a', 1);
    memory.set('b', 2);
    memory.has('a');
    memory.set('c', 3);
    expect(memory.has('a')).toBe(false);
  });

  test('counts an entry that is written again once', () => {
    const memory = createLru<number>(2);
    for (const value of [1, 2, 3]) memory.set('a', value);
    memory.set('b', 1);
    expect([memory.get('a'), memory.get('b')]).toEqual([3, 1]);
  });

  test('keeps nothing that costs more than all it may spend, not even what it was before', () => {
    const memory = createLru<number>(2);
    memory.set('a', 1);
    memory.set('a', 2, 3);
    expect(memory.get('a')).toBeUndefined();
  });

  test('gives back what was deleted', () => {
    const memory = createLru<number>(1);
    memory.set('a', 1);
    memory.delete('a');
    memory.set('b', 1);
    expect([memory.has('a'), memory.has('b')]).toEqual([false, true]);
  });
});

test('whatever is put in, what is kept fits into the budget', () => {
  const entry = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), cost: fc.integer({ min: 0, max: 12 }) });
  fc.assert(
    fc.property(fc.array(entry), fc.integer({ min: 1, max: 20 }), (entries, budget) => {
      const memory = createLru<number>(budget);
      const costs = new Map<string, number>();
      for (const { key, cost } of entries) {
        memory.set(key, cost, cost);
        costs.set(key, cost);
      }
      const kept = [...costs].filter(([key]) => memory.has(key));
      expect(kept.reduce((sum, [, cost]) => sum + cost, 0)).toBeLessThanOrEqual(budget);
    }),
  );
});
