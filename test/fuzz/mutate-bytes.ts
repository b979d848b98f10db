/** One edit of raw bytes, blind to what they mean. */
import type { Random } from './random.ts';

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x22, 0x5c, 0x0a] as const;

/** The bytes with one edit; it may happen to change nothing. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.oneIn(4) ? bytes.length : 8);
  const part = bytes.subarray(at, at + length);
  switch (random.below(8)) {
    case 0:
      return splice(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
    case 1:
      return splice(bytes, at, 1, [random.pick(EDGES)]);
    case 2:
      return splice(bytes, at, 0, [random.below(256)]);
    case 3:
      return splice(bytes, at, length, []);
    case 4:
      return splice(bytes, at, 0, part);
    case 5:
      return splice(bytes, random.below(bytes.length + 1), length, part);
    case 6:
      return bytes.subarray(0, at);
    default:
      return splice(bytes, at, 0, Buffer.alloc(1 + random.below(2000), random.pick(EDGES)));
  }
}

/** The text with one edit: of its bytes, or a word of the format's own put somewhere into it. */
export function mutateText(text: string, random: Random, words: readonly string[] = []): string {
  if (words.length === 0 || random.oneIn(3)) return mutateBytes(Buffer.from(text), random).toString();
  const at = random.below(text.length + 1);
  const word = random.pick(words).repeat(random.oneIn(8) ? 1 + random.below(300) : 1);
  return text.slice(0, at) + word + text.slice(at + random.below(6));
}

function splice(bytes: Buffer, at: number, remove: number, insert: Iterable<number>): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(insert), bytes.subarray(at + remove)]);
}
