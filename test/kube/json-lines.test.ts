import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLines } from '../../src/kube/json-lines.ts';

async function* inPieces(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(text: string, ...sizes: number[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(inPieces(text, sizes))) values.push(value);
  return values;
}

describe('lines of JSON', () => {
  test('are the same in pieces of any size', async () => {
    const json = fc.jsonValue({ noUnicodeString: false });
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (values, sizes) => {
          const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
          expect(await read(text, ...sizes)).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ['nothing', '', []],
    ['empty lines', '\n\r\n \n', []],
    ['a last line without its end', '{"a":1}\n{"b":2}', [{ a: 1 }, { b: 2 }]],
    ['Windows line ends', '{"a":1}\r\n{"b":2}\r\n', [{ a: 1 }, { b: 2 }]],
  ])('%s', async (_, text, expected) => {
    expect(await read(text, 3)).toEqual(expected);
  });

  test.each([
    ['a line that is cut off', '{"a":1}\n{"b":'],
    ['a line that is no JSON', '<html>\n'],
  ])('%s is an error, not an end', async (_, text) => {
    await expect(read(text, 5)).rejects.toThrow(SyntaxError);
  });

  test('a line without end is refused before it fills the memory', async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (const chunk = Buffer.alloc(1024 * 1024, 'x'); ; ) yield chunk;
    };
    const reading = (async () => {
      for await (const value of jsonLines(endless())) void value;
    })();
    await expect(reading).rejects.toThrow(RangeError);
  });
});
