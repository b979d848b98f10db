/**
 * Reads what `-f` names: a file, a folder (its .yaml, .yml and .json, with those of its sub-folders), or `-`.
 * Must never read a part of what was asked for and go on: a file that cannot be read is a usage error.
 */
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** The most that is read from one file or from standard input: a List of 20,000 Pods is about 200 MiB. */
const MAX_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const MAX_FILES = 10_000;
const MANIFEST = /\.(?:ya?ml|json)$/i;

/** A file under the name that the user will recognise. */
export interface InputFile {
  readonly name: string;
  /** Its bytes, once; a chunk is overwritten when the next is asked for. Throws UsageError. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The files behind all `-f` arguments, in a stable order. Throws UsageError; nothing is read yet. */
export async function readInputs(names: readonly string[], terminal: Terminal): Promise<readonly InputFile[]> {
  const inputs: InputFile[] = [];
  for (const name of names) {
    if (name === '-') inputs.push({ name: '<stdin>', chunks: terminal.stdin(MAX_BYTES) });
    else inputs.push(...(await readPath(name, terminal.cwd)));
  }
  return inputs;
}

/** One file as text. Throws UsageError that names the flag's file. */
export async function readText(name: string, cwd: string): Promise<string> {
  try {
    const path = resolve(cwd, name);
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new UsageError(`${name}: is larger than ${MAX_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function readPath(name: string, cwd: string): Promise<readonly InputFile[]> {
  const path = resolve(cwd, name);
  const info = await stat(path).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (!info.isDirectory()) return [{ name, chunks: readChunks(name, path) }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile() && MANIFEST.test(e.name)).map((e) => join(e.parentPath, e.name));
  if (files.length === 0) throw new UsageError(`${name}: is a folder without .yaml, .yml or .json files`);
  if (files.length > MAX_FILES) throw new UsageError(`${name}: holds more than ${MAX_FILES} manifests`);
  return files.sort().map((file) => {
    const shown = join(name, file.slice(path.length + 1));
    return { name: shown, chunks: readChunks(shown, file) };
  });
}

/** Reads into one buffer again and again: the memory of new ones is let go of long after it was used. */
async function* readChunks(name: string, path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  try {
    await using file = await open(path);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      size += bytesRead;
      if (size > MAX_BYTES) throw new UsageError(`${name}: is larger than ${MAX_BYTES} bytes`);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') return new UsageError(`${name}: there is no such file or folder`);
  if (code === 'EACCES') return new UsageError(`${name}: may not be read (permission denied)`);
  return new UsageError(`${name}: cannot be read${code === '' ? '' : ` (${code})`}`);
}
