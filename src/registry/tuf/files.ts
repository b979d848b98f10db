/**
 * The files that a TUF repository came to: metadata by name and the trusted root, as one value that is kept on disk as a
 * whole or not at all. Owns reading, writing and their bounds; must never say that any of it is to be trusted.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject } from '../../core/strict-json.ts';
import { TRUSTED_ROOT } from './repository.ts';

/** Everything that a client remembers of a repository. */
export interface TufFiles {
  /** `root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, and delegated ones that were needed. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly trustedRoot: string;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** As the library writes them: roles, percent-encoded. */
const METADATA_NAME = /^[A-Za-z0-9_.%~-]{1,200}\.json$/;

/** What was kept of the repository with this identity; undefined where nothing was, or nothing that can be read. */
export async function readKept(folder: string, id: string): Promise<TufFiles | undefined> {
  try {
    const file = await open(fileOf(folder, id));
    try {
      if ((await file.stat()).size > MAX_BYTES) return undefined;
      return filesIn(JSON.parse(await file.readFile('utf8')));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Keeps it: another process sees the files before or after, never some of each. Throws what the file system throws. */
export async function keep(folder: string, id: string, files: TufFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  const draft = `${fileOf(folder, id)}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, JSON.stringify(files), { flag: 'wx' });
    await rename(draft, fileOf(folder, id));
  } finally {
    await rm(draft, { force: true });
  }
}

/** Runs with a folder of its own, in which the library finds what is known. Its targets lie in `targets`. */
export async function inFolder<T>(files: TufFiles | undefined, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'image-trust-tuf-'));
  try {
    await mkdir(join(folder, 'targets'));
    for (const [name, text] of Object.entries(files?.metadata ?? {})) await writeFile(join(folder, name), text);
    if (files !== undefined) await writeFile(join(folder, 'targets', TRUSTED_ROOT), files.trustedRoot);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files that the library left in its folder. */
export async function filesOf(folder: string): Promise<TufFiles> {
  const names = (await readdir(folder)).filter((name) => METADATA_NAME.test(name));
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const),
  );
  const trustedRoot = await readFile(join(folder, 'targets', TRUSTED_ROOT), 'utf8');
  return { metadata: Object.fromEntries(texts), trustedRoot };
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

function filesIn(value: unknown): TufFiles | undefined {
  if (!isJsonObject(value)) return undefined;
  const { metadata, trustedRoot } = value;
  if (!isJsonObject(metadata) || typeof trustedRoot !== 'string') return undefined;
  const texts = Object.entries(metadata).flatMap(([name, text]) =>
    METADATA_NAME.test(name) && typeof text === 'string' ? [[name, text] as const] : [],
  );
  return { metadata: Object.fromEntries(texts), trustedRoot };
}
