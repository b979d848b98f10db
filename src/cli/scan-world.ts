/**
 * The world that is judged: from manifests, from a live cluster, or from a cluster with manifests in place of some of
 * its objects. Owns the flags that choose it; refuses everything that is wrong with it at once.
 */
import type { Command } from 'commander';
import { type LoadedManifests, type ManifestDocument } from '../core/manifests/load.ts';
import { loadManifestChunks } from '../core/manifests/load-chunks.ts';
import { formatProblem, type ManifestProblem } from '../core/manifests/problem.ts';
import type { CredentialProvider } from '../registry/credential.ts';
import { type ManifestWorld, readWorld } from '../core/manifests/world.ts';
import { UsageError } from './exit.ts';
import { readInputs } from './files.ts';
import { repeated } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** Flags of every command that judges a world. */
export interface WorldFlags {
  readonly filename: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Those of commands that look at registries. */
export interface PullFlags {
  readonly podPullSecrets?: boolean;
}

/** A world, and what is open for as long as it is judged. */
export interface ScanWorld extends ManifestWorld {
  /** What the Pods of the cluster pull with, where that was asked for. */
  readonly podCredentials?: CredentialProvider;
  close(): Promise<void>;
}

/** Declares the flags. */
export function declareWorldFlags(command: Command): Command {
  return command
    .option(
      '-f, --filename <FILE|DIR|->',
      'manifests: policies, keys, what they refer to, workloads (repeatable)',
      repeated,
      [],
    )
    .option('--kubeconfig <FILE>', 'judge what runs in this cluster; with -f, manifests stand in place of its objects')
    .option('--context <NAME>', 'judge what runs in the cluster of this context of the kubeconfig');
}

/** Declares the flag by which the Secrets of Pods are read. */
export function declarePullFlag(command: Command): Command {
  return command.option(
    '--pod-pull-secrets',
    'with --kubeconfig or --context: read the pull Secrets of Pods, where the policy has no credential',
  );
}

/** Reads the world; close it in the end. Throws UsageError for what the user can mend, KubeFailure where the cluster does not answer. */
export async function readScanWorld(
  flags: WorldFlags & PullFlags,
  terminal: Terminal,
  command: string,
): Promise<ScanWorld> {
  const live = flags.kubeconfig !== undefined || flags.context !== undefined;
  if (flags.filename.length === 0 && !live)
    throw new UsageError(
      `${command}: give manifests with -f FILE, -f DIR or -f -, or a cluster with --kubeconfig FILE or --context NAME`,
    );
  if (flags.podPullSecrets === true && !live)
    throw new UsageError('--pod-pull-secrets: give the cluster whose Secrets are meant with --kubeconfig or --context');
  const given = await readManifests(flags.filename, terminal);
  if (live) return readClusterToo(given, flags, terminal);
  return { ...worldOf(given.documents, given.problems), close: () => Promise.resolve() };
}

async function readManifests(names: readonly string[], terminal: Terminal): Promise<LoadedManifests> {
  const loaded: LoadedManifests[] = [];
  for (const { name, chunks } of await readInputs(names, terminal)) loaded.push(await loadManifestChunks(chunks, name));
  return {
    documents: loaded.flatMap(({ documents }) => documents),
    problems: loaded.flatMap(({ problems }) => problems),
  };
}

/** Everything that is wrong with the manifests is said at once, and then nothing is verified. */
function worldOf(documents: readonly ManifestDocument[], found: readonly ManifestProblem[]): ManifestWorld {
  const { world, problems } = readWorld(documents);
  const all = [...found, ...problems];
  if (all.length === 0) return world;
  const count = all.length === 1 ? '1 problem' : `${all.length} problems`;
  throw new UsageError(`${count} in the manifests, nothing was verified\n${all.map(formatProblem).join('\n')}`);
}

/** The files are checked first: a slip in one is told before a cluster is asked for thousands of Pods. */
async function readClusterToo(
  given: LoadedManifests,
  flags: WorldFlags & PullFlags,
  terminal: Terminal,
): Promise<ScanWorld> {
  worldOf(given.documents, given.problems);
  // Loaded only here: the Kubernetes client is a third of what the program loads.
  const { openCluster } = await import('./open-cluster.ts');
  const cluster = await openCluster(flags, given.documents, terminal.signal);
  try {
    for (const note of cluster.notes) terminal.stderr.write(`image-trust: ${note}\n`);
    const world = worldOf([...given.documents, ...cluster.documents], []);
    const { podCredentials } = cluster;
    return {
      ...world,
      uses: [...world.uses, ...cluster.uses],
      ...(flags.podPullSecrets === true ? { podCredentials } : {}),
      close: () => cluster.close(),
    };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
