/** The operator within the test's own process, on a clock that can be put forward. */
import { Failure } from '../../src/core/failure.ts';
import { createOperator, type Operator, type OperatorOptions } from '../../src/controllers/operator.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { createRecorder } from '../../src/kube/recorder.ts';
import { POLICY_REPORTS } from '../../src/kube/resource.ts';
import { createRegistrySource } from '../../src/registry/client.ts';
import { createRevocationFetch } from '../../src/registry/revocation-fetch.ts';
import { createRevocationSource } from '../../src/verify/revocation/source.ts';
import { createTufClient } from '../../src/registry/tuf/client.ts';
import { eventually } from './eventually.ts';
import { testTransport } from './transport.ts';

/** The clock of the machine, and as much more as was skipped. Who sleeps notices a skip within milliseconds. */
export interface SkippingClock extends Clock {
  skip(ms: number): void;
}

export function skippingClock(): SkippingClock {
  let skipped = 0;
  const now = (): number => Date.now() + skipped;
  return {
    now,
    skip: (ms) => {
      skipped += ms;
    },
    async sleep(ms, signal) {
      for (const until = now() + ms; now() < until; ) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, Math.min(10, Math.max(1, until - now()))));
      }
      signal.throwIfAborted();
    },
  };
}

export interface RunningOperator extends AsyncDisposable {
  readonly operator: Operator;
  /** What `run` comes to. */
  readonly ended: Promise<boolean>;
  /** Lines of the log: message and fields. */
  readonly log: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
}

/** Starts it; it is ready when this returns, unless `awaitReady` is false. */
export async function runOperator(
  kubeconfig: string,
  plainHttp: readonly string[],
  { awaitReady = true, ...options }: Partial<OperatorOptions> & { readonly awaitReady?: boolean } = {},
): Promise<RunningOperator> {
  const clock = options.clock ?? skippingClock();
  const connection = connect({ kubeconfig, clock });
  const client = createKubeClient(connection);
  const stop = new AbortController();
  const kill = new AbortController();
  const log: (readonly [string, Readonly<Record<string, unknown>>])[] = [];
  const line = (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    void log.push([message, fields]);
  const reporter = { controller: 'imagetrust.dev/image-trust-operator', instance: 'test' };
  const random = (): number => 0.5;
  const transport = testTransport();
  const operator = createOperator({
    client,
    lookup: (type, signal) => client.resourceOf(type, { signal }),
    elector: undefined,
    recorder: createRecorder({ client, reporter, fieldManager: 'test', clock, random, signal: kill.signal }),
    clock,
    random,
    log: { debug: () => undefined, info: line, warn: line, error: line },
    observerOf: () => ({}),
    onVerified: () => undefined,
    onPassed: () => undefined,
    onReport: () => undefined,
    onEnforced: () => undefined,
    pulls: undefined,
    askKms: () => Promise.reject(new Failure({ kind: 'unavailable' }, 'no key service here')),
    openSource: (additions) => {
      const source = createRegistrySource({
        plainHttp: [...plainHttp, ...additions.plainHttp],
        limits: { downMs: 200 },
      });
      return Promise.resolve({ source, close: () => source.close() });
    },
    cwd: '/',
    trust: { tuf: createTufClient({ transport, folder: undefined, now: () => clock.now() }) },
    revocationSource: createRevocationSource({ fetch: createRevocationFetch(transport), now: () => clock.now() }),
    namespace: undefined,
    reports: { resource: POLICY_REPORTS, api: 'wgpolicyk8s.io/v1alpha2' },
    concurrency: 4,
    ...options,
  });
  const ended = operator.run(stop.signal, kill.signal);
  const dispose = async (): Promise<void> => {
    stop.abort(new Error('the test is over'));
    await ended;
    await transport.close();
    kill.abort(new Error('the test is over'));
    await connection.close();
  };
  await eventually(() => {
    if (awaitReady && !operator.isReady()) throw new Error('the operator is not ready');
  });
  return { operator, ended, log, [Symbol.asyncDispose]: dispose };
}
