/**
 * Trust roots for the command line: from `--trusted-root`, from ConfigMaps in the manifests, or from TUF repositories, which
 * are asked once, before anything is judged. Owns the flags and what is said where a mirror does not answer.
 */
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { TrustedKey } from '../api/trusted-key.ts';
import { Failure } from '../core/failure.ts';
import type { TufClient } from '../registry/tuf/client.ts';
import { publicInstance, type TufRepository, tufRepository, tufRepositoryId } from '../registry/tuf/repository.ts';
import { answerOf, endsOfRoot, stateOf, type TufState } from '../store/tuf-roots.ts';
import type { TrustRoot } from '../verify/signer.ts';
import {
  type MaterialLookup,
  repositoryOf,
  type RootSources,
  type TrustRoots,
  trustRootsOf,
} from '../verify/trust/material.ts';
import { parseTrustedRoot } from '../verify/trust/trusted-root.ts';
import { UsageError } from './exit.ts';
import { readText } from './files.ts';
import { asUsage, openTransport, type TransportFlags } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';

/** What the flags give. */
export interface TrustRootFlags extends TransportFlags {
  readonly trustedRoot?: string;
  readonly tufMirror?: string;
  readonly tufRoot?: string;
  readonly tufCache?: string;
}

/** The flags, without their variables. */
export function trustRootOptions(): readonly Option[] {
  return [
    new Option('--trusted-root <FILE>', 'Sigstore trusted_root.json for keys that do not name one; nothing is fetched'),
    new Option(
      '--tuf-mirror <URL>',
      'TUF repository of the Sigstore instance for keys that do not name one; none: fetch nothing (default: the public one)',
    ),
    new Option('--tuf-root <FILE>', 'initial root.json of --tuf-mirror'),
    new Option('--tuf-cache <DIR>', 'where trust roots are kept (default: $XDG_CACHE_HOME/image-trust/tuf)'),
  ];
}

/** Declares the flags; those of TUF can be given as variables, as the operator's. */
export function declareTrustRootFlags(command: Command): Command {
  for (const option of trustRootOptions())
    command.addOption(option.name().startsWith('tuf-') ? option.env(variableOf(option)) : option);
  return command;
}

/** `--tuf-mirror` is `IMAGE_TRUST_TUF_MIRROR`. */
export function variableOf(option: Option): string {
  return `IMAGE_TRUST_${option.name().replaceAll('-', '_').toUpperCase()}`;
}

/** Trust roots as keys name them, and what of them ends. */
export interface OpenedRoots {
  readonly roots: TrustRoots;
  readonly endsOf: (key: Pick<TrustedKey, 'spec'>) => ReturnType<typeof endsOfRoot>;
}

/** Fetches what these keys need, each repository once. Throws UsageError for flags and files that cannot be used. */
export async function openTrustRoots(
  keys: readonly Pick<TrustedKey, 'spec'>[],
  lookup: MaterialLookup,
  flags: TrustRootFlags,
  terminal: Terminal,
): Promise<OpenedRoots> {
  const sources = await rootSourcesOf(flags, terminal.cwd);
  const repositoryFor = ({ spec }: Pick<TrustedKey, 'spec'>): TufRepository | undefined =>
    repositoryOf(spec, lookup, sources);
  const needed = keys.map(repositoryFor).filter((repository) => repository !== undefined);
  const states = needed.length === 0 ? new Map<string, TufState>() : await fetchAll(needed, flags, terminal);
  const get = (repository: TufRepository): TufState => states.get(tufRepositoryId(repository)) ?? { state: 'loading' };
  const tuf = { rootOf: (repository: TufRepository) => answerOf(get(repository), repository) };
  return {
    roots: trustRootsOf(lookup, { ...sources, tuf }),
    endsOf: (key) => {
      const repository = repositoryFor(key);
      return repository === undefined ? [] : endsOfRoot(get(repository), repository);
    },
  };
}

/** What stands for keys that name no root. Throws UsageError. */
export async function rootSourcesOf(
  flags: TrustRootFlags,
  cwd: string,
): Promise<Pick<RootSources, 'given' | 'instance'>> {
  const { trustedRoot, tufMirror, tufRoot } = flags;
  const rootJson = tufRoot === undefined ? undefined : await readText(tufRoot, cwd);
  if (trustedRoot !== undefined) return { given: await readTrustRoot(trustedRoot, cwd) };
  if (tufMirror === 'none') return {};
  const open = publicInstance();
  if (tufMirror === undefined || tufMirror === open.mirror)
    return { instance: { ...open, ...(rootJson && { rootJson }) } };
  if (rootJson === undefined)
    throw new UsageError(
      `--tuf-mirror ${tufMirror}: give the initial root.json of this repository with --tuf-root FILE`,
    );
  return { instance: asUsage(() => tufRepository(tufMirror, rootJson)) };
}

/** A client of TUF repositories as the flags have it, and how to end it. Loaded when it is needed: few commands do. */
export async function openTufClient(
  flags: TrustRootFlags,
  terminal: Terminal,
  onUnkept?: (error: unknown) => void,
): Promise<{ readonly client: TufClient; readonly close: () => Promise<void> }> {
  const { createTufClient } = await import('../registry/tuf/client.ts');
  const transport = await openTransport(flags, terminal);
  const client = createTufClient({
    transport,
    folder: cacheFolder(flags, terminal),
    now: () => terminal.now().getTime(),
    ...(onUnkept === undefined ? {} : { onUnkept }),
  });
  return { client, close: () => transport.close() };
}

async function fetchAll(
  repositories: readonly TufRepository[],
  flags: TrustRootFlags,
  terminal: Terminal,
): Promise<ReadonlyMap<string, TufState>> {
  const { client, close } = await openTufClient(flags, terminal);
  try {
    const each = new Map(repositories.map((repository) => [tufRepositoryId(repository), repository]));
    const states = [...each].map(
      async ([id, repository]) => [id, await fetchOne(repository, client, terminal)] as const,
    );
    return new Map(await Promise.all(states));
  } finally {
    await close();
  }
}

async function fetchOne(repository: TufRepository, client: TufClient, terminal: Terminal): Promise<TufState> {
  try {
    const root = await client.refresh(repository, terminal.signal);
    return stateOf(root, { state: 'loading' }, terminal.now());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const kept = await client.kept(repository);
    if (kept === undefined) return { state: 'unavailable', message: error.message };
    terminal.stderr.write(`image-trust: ${error.message}; going on with the trust root that it gave before\n`);
    const state = stateOf(kept, { state: 'loading' }, undefined);
    return state.state === 'present' ? { ...state, problem: error.message } : state;
  }
}

function cacheFolder({ tufCache }: TrustRootFlags, { env, cwd }: Terminal): string | undefined {
  if (tufCache !== undefined) return resolve(cwd, tufCache);
  const caches = env['XDG_CACHE_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.cache'));
  return caches === undefined || caches === '' ? undefined : join(caches, 'image-trust', 'tuf');
}

async function readTrustRoot(file: string, cwd: string): Promise<TrustRoot> {
  const text = await readText(file, cwd);
  try {
    return parseTrustedRoot(text);
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
