/**
 * `image-trust operator`: flags in, a process that runs until it is told to stop. Composition: the connection, the
 * election, the servers, the operator. Must never decide anything that a controller could.
 */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { ControllerObserver } from '../controllers/controller.ts';
import type { OperatorLog } from '../controllers/log.ts';
import { createOperator, type OperatorOptions } from '../controllers/operator.ts';
import type { OpenedSource, SourceAdditions } from '../controllers/registry-sources.ts';
import { createKubeClient } from '../kube/client.ts';
import { connect, type KubeConnection } from '../kube/connection.ts';
import { KubeconfigError } from '../kube/kubeconfig.ts';
import { createElector, type Elector } from '../kube/leader.ts';
import { createRecorder, type Recorder } from '../kube/recorder.ts';
import { systemClock } from '../registry/clock.ts';
import type { TrustRoot } from '../verify/signer.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { declareOperatorFlags, type OperatorFlags, reportsOf } from './operator-flags.ts';
import { openSource } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';
import { readTrustRoot } from './trust-roots.ts';

/** How long writes under way may take after SIGTERM, and the whole end, in milliseconds. */
const KILL_MS = 7_000;
const GRACE_MS = 9_500;

/** Declares the command. `end` is told the exit code. */
export function declareOperator(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = program
    .command('operator')
    .summary('run the controllers in a cluster')
    .description(
      'Runs the controllers: verifies the images that run, again and again, and publishes what it finds. Every flag can be given as a variable.',
    );
  declareOperatorFlags(command).action(async (flags: OperatorFlags) => end(await runOperator(flags, terminal)));
}

async function runOperator(flags: OperatorFlags, terminal: Terminal): Promise<ExitCode> {
  terminal.allowGrace?.(GRACE_MS);
  const trustRoot = flags.trustedRoot === undefined ? undefined : await readTrustRoot(flags.trustedRoot, terminal.cwd);
  const connection = openConnection(flags);
  const kill = new AbortController();
  const killLater = (): void => void setTimeout(() => kill.abort(new Error('the time to end is up')), KILL_MS).unref();
  terminal.signal.addEventListener('abort', killLater, { once: true });
  const log = createLog(flags, terminal);
  try {
    const operator = createOperator(optionsOf({ flags, terminal, connection, log, trustRoot, kill: kill.signal }));
    log.info('starting', { server: connection.server.origin, identity: flags.identity });
    const well = await operator.run(terminal.signal, kill.signal);
    log.info(well ? 'ended' : 'ended: the Lease was lost');
    return well ? EXIT.trusted : EXIT.rejected;
  } finally {
    terminal.signal.removeEventListener('abort', killLater);
    await connection.close();
  }
}

interface Parts {
  readonly flags: OperatorFlags;
  readonly terminal: Terminal;
  readonly connection: KubeConnection;
  readonly log: OperatorLog;
  readonly trustRoot: TrustRoot | undefined;
  readonly kill: AbortSignal;
}

function optionsOf({ flags, terminal, connection, log, trustRoot, kill }: Parts): OperatorOptions {
  const client = createKubeClient(connection);
  return {
    client,
    lookup: (type, signal) => client.resourceOf(type, { signal }),
    elector: flags.leaderElect ? electorOf(flags, connection, log) : undefined,
    recorder: recorderOf(flags, client, kill),
    clock: systemClock,
    random: Math.random,
    log,
    observerOf: (name) => observerOf(name, log),
    openSource: (additions) => openFor(additions, flags, terminal),
    cwd: terminal.cwd,
    trustRoot,
    namespace: flags.namespace,
    reports: reportsOf(flags),
    concurrency: flags.concurrency,
  };
}

function openConnection({ kubeconfig, context }: OperatorFlags): KubeConnection {
  try {
    const place = {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    };
    return connect({ ...place, clock: systemClock });
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UsageError(error.message);
    throw error;
  }
}

/** A host name alone is not unique: two Pods on the network of one Node share it. */
function electorOf(flags: OperatorFlags, connection: KubeConnection, log: OperatorLog): Elector {
  const namespace = flags.leaderElectionNamespace ?? connection.namespace;
  if (namespace === undefined)
    throw new UsageError('--leader-elect: give the namespace of the Lease with --leader-election-namespace');
  return createElector({
    client: createKubeClient(connection, { lane: 'streams' }),
    namespace,
    name: flags.leaderElectionId,
    identity: `${flags.identity}_${randomBytes(4).toString('hex')}`,
    clock: systemClock,
    random: Math.random,
    onLeader: (leader) => log.info('leader', { leader }),
    onFailure: (error) => log.warn('election failing', { error }),
  });
}

function recorderOf(flags: OperatorFlags, client: OperatorOptions['client'], signal: AbortSignal): Recorder {
  return createRecorder({
    client,
    reporter: { controller: 'imagetrust.dev/image-trust-operator', instance: flags.identity },
    fieldManager: 'image-trust-operator',
    clock: systemClock,
    random: Math.random,
    signal,
  });
}

function observerOf(controller: string, log: OperatorLog): ControllerObserver {
  return { failed: (key, error) => log.warn('trying again', { controller, key, error }) };
}

/** A registry that is back is noticed within seconds: the operator itself spaces out its tries. */
const LIMITS = { downMs: 2_000 };

async function openFor(additions: SourceAdditions, flags: OperatorFlags, terminal: Terminal): Promise<OpenedSource> {
  return openSource(flags, terminal, { ...additions, limits: LIMITS });
}

const LEVELS: readonly OperatorFlags['logLevel'][] = ['error', 'warn', 'info', 'debug'];

function createLog({ logLevel }: OperatorFlags, terminal: Terminal): OperatorLog {
  const write =
    (level: OperatorFlags['logLevel']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (LEVELS.indexOf(level) > LEVELS.indexOf(logLevel)) return;
      const { error, ...rest } = fields;
      const told = error instanceof Error ? { error: error.message } : {};
      terminal.stderr.write(
        `${JSON.stringify({ time: terminal.now().toISOString(), level, message, ...rest, ...told })}\n`,
      );
    };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}
