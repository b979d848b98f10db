import * as fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { createTagAnswers, type TagAnswers } from '../../src/core/tag-answers.ts';
import { digestOf, useOf } from '../support/builders.ts';

const A = digestOf('a');
const B = digestOf('b');
const TAG = 'registry.example.com/shop/cart:v1';
const OTHER = 'registry.example.com/shop/till:v1';

let tags: TagAnswers;
beforeEach(() => {
  tags = createTagAnswers();
});

test('an answer reaches all who asked, and those who ask later', () => {
  tags.resolve('pod/1', [useOf(TAG)]);
  tags.resolve('pod/2', [useOf(TAG), useOf(OTHER)]);
  expect(tags.answer(TAG, A).map(([source]) => source)).toEqual(['pod/1', 'pod/2']);
  expect(tags.resolve('pod/3', [useOf(TAG)]).map(({ digest }) => digest)).toEqual([A]);
});

test('the same answer again is news to nobody', () => {
  tags.resolve('pod/1', [useOf(TAG)]);
  tags.answer(TAG, A);
  expect(tags.answer(TAG, A)).toEqual([]);
  expect(tags.answer(TAG, B).map(([source]) => source)).toEqual(['pod/1']);
});

test('an answer that nobody asked for is not kept', () => {
  expect(tags.answer(TAG, A)).toEqual([]);
  expect(tags.size).toBe(0);
});

test('an answer is kept as long as one source asks', () => {
  tags.resolve('pod/1', [useOf(TAG)]);
  tags.resolve('pod/2', [useOf(TAG)]);
  tags.answer(TAG, A);
  tags.resolve('pod/1', []);
  expect(tags.size).toBe(1);
  tags.resolve('pod/2', [useOf(`${TAG}@${A}`)]);
  expect(tags.size).toBe(0);
});

test('a Pod that asks after all others are gone is not told what the tag was', () => {
  tags.resolve('pod/1', [useOf(TAG)]);
  tags.answer(TAG, A);
  tags.resolve('pod/1', []);
  expect(tags.resolve('pod/2', [useOf(TAG)]).map(({ digest }) => digest)).toEqual([undefined]);
});

test('a source that asks something else gives up what it asked before', () => {
  tags.resolve('pod/1', [useOf(TAG)]);
  tags.answer(TAG, A);
  tags.resolve('pod/1', [useOf(OTHER)]);
  expect(tags.size).toBe(0);
  expect(tags.answer(OTHER, B).map(([source]) => source)).toEqual(['pod/1']);
});

test('whatever comes and goes, no more answers are kept than tags are asked for', () => {
  const source = fc.constantFrom('pod/1', 'pod/2', 'pod/3');
  const tag = fc.constantFrom(TAG, OTHER, 'registry.example.com/shop/door:v1');
  const step = fc.oneof(
    fc.record({ source, asks: fc.uniqueArray(tag) }),
    fc.record({ tag, digest: fc.constantFrom(A, B) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const answers = createTagAnswers();
      const asked = new Map<string, readonly string[]>();
      for (const each of steps) {
        if ('tag' in each) answers.answer(each.tag, each.digest);
        else {
          asked.set(each.source, each.asks);
          answers.resolve(
            each.source,
            each.asks.map((one) => useOf(one)),
          );
        }
      }
      expect(answers.size).toBeLessThanOrEqual(new Set([...asked.values()].flat()).size);
    }),
  );
});
