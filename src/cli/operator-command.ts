/**
 * `image-trust operator`, running: a process until it is told to stop. Composition: the connection, the election, the
 * servers, the operator. Must never decide anything that a controller could.
 */
import { randomBytes } from 'node:crypto';
import type { OperatorLog } from '../controllers/log.ts';
import { createLog } from '../controllers/logging.ts';
import { createOperator, type Operator, type OperatorOptions } from '../controllers/operator.ts';
import {
  createOperatorMetrics,
  type OperatorMetrics,
  type OperatorMetricsOptions,
} from '../controllers/serving/operator-metrics.ts';
import { createReviewer, REVIEW_TIMEOUT_MS } from '../controllers/serving/reviewer.ts';
import { type Serving, startServing } from '../controllers/serving/serving.ts';
import { createPullReader } from '../controllers/pull-secrets.ts';
import { createPullIndex } from '../core/pull-index.ts';
import { createKubeClient } from '../kube/client.ts';
import type { KubeConnection } from '../kube/connection.ts';
import { createElector, type Elector } from '../kube/leader.ts';
import { createRecorder, type Recorder } from '../kube/recorder.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { systemClock } from '../registry/clock.ts';
import { createKeyService, type KeyService } from '../registry/kms/key-service.ts';
import { podCredentials as credentialsOfPods } from '../registry/pod-credentials.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type OperatorFlags, reportsOf } from './operator-flags.ts';
import { createLife, killSignal, runOf } from './operator-life.ts';
import { openConnection } from './open-cluster.ts';
import { openRevocation, type OpenedSource, openSource, proxyOf } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';
import { openTufClient, rootSourcesOf } from './trust-roots.ts';

/** Whose name stands by what we write. */
const FIELD_MANAGER = 'image-trust-operator';

/** How long the whole end may take after SIGTERM, in milliseconds. */
const GRACE_MS = 9_500;

/** Runs the operator to its end. Throws UsageError. */
export async function runOperator(flags: OperatorFlags, terminal: Terminal, version: string): Promise<ExitCode> {
  terminal.allowGrace?.(GRACE_MS);
  const log = createLog({ level: flags.logLevel, now: () => terminal.now(), sink: terminal.stderr });
  const outside = await openOutside(flags, terminal, log);
  const connection = openConnection(flags);
  const kill = killSignal(terminal.signal);
  const registries = createRegistryLimits();
  const metrics = createOperatorMetrics({
    version,
    nodeVersion: process.version,
    lease: flags.leaderElectionId,
    registries: () => registries.all(),
  });
  const client = createKubeClient(connection, { onRequest: (request) => metrics.apiRequest(request) });
  const parts: Parts = { flags, terminal, connection, client, log, metrics, registries, ...outside.parts, kill };
  const operator = createOperator(optionsOf(parts));
  metrics.attach(operator);
  const run = runOf(operator, kill);
  const life = createLife({ ...parts, stop: terminal.signal, fieldManager: FIELD_MANAGER }, async (own) => {
    const serving = await asUsage(() => serve(parts, operator));
    own.adopt({ stop: () => serving.close() });
    log.info('starting', { version, server: connection.server.origin, identity: flags.identity, ...serving.addresses });
    own.adopt(run.part(own.signal));
  });
  try {
    await life.start();
    const well = await run.ended;
    log.info(well ? 'ended' : 'ended: the Lease was lost');
    return well ? EXIT.trusted : EXIT.rejected;
  } finally {
    await life.stopped();
    await outside.close();
  }
}

interface Parts {
  readonly flags: OperatorFlags;
  readonly terminal: Terminal;
  readonly connection: KubeConnection;
  readonly client: KubeClient;
  readonly log: OperatorLog;
  readonly metrics: OperatorMetrics;
  readonly registries: RegistryLimits;
  readonly trust: OperatorOptions['trust'];
  readonly revocationSource: OperatorOptions['revocationSource'];
  readonly keyService: KeyService;
  readonly kill: AbortSignal;
}

/** What is fetched beside images: trust roots, keys of key services, and whether certificates were revoked. Throws UsageError. */
async function openOutside(
  flags: OperatorFlags,
  terminal: Terminal,
  log: OperatorLog,
): Promise<{ readonly parts: Pick<Parts, 'trust' | 'revocationSource' | 'keyService'>; close(): Promise<void> }> {
  const roots = await rootSourcesOf(flags, terminal.cwd);
  const tuf = await openTufClient(flags, terminal, (error) => log.warn('trust roots are not kept on disk', { error }));
  const revocation = await openRevocation(flags, terminal);
  const keyService = createKeyService({ env: terminal.env, clock: systemClock, proxy: proxyOf(terminal.env) });
  return {
    parts: { trust: { ...roots, tuf: tuf.client }, revocationSource: revocation.source, keyService },
    close: async () => void (await Promise.all([tuf.close(), revocation.close(), keyService.close()])),
  };
}

