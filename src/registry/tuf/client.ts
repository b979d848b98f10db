/**
 * A client of TUF repositories (TUF specification 1.0, client workflow): asks a mirror for its trusted root, and knows what
 * it gave last, in memory and on disk. The workflow is tuf-js'; owned here are its bounds, what is kept, and until when it
 * holds. Must never give a trusted root that is not signed as the initial root demands, or whose metadata has expired.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fetcher, Updater } from 'tuf-js';
import { Failure, invalid } from '../../core/failure.ts';
import { isJsonObject } from '../../core/strict-json.ts';
import type { Transport } from '../transport.ts';
import { createTufFetcher, OFFLINE } from './fetcher.ts';
import { filesOf, inFolder, keep, readKept, type TufFiles } from './files.ts';
import { TRUSTED_ROOT, type TufRepository, tufRepositoryId } from './repository.ts';

/** A trusted root that a repository signed, and until when. */
export interface TufRoot {
  /** Text of trusted_root.json. */
  readonly trustedRoot: string;
  /** When the first of the metadata that vouch for it expires: a mirror that works renews it before. */
  readonly expires: Date;
  /** When root.json expires: people have to sign the next one before. */
  readonly rootExpires: Date;
}

/** A client. */
export interface TufClient {
  /** What the repository gave last, where it still holds. Asks nobody; never throws. */
  kept(repository: TufRepository): Promise<TufRoot | undefined>;
  /** Asks the mirror. Throws Failure: unavailable, timeout, or invalid where what it gives is not to be trusted. */
  refresh(repository: TufRepository, signal: AbortSignal): Promise<TufRoot>;
}

/** What a client is made of. */
export interface TufClientOptions {
  readonly transport: Transport;
  /** Folder for what is to outlive the process; absent: memory alone. */
  readonly folder: string | undefined;
  readonly now: () => number;
  /** How long all requests of one refresh may take together, in milliseconds. */
  readonly timeoutMs?: number;
  /** Told that nothing can be kept on disk. */
  readonly onUnkept?: (error: unknown) => void;
}

const TIMEOUT_MS = 30_000;
/** Roots are rotated a few times a year. Each one that a mirror invents costs a request. */
const MAX_ROTATIONS = 64;

/** Makes a client. */
export function createTufClient(options: TufClientOptions): TufClient {
  const { transport, folder, now, timeoutMs = TIMEOUT_MS } = options;
  const memory = new Map<string, TufFiles>();
  const known = async (id: string): Promise<TufFiles | undefined> =>
    memory.get(id) ?? (folder === undefined ? undefined : readKept(folder, id));
  const remember = async (id: string, files: TufFiles): Promise<void> => {
    memory.set(id, files);
    if (folder === undefined) return;
    await keep(folder, id, files).catch((error: unknown) => options.onUnkept?.(error));
  };
  return {
    async kept(repository): Promise<TufRoot | undefined> {
      const files = await known(tufRepositoryId(repository));
      if (files === undefined) return undefined;
      try {
        const work: Work = { repository, files, forceCache: true, fetcher: () => OFFLINE };
        return demandUnexpired((await update(work)).root, now(), repository);
      } catch {
        return undefined;
      }
    },
    async refresh(repository, signal): Promise<TufRoot> {
      const id = tufRepositoryId(repository);
      const where = `TUF repository ${repository.mirror}`;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const fetcher = (place: string): Fetcher =>
        createTufFetcher({ transport, signal: limited, folder: place, where });
      try {
        const updated = await update({ repository, files: await known(id), forceCache: false, fetcher });
        const root = demandUnexpired(updated.root, now(), repository);
        await remember(id, updated.files);
        return root;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw explained(error, where, limited);
      }
    },
  };
}

interface Work {
  readonly repository: TufRepository;
  readonly files: TufFiles | undefined;
  readonly forceCache: boolean;
  readonly fetcher: (folder: string) => Fetcher;
}

interface Updated {
  readonly root: TufRoot;
  readonly files: TufFiles;
}

function update({ repository, files, forceCache, fetcher }: Work): Promise<Updated> {
  return inFolder(files, async (folder) => {
    const open = (): Updater =>
      new Updater({
        metadataDir: folder,
        metadataBaseUrl: repository.mirror,
        targetDir: join(folder, 'targets'),
        targetBaseUrl: `${repository.mirror}/targets`,
        forceCache,
        fetcher: fetcher(folder),
        config: { maxRootRotations: MAX_ROTATIONS },
      });
    const updater =
      (files === undefined ? undefined : opened(open)) ?? (await fromInitialRoot(repository, folder, open));
    const target = await updater.getTargetInfo(TRUSTED_ROOT);
    if (target === undefined) throw invalid(repository.mirror, `a target ${TRUSTED_ROOT}`, 'none');
    if ((await updater.findCachedTarget(target)) === undefined) await updater.downloadTarget(target);
    const left = await filesOf(folder);
    return { root: rootOf(left), files: left };
  });
}

/** Undefined where the root that was kept is none: somebody wrote into the file, and trust starts again. */
function opened(open: () => Updater): Updater | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

async function fromInitialRoot(repository: TufRepository, folder: string, open: () => Updater): Promise<Updater> {
  await writeFile(join(folder, 'root.json'), repository.rootJson);
  try {
    return open();
  } catch (error) {
    const found = error instanceof Error ? error.message : 'something else';
    throw invalid('the initial root.json', 'the root metadata of a TUF repository, signed by itself', found);
  }
}

/** All of this metadata was verified; roles that nothing was looked up in are not among it. */
function rootOf({ metadata, trustedRoot }: TufFiles): TufRoot {
  const ends = Object.values(metadata).map(expiryOf);
  return {
    trustedRoot,
    expires: new Date(Math.min(...ends)),
    rootExpires: new Date(expiryOf(metadata['root.json'] ?? '')),
  };
}

/** TUF specification, 4.3: `signed.expires`. What cannot be read has expired. */
function expiryOf(metadata: string): number {
  const document: unknown = JSON.parse(metadata);
  const signed = isJsonObject(document) ? document['signed'] : undefined;
  const expires = isJsonObject(signed) ? signed['expires'] : undefined;
  const time = typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  return Number.isNaN(time) ? 0 : time;
}

/** The library goes by the clock of the machine; ours may be another. */
function demandUnexpired(root: TufRoot, now: number, { mirror }: TufRepository): TufRoot {
  if (root.expires.getTime() > now) return root;
  throw invalid(
    `TUF repository ${mirror}`,
    'metadata that has not expired',
    `${root.expires.toISOString()} as its end`,
  );
}

/** What the library throws has no kinds but for its own bugs' sake: what was fetched is not what it has to be. */
function explained(error: unknown, where: string, limited: AbortSignal): Failure {
  if (limited.aborted) return new Failure({ kind: 'timeout' }, `${where}: it did not answer in time`);
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, 300) : 'unreadable';
  const failure = invalid(where, 'metadata and targets as its root signs them', message.replace(`${where}: `, ''));
  return new Failure(failure.detail, failure.message, { cause: error });
}
