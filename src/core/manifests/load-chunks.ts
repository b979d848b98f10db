/**
 * Manifests out of bytes that arrive in pieces. Short input, and whatever is not a JSON list, is read whole; of a long
 * JSON list each item is parsed when it is complete, and of a Pod only what is read later is kept: 10,000 Pods are
 * 100 MB of text. Must never accept what the whole text would not have been accepted for.
 */
import { Failure } from '../failure.ts';
import { parseStrictJson } from '../strict-json.ts';
import { isMapping, type Mapping } from './field.ts';
import { createItemSplitter, type JsonItem } from './json-items.ts';
import { type ItemPlace, type LoadedManifests, loadItem, loadManifests } from './load.ts';
import { podEssentials } from './pod-essentials.ts';
import type { ManifestProblem } from './problem.ts';

/** Up to here the text is read whole: then every problem has its exact place. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/**
 * Reads the objects of one file, whose name is for messages only. A chunk is done with before the next is asked for.
 * Throws what the chunks throw.
 */
export async function loadManifestChunks(chunks: AsyncIterable<Uint8Array>, file: string): Promise<LoadedManifests> {
  const first: Uint8Array[] = [];
  let size = 0;
  const iterator = chunks[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    first.push(Uint8Array.from(next.value));
    size += next.value.length;
    if (size > WHOLE_BYTES) return loadLong(first, iterator, file);
  }
  return loadManifests(Buffer.concat(first).toString('utf8'), file);
}

async function loadLong(
  first: readonly Uint8Array[],
  others: AsyncIterator<Uint8Array>,
  file: string,
): Promise<LoadedManifests> {
  const list = startList(file);
  for (const chunk of first) list.write(chunk);
  for (let next = await others.next(); next.done !== true; next = await others.next()) list.write(next.value);
  return list.end();
}

/** A list under way. */
function startList(file: string): { write(chunk: Uint8Array): void; end(): LoadedManifests } {
  const splitter = createItemSplitter();
  const items: Loaded[] = [];
  return {
    write(chunk) {
      for (const item of splitter.write(chunk)) items.push(parseItem(item));
    },
    end() {
      const rest = splitter.end();
      if (items.length === 0) return loadManifests(rest, file);
      const head = parseHead(rest);
      if (head === undefined) return { documents: [], problems: [brokenList(file)] };
      const loaded = items.map((item, index) => place(item, { head, index, file }));
      return {
        documents: loaded.flatMap(({ documents }) => documents),
        problems: loaded.flatMap(({ problems }) => problems),
      };
    },
  };
}

/** An item that was parsed, or the text of one that cannot be. */
interface Loaded {
  readonly item: Omit<JsonItem, 'text'>;
  readonly value: Mapping | string;
}

function parseItem({ text, line, column }: JsonItem): Loaded {
  try {
    const value = parseStrictJson(text, { maxBytes: Number.POSITIVE_INFINITY });
    return { item: { line, column }, value: isMapping(value) ? podEssentials(value) : text };
  } catch (error) {
    if (error instanceof Failure) return { item: { line, column }, value: text };
    throw error;
  }
}

/** What is left must be a list, with all of its items taken out. */
function parseHead(rest: string): Mapping | undefined {
  try {
    const head = parseStrictJson(rest.replace(/^\uFEFF/, ''), { maxBytes: Number.POSITIVE_INFINITY });
    const whole = isMapping(head) && Array.isArray(head['items']) && head['items'].length === 0;
    return whole && typeof head['kind'] === 'string' && head['kind'].endsWith('List') ? head : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function brokenList(file: string): ManifestProblem {
  const expected = 'one JSON document of kind List, whose items are objects with a comma between them';
  const advice = 'is the file whole? look at its end first';
  return { file, document: 1, path: [], expected, found: 'something else', advice };
}

function place({ item, value }: Loaded, { head, index, file }: Omit<ItemPlace, 'position'>): LoadedManifests {
  const position = { line: item.line, column: item.column };
  if (typeof value !== 'string') return loadItem(value, { head, index, file, position });
  const { problems } = loadManifests(value, file);
  const shifted = problems.map(
    (problem): ManifestProblem => ({
      ...problem,
      path: ['items', index, ...problem.path],
      position:
        problem.position === undefined
          ? position
          : { ...problem.position, line: problem.position.line + item.line - 1 },
    }),
  );
  const unread: ManifestProblem = {
    file,
    document: 1,
    position,
    path: ['items', index],
    expected: 'a well-formed JSON object',
    found: 'something else',
  };
  return { documents: [], problems: shifted.length === 0 ? [unread] : shifted };
}
