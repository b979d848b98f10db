/**
 * The files of an OCI image layout, in a folder or in a tar archive (plain, gzip or zstd). Archives are read as a stream
 * and never extracted: names in them choose nothing but a key of a map. Owns the caps; must never hash or parse.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadEntry } from 'tar';
import { Failure, invalid } from '../core/failure.ts';
import { demandRunning } from './abort.ts';

/** Reads files of one state of a layout by name (`index.json`, `blobs/sha256/…`). */
export interface LayoutFiles {
  /** The content, or undefined where there is no such file. Throws invalid where it is larger than `maxBytes`. */
  read(name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** Changes whenever the layout does. Throws unavailable where there is nothing at the path. */
export async function layoutVersion(path: string): Promise<string> {
  const found = await statOf(path);
  if (found === undefined)
    throw new Failure({ kind: 'unavailable' }, `oci:${path}: there is no OCI layout at this path`);
  const index = found.isDirectory() ? await statOf(join(path, 'index.json')) : found;
  return index === undefined ? 'none' : `${index.ino}-${index.size}-${index.mtimeMs}`;
}

/** Opens the layout at a path: a folder, or an archive. */
export async function openLayoutFiles(path: string, signal: AbortSignal): Promise<LayoutFiles> {
  const found = await statOf(path);
  if (found?.isDirectory() === true) return { read: (name, maxBytes) => readFrom(path, name, maxBytes) };
  if (found?.isFile() === true) return openArchive(path, signal);
  throw new Failure({ kind: 'unavailable' }, `oci:${path}: there is neither a folder nor an archive at this path`);
}

/** Only regular files: a pipe or a device would block or never end. */
async function readFrom(folder: string, name: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const path = join(folder, name);
  const found = await statOf(path);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw invalid(`oci:${path}`, 'a regular file', 'something else');
  const file = await open(path).catch((error: unknown) => unreadable(path, error));
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw tooLarge(path, maxBytes, size);
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Small files are kept in memory, up to this much: manifests, signatures, bundles. */
const SMALL_BYTES = 256 * 1024;
const KEPT_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 200_000;

async function openArchive(path: string, signal: AbortSignal): Promise<LayoutFiles> {
  const sizes = new Map<string, number>();
  const small = new Map<string, Uint8Array>();
  let kept = 0;
  await scan(path, signal, (name, size) => {
    if (sizes.size >= MAX_ENTRIES) throw invalid(`oci:${path}`, `at most ${MAX_ENTRIES} entries`, 'more');
    sizes.set(name, size);
    small.delete(name);
    if (size > SMALL_BYTES || kept + size > KEPT_BYTES) return undefined;
    kept += size;
    return (content) => small.set(name, content);
  });
  return {
    async read(name, maxBytes, ending) {
      const size = sizes.get(name);
      if (size === undefined) return undefined;
      if (size > maxBytes) throw tooLarge(`${path}/${name}`, maxBytes, size);
      return small.get(name) ?? readAgain(path, name, ending);
    },
  };
}

/** A larger file is looked up in the archive when it is asked for, which is rare: signatures are small. */
async function readAgain(path: string, wanted: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  let found: Uint8Array | undefined;
  await scan(path, signal, (name) => {
    if (name !== wanted) return undefined;
    return (content) => {
      found = content;
    };
  });
  return found;
}

/** Says for each regular file whether its content is wanted, and by whom. */
type Choose = (name: string, size: number) => ((content: Uint8Array) => void) | undefined;

async function scan(path: string, signal: AbortSignal, choose: Choose): Promise<void> {
  // Loaded for archives only: at every other start it would cost 20 ms and 10 MB for nothing (measured).
  const { Parser } = await import('tar');
  const problems: Error[] = [];
  const parser = new Parser({
    onReadEntry: (entry) => {
      try {
        collect(entry, choose);
      } catch (error) {
        problems.push(error instanceof Error ? error : new Error('unreadable entry'));
        entry.resume();
      }
    },
    onwarn: (code, message) => {
      if (code !== 'TAR_ENTRY_INFO')
        problems.push(invalid(`oci:${path}`, 'an OCI layout as folder or tar archive', message));
    },
  });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      demandRunning(signal, `oci:${path}`);
      if (Buffer.isBuffer(chunk)) feed(() => parser.write(chunk), path);
      if (problems[0] !== undefined) throw problems[0];
    }
  } catch (error) {
    unreadable(path, error);
  }
  feed(() => parser.end(), path);
  if (problems[0] !== undefined) throw problems[0];
}

/** What the decompressor or the parser throws is about the content: the archive is not one. */
function feed(step: () => void, path: string): void {
  try {
    step();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message : 'something else';
    throw invalid(`oci:${path}`, 'an OCI layout as folder or tar archive', why.slice(0, 200));
  }
}

function collect(entry: ReadEntry, choose: Choose): void {
  const take =
    entry.type === 'File' || entry.type === 'OldFile'
      ? choose(entry.path.replace(/^(?:\.\/)+/, ''), entry.size)
      : undefined;
  if (take === undefined) {
    entry.resume();
    return;
  }
  const chunks: Buffer[] = [];
  entry.on('data', (chunk) => chunks.push(chunk));
  entry.on('end', () => take(Buffer.concat(chunks)));
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    return unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): never {
  if (codeOf(error) === undefined) throw error;
  throw new Failure({ kind: 'unavailable' }, `oci:${path}: cannot be read (${codeOf(error)})`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function tooLarge(path: string, maxBytes: number, size: number): Failure {
  return invalid(`oci:${path}`, `at most ${maxBytes} bytes`, `${size}`);
}