/** A port that is taken is the user's to mend. */
async function asUsage<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function serve({ flags, connection, metrics, log, kill }: Parts, operator: Operator): Promise<Serving> {
  const { metricsCertDir } = flags;
  const client = createKubeClient(connection, {
    // A scrape waits neither behind writes of reports nor for an API server that is silent.
    lane: 'streams',
    timeoutMs: REVIEW_TIMEOUT_MS,
    onRequest: (request) => metrics.apiRequest(request),
  });
  const secure = {
    reviewer: createReviewer({ client, clock: systemClock, signal: kill }),
    dnsNames: [flags.identity, 'localhost'],
    ...(metricsCertDir === undefined ? {} : { certDir: metricsCertDir }),
  };
  return startServing({
    metrics: {
      address: flags.metricsBindAddress,
      render: () => metrics.render(),
      ...(flags.metricsSecure ? { secure } : {}),
    },
    health: {
      address: flags.healthProbeBindAddress,
      ready: () => operator.isReady() || 'the objects of the cluster have not all been read',
    },
    clock: systemClock,
    onError: (what, error) => log.warn('serving failed', { what, error }),
  });
}

function optionsOf(parts: Parts): OperatorOptions {
  const { flags, terminal, client, log, metrics, registries, trust, kill } = parts;
  const pulls = flags.podPullSecrets ? createPullIndex() : undefined;
  const podCredentials =
    pulls &&
    credentialsOfPods(
      pulls,
      createPullReader(client, () => systemClock.now()),
    );
  return {
    client,
    lookup: (type, signal) => client.resourceOf(type, { signal }),
    elector: flags.leaderElect ? electorOf(parts) : undefined,
    recorder: recorderOf(flags, client, kill),
    clock: systemClock,
    random: Math.random,
    log,
    observerOf: (controller) =>
      metrics.observerOf(controller, {
        failed: (key, error) => log.warn('trying again', { controller, key, error }),
      }),
    onVerified: (check) => metrics.verified(check),
    onPassed: (seconds) => metrics.passed(seconds),
    onReport: (outcome) => metrics.reported(outcome),
    onEnforced: (outcome) => metrics.enforced(outcome),
    pulls,
    openSource: async (additions) => {
      const counted = { ...additions, podCredentials, limits: LIMITS, onRequest: countIn(metrics) };
      return registries.keep(await openSource(flags, terminal, counted));
    },
    askKms: (uri, signal) => parts.keyService.publicKeys(uri, signal),
    cwd: terminal.cwd,
    trust,
    revocationSource: parts.revocationSource,
    namespace: flags.namespace,
    reports: reportsOf(flags),
    concurrency: flags.concurrency,
    probeAdmission: flags.probeAdmission,
  };
}

function countIn(metrics: OperatorMetrics): OperatorMetrics['registryRequest'] {
  return (request) => metrics.registryRequest(request);
}

/** A registry that is back is noticed within seconds: the operator itself spaces out its tries. */
const LIMITS = { downMs: 2_000 };

/** The limits of all sources that are open. */
interface RegistryLimits {
  keep(source: OpenedSource): OpenedSource;
  all(): ReturnType<OperatorMetricsOptions['registries']>;
}

function createRegistryLimits(): RegistryLimits {
  const open = new Set<OpenedSource>();
  return {
    all: () => [...open].flatMap((source) => [...source.limiters()]),
    keep(source): OpenedSource {
      open.add(source);
      const close = async (): Promise<void> => {
        open.delete(source);
        await source.close();
      };
      return { ...source, close };
    },
  };
}

/** A host name alone is not unique: two Pods on the network of one Node share it. */
function electorOf({ flags, connection, log, metrics }: Parts): Elector {
  const namespace = flags.leaderElectionNamespace ?? connection.namespace;
  if (namespace === undefined)
    throw new UsageError('--leader-elect: give the namespace of the Lease with --leader-election-namespace');
  return createElector({
    client: createKubeClient(connection, { lane: 'streams', onRequest: (request) => metrics.apiRequest(request) }),
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
    fieldManager: FIELD_MANAGER,
    clock: systemClock,
    random: Math.random,
    signal,
  });
}
