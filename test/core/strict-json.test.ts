import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { isJsonObject, parseStrictJson } from '../../src/core/strict-json.ts';
import { valueOrFailure, RUNS } from '../support/hostile.ts';

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe('parseStrictJson refuses what another parser could read in another way', () => {
  test.each([
    ['a duplicate key', '{"a":1,"a":2}', /"a" twice/],
    ['a duplicate key by another spelling', String.raw`{"a":1,"\u0061":2}`, /twice/],
    ['a duplicate key deep inside', '{"x":[{"y":{"k":1,"z":[],"k":2}}]}', /"k" twice/],
    ['a duplicate after a nested object', '{"a":{"b":1},"a":2}', /"a" twice/],
    ['a duplicate empty key', '{"":1,"":2}', /twice/],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', /twice/],
    ['trailing data', '{} {}', /one well-formed document/],
    ['nothing', '', /one well-formed document/],
    ['a byte order mark', '\uFEFF{}', /one well-formed document/],
    ['a comment', '{/**/}', /one well-formed document/],
    ['NaN', '[NaN]', /one well-formed document/],
    ['a lone surrogate', '"\ud800"', /lone surrogate/],
    ['an escaped lone surrogate', String.raw`"\ud800"`, /escaped lone surrogate/],
    ['an escaped lone surrogate in a key', String.raw`{"\udc00":1}`, /escaped lone surrogate/],
  ])('%s', (_, text, message) => {
    expect(() => parseStrictJson(text)).toThrow(message);
    expect(() => parseStrictJson(text)).toThrow(Failure);
  });

  test('invalid UTF-8, an overlong form, and a surrogate in UTF-8', () => {
    for (const input of [bytes(0x22, 0xff, 0x22), bytes(0x22, 0xc0, 0xa2, 0x22), bytes(0x22, 0xed, 0xa0, 0x80, 0x22)]) {
      expect(() => parseStrictJson(input)).toThrow(/UTF-8/);
    }
  });

  test('depth and size beyond the limits, without exhausting the stack', () => {
    expect(() => parseStrictJson(deep(65))).toThrow(/64 levels/);
    expect(parseStrictJson(deep(64))).toBeInstanceOf(Array);
    expect(() => parseStrictJson(deep(200_000))).toThrow(/levels/);
    // Before JSON.parse, which spends seconds on these (measured: 1.4 s).
    const started = process.threadCpuUsage();
    expect(() => parseStrictJson('['.repeat(16 * 1024 * 1024))).toThrow(/levels/);
    const { user, system } = process.threadCpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(300);
    expect(() => parseStrictJson('[1]', { maxBytes: 2 })).toThrow(/at most 2 bytes/);
    expect(() => parseStrictJson('{"a":{}}', { maxDepth: 1 })).toThrow(/1 levels/);
  });

  test('a message never repeats the document', () => {
    expect(() => parseStrictJson('{"password": hunter2}')).toThrow(/^(?!.*hunter2)/);
  });
});

describe('parseStrictJson reads what is unambiguous', () => {
  test.each([
    ['the same key in two objects', '[{"a":1},{"a":2}]'],
    ['a key as a value', '{"a":"a","b":["a","b"]}'],
    ['structure inside strings', String.raw`{"a":"{\"a\":1,\"a\":2}","b":"\\","c":"]}"}`],
    ['an escaped pair of surrogates', String.raw`"\ud83d\ude00"`],
  ])('%s', (_, text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  test('a __proto__ key is an own property and changes no prototype', () => {
    const value = parseStrictJson('{"__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(isJsonObject(value) && Object.hasOwn(value, '__proto__')).toBe(true);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('everything that JSON.stringify writes, from text and from bytes', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'small' }), (text) => {
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]/iu.test(text));
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
        expect(parseStrictJson(new TextEncoder().encode(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('any text ends in a value or a Failure', () => {
    const alphabet = fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'a', '1', 'u0061', ' ', '"a"', '"a":1');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        const value = valueOrFailure(() => parseStrictJson(text));
        expect(value).toEqual(value === undefined ? undefined : JSON.parse(text));
      }),
      { numRuns: RUNS },
    );
  });
});
