/**
 * Edits of encodings that are trees of items with lengths (DER, CBOR), with all lengths around an edit put right: what
 * gets past the outermost check. Items wrapped in byte strings (a protected header, an extension) are edited as well.
 */
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** An item: its kind (the DER tag, or the CBOR major type and argument), and what is in it. */
interface Item {
  readonly kind: number;
  /** Argument of a CBOR item that has no content. */
  readonly value: bigint;
  readonly content: Buffer;
  readonly children: readonly Item[] | undefined;
}

/** How one of the encodings is read and written. Reading gives undefined for bytes that are not one whole run of items. */
interface Encoding {
  read(bytes: Buffer, depth: number): readonly Item[] | undefined;
  write(item: Item): Buffer;
}

const MAX_DEPTH = 12;

/** One edit of DER; of its bytes where they are not DER. */
export function mutateDer(bytes: Buffer, random: Random): Buffer {
  return mutateEncoded(bytes, DER, random);
}

/** One edit of CBOR; of its bytes where they are not CBOR. */
export function mutateCbor(bytes: Buffer, random: Random): Buffer {
  return mutateEncoded(bytes, CBOR, random);
}

function mutateEncoded(bytes: Buffer, encoding: Encoding, random: Random): Buffer {
  const items = random.oneIn(6) ? undefined : encoding.read(bytes, 0);
  if (items === undefined) return mutateBytes(bytes, random);
  return Buffer.concat(editItems(items, random).map((item) => encoding.write(item)));
}

function editItems(items: readonly Item[], random: Random): readonly Item[] {
  const at = random.below(items.length);
  const item = items[at];
  if (item === undefined) return items;
  const { children } = item;
  if (children !== undefined && children.length > 0 && !random.oneIn(5)) {
    return items.with(at, { ...item, children: editItems(children, random) });
  }
  const other = random.below(items.length);
  switch (random.below(7)) {
    case 0:
      return items.toSpliced(at, 1);
    case 1:
      return items.toSpliced(at, 0, item);
    case 2:
      return items.with(at, items[other] ?? item).with(other, item);
    case 3:
      return items.with(at, { ...item, kind: item.kind ^ (1 << random.below(8)) });
    case 4:
      return items.with(at, { ...item, children: [item] });
    case 5:
      return items.with(at, {
        ...item,
        value: item.value ^ (1n << BigInt(random.below(32))),
        content: Buffer.alloc(0),
        children: undefined,
      });
    default:
      return items.with(at, { ...item, content: mutateBytes(item.content, random), children: undefined });
  }
}

/** DER with tags of one octet. Constructed items are taken apart, and strings that hold DER. */
const DER: Encoding = {
  read(bytes, depth) {
    const items: Item[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = derLength(bytes, at + 1);
      if (length === undefined || length.end > bytes.length) return undefined;
      const kind = bytes[at] ?? 0;
      const content = bytes.subarray(length.start, length.end);
      const opens = (kind & 0x20) !== 0 || kind === 0x04;
      const children = opens && depth < MAX_DEPTH && content.length > 1 ? DER.read(content, depth + 1) : undefined;
      items.push({ kind, value: 0n, content, children });
      at = length.end;
    }
    return items;
  },
  write(item) {
    const content =
      item.children === undefined ? item.content : Buffer.concat(item.children.map((child) => DER.write(child)));
    return Buffer.concat([Uint8Array.of(item.kind & 0xff), derHead(content.length), content]);
  },
};

function derLength(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first === 0x80 || first > 0x83) return undefined;
  if (first < 0x80) return { start: at + 1, end: at + 1 + first };
  const octets = first & 0x7f;
  if (at + 1 + octets > bytes.length) return undefined;
  const start = at + 1 + octets;
  return { start, end: start + bytes.readUIntBE(at + 1, octets) };
}

function derHead(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x100) return Buffer.of(0x81, length);
  if (length < 0x10000) return Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.of(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

/** CBOR of definite lengths. `kind` is the major type; `value` its argument. Byte strings that hold CBOR are taken apart. */
const CBOR: Encoding = {
  read(bytes, depth) {
    const items: Item[] = [];
    const reader = { bytes, at: 0 };
    while (reader.at < bytes.length) {
      const item = readCborItem(reader, depth);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  },
  write({ kind, value, content, children }) {
    const major = kind & 7;
    const parts = children?.map((child) => CBOR.write(child));
    if (major === 2 || major === 3) {
      const body = parts === undefined ? content : Buffer.concat(parts);
      return Buffer.concat([cborHead(major, BigInt(body.length)), body]);
    }
    if (major === 4 || major === 5) {
      const count = Math.floor((parts?.length ?? 0) / (major - 3));
      return Buffer.concat([cborHead(major, BigInt(count)), ...(parts ?? []).slice(0, count * (major - 3))]);
    }
    return Buffer.concat([cborHead(major, value), ...(parts ?? [])]);
  },
};

function readCborItem(reader: { bytes: Buffer; at: number }, depth: number): Item | undefined {
  const head = readCborHead(reader);
  if (head === undefined || depth > MAX_DEPTH) return undefined;
  const { major, value } = head;
  const base = { kind: major, value, content: Buffer.alloc(0), children: undefined };
  if (major === 2 || major === 3) {
    const content = reader.bytes.subarray(reader.at, reader.at + Number(value));
    if (content.length !== Number(value)) return undefined;
    reader.at += content.length;
    const wrapped = major === 2 && content.length > 2 ? CBOR.read(content, depth + 1) : undefined;
    return { ...base, content, children: wrapped?.length === 1 ? wrapped : undefined };
  }
  const count = major === 4 || major === 5 ? Number(value) * (major - 3) : Number(major === 6);
  if (count === 0 && major !== 4 && major !== 5) return base;
  const children: Item[] = [];
  while (children.length < count) {
    const child = readCborItem(reader, depth + 1);
    if (child === undefined) return undefined;
    children.push(child);
  }
  return { ...base, children };
}

function readCborHead(reader: { bytes: Buffer; at: number }): { major: number; value: bigint } | undefined {
  const first = reader.bytes[reader.at];
  if (first === undefined) return undefined;
  reader.at += 1;
  const short = first & 0x1f;
  if (short < 24) return { major: first >> 5, value: BigInt(short) };
  const octets = short > 27 ? 0 : 1 << (short - 24);
  if (octets === 0 || reader.at + octets > reader.bytes.length) return undefined;
  const value = BigInt(`0x${reader.bytes.subarray(reader.at, reader.at + octets).toString('hex')}`);
  reader.at += octets;
  return { major: first >> 5, value };
}

function cborHead(major: number, value: bigint): Buffer {
  const type = major << 5;
  if (value < 24n) return Buffer.of(type | Number(value));
  const sizes = [1, 2, 4, 8] as const;
  const octets = sizes.find((size) => value < 1n << BigInt(size * 8)) ?? 8;
  const argument = Buffer.from(
    BigInt.asUintN(64, value)
      .toString(16)
      .padStart(octets * 2, '0')
      .slice(-octets * 2),
    'hex',
  );
  return Buffer.concat([Uint8Array.of(type | (24 + sizes.indexOf(octets))), argument]);
}
