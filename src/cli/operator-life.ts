/**
 * The life of the operator's process: what lives in it starts in order and stops in the opposite order, by the life cycle
 * of kube/operator.ts. Owns that order and how long an end may take; must never know what the parts do.
 */
import type { OperatorLog } from '../controllers/log.ts';
import type { Operator } from '../controllers/operator.ts';
import type { KubeConnection } from '../kube/connection.ts';
import { type ClusterOperator, createOperator, type LifeCycle } from '../kube/operator.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { systemClock } from '../registry/clock.ts';

/** How long writes under way may take after SIGTERM, in milliseconds. */
const KILL_MS = 7_000;

/** What a life is made of. */
export interface LifeOptions {
  readonly connection: KubeConnection;
  readonly client: KubeClient;
  readonly log: OperatorLog;
  /** Stops it. */
  readonly stop: AbortSignal;
  readonly fieldManager: string;
}

/** A life whose first part is the connection, since all others need it to end; `init` adopts the others. */
export function createLife(
  { connection, client, log, stop, fieldManager }: LifeOptions,
  init: (life: ClusterOperator) => Promise<void>,
): ClusterOperator {
  const life = createOperator({
    connection,
    client,
    clock: systemClock,
    random: Math.random,
    fieldManager,
    logger: log,
    init: async (own) => {
      own.adopt({ stop: () => connection.close() });
      await init(own);
    },
  });
  if (stop.aborted) life.stop();
  else stop.addEventListener('abort', () => life.stop(), { once: true });
  return life;
}

/** The controllers as a part of a life. */
export interface Run {
  /** What their run came to; true where it was stopped before it was started. */
  readonly ended: Promise<boolean>;
  part(stop: AbortSignal): LifeCycle;
}

/** The run of these controllers, once. */
export function runOf(operator: Pick<Operator, 'run'>, kill: AbortSignal): Run {
  const { promise: ended, resolve } = Promise.withResolvers<boolean>();
  return {
    ended,
    part: (stop) => ({
      start: () => resolve(operator.run(stop, kill)),
      async stop(): Promise<void> {
        resolve(true);
        // What it failed with is told by who waits for `ended`.
        await ended.catch(() => undefined);
      },
    }),
  };
}

/** Fires a while after the other: what does not end by itself is ended. */
export function killSignal(stop: AbortSignal): AbortSignal {
  const kill = new AbortController();
  const later = (): void => void setTimeout(() => kill.abort(new Error('the time to end is up')), KILL_MS).unref();
  if (stop.aborted) later();
  else stop.addEventListener('abort', later, { once: true });
  return kill.signal;
}
