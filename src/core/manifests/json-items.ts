/**
 * The items of a JSON list (`kubectl get pods -A -o json`) out of bytes that arrive in pieces, so that a cluster's Pods
 * need not be in memory as text and as values at the same time. Owns where an item begins and ends, and nothing else:
 * every piece that it hands out has still to be parsed, strictly, and so has what is left when the items are taken out.
 */

/** One element of `items`, as it is written. */
export interface JsonItem {
  readonly text: string;
  /** Where it begins; 1-based line, 1-based column in bytes. */
  readonly line: number;
  readonly column: number;
}

/** Takes items out of a document. */
export interface ItemSplitter {
  /** The items that end in this piece, which may be overwritten afterwards. */
  write(chunk: Uint8Array): readonly JsonItem[];
  /** The document without its items: `{"kind":"List","items":[]}`; all of it where it is no such list. */
  end(): string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const ITEMS = '"items"';
const SCRATCH_BYTES = 64 * 1024;

/** Where the walk stands. */
interface Walk {
  depth: number;
  inText: boolean;
  escaped: boolean;
  /** In the array `items` of the outermost object. */
  inItems: boolean;
  /** The last text at depth 1, while nothing but white space and a colon has followed it. */
  key: string;
  line: number;
  column: number;
  /** A comma has to come before the next item; one that is missing or too many stays in the rest, which then fails. */
  separated: boolean;
  /** There was an item before. */
  taken: boolean;
}

/** A splitter at the beginning of a document. */
export function createItemSplitter(): ItemSplitter {
  const walk = { depth: 0, inText: false, escaped: false, inItems: false, key: '', line: 1, column: 0 };
  const parts: Parts = {
    walk: { ...walk, separated: true, taken: false },
    rest: createScratch(),
    item: createScratch(),
    begun: undefined,
  };
  return {
    write: (chunk) => split(parts, chunk),
    end: () => parts.rest.take() + parts.item.take(),
  };
}

interface Parts {
  readonly walk: Walk;
  /** The document without its items, so far. */
  readonly rest: Scratch;
  /** The item under way. */
  readonly item: Scratch;
  begun: Pick<JsonItem, 'line' | 'column'> | undefined;
}

/** Bytes that are gathered, and read as one text. One buffer for all: new ones would be let go of far too late. */
interface Scratch {
  add(bytes: Uint8Array): void;
  take(): string;
}

function createScratch(): Scratch {
  let buffer = Buffer.allocUnsafe(SCRATCH_BYTES);
  let length = 0;
  return {
    add(bytes) {
      if (length + bytes.length > buffer.length) {
        const larger = Buffer.allocUnsafe(2 * (length + bytes.length));
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      buffer.set(bytes, length);
      length += bytes.length;
    },
    take() {
      const text = buffer.toString('utf8', 0, length);
      length = 0;
      return text;
    },
  };
}

function split(parts: Parts, chunk: Uint8Array): readonly JsonItem[] {
  const { walk } = parts;
  const items: JsonItem[] = [];
  /** Where the part begins that goes, as a whole, into the item under way or into the rest. */
  let from = 0;
  for (let at = 0; at < chunk.length; at += 1) {
    const event = step(walk, chunk[at] ?? 0);
    if (event === undefined) continue;
    keep(parts, chunk, from, event === 'end' ? at + 1 : at);
    // A comma between two items that are taken out is not part of what is left.
    from = event === 'end' || event === 'comma' ? at + 1 : at;
    if (event === 'begin') parts.begun = { line: walk.line, column: walk.column };
    // It was left out in the hope of another item: now what is left must not parse.
    if (event === 'stray-comma') parts.rest.add(Uint8Array.of(COMMA));
    if (event === 'end') items.push(...finish(parts));
  }
  keep(parts, chunk, from, chunk.length);
  return items;
}

function keep({ begun, rest, item }: Parts, chunk: Uint8Array, from: number, to: number): void {
  if (to > from) (begun === undefined ? rest : item).add(chunk.subarray(from, to));
}

function finish(parts: Parts): readonly JsonItem[] {
  const { begun, item } = parts;
  parts.begun = undefined;
  return begun === undefined ? [] : [{ text: item.take(), ...begun }];
}

type Event = 'begin' | 'end' | 'comma' | 'stray-comma' | undefined;

/** One byte. Only braces, brackets, quotes and commas matter, and UTF-8 has none of them inside a character. */
function step(walk: Walk, unit: number): Event {
  if (unit === NEWLINE) {
    walk.line += 1;
    walk.column = 0;
    return undefined;
  }
  walk.column += 1;
  if (walk.inText) return inText(walk, unit);
  switch (unit) {
    case QUOTE:
      walk.inText = true;
      if (walk.depth === 1) walk.key = '"';
      return undefined;
    case 0x7b: // {
    case 0x5b: // [
      return open(walk, unit);
    case 0x7d: // }
    case 0x5d: // ]
      return close(walk);
    case COMMA:
      walk.key = '';
      return betweenItems(walk) ? comma(walk) : undefined;
    default:
      return undefined;
  }
}

function inText(walk: Walk, unit: number): undefined {
  if (walk.depth === 1 && walk.key.length < ITEMS.length + 1) walk.key += String.fromCharCode(unit);
  if (walk.escaped) walk.escaped = false;
  else if (unit === BACKSLASH) walk.escaped = true;
  else if (unit === QUOTE) walk.inText = false;
  return undefined;
}

function open(walk: Walk, unit: number): Event {
  if (walk.depth === 1 && unit === 0x5b && walk.key === ITEMS) {
    walk.inItems = true;
    walk.separated = true;
  }
  const begins = betweenItems(walk) && unit === 0x7b && walk.separated;
  walk.depth += 1;
  walk.key = '';
  return begins ? 'begin' : undefined;
}

function close(walk: Walk): Event {
  walk.depth -= 1;
  if (!walk.inItems) return undefined;
  if (walk.depth === 1) {
    walk.inItems = false;
    return walk.separated && walk.taken ? 'stray-comma' : undefined;
  }
  if (walk.depth !== 2 || !walk.separated) return undefined;
  walk.separated = false;
  walk.taken = true;
  return 'end';
}

function comma(walk: Walk): Event {
  if (walk.separated) return undefined;
  walk.separated = true;
  return 'comma';
}

function betweenItems(walk: Walk): boolean {
  return walk.inItems && walk.depth === 2;
}
