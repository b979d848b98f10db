/**
 * Tags that no status proves: a Pod that has not pulled its image yet, or a runtime that hides the digest. Asks the
 * registry where they lead, a moment later than they appear, for most Pods say so themselves by then.
 * Must never keep a failure over a success.
 */
import type { Clock } from '../core/clock.ts';
import type { Coverage } from '../core/coverage.ts';
import { parseDuration } from '../core/duration.ts';
import { Failure } from '../core/failure.ts';
import type { ImageUse } from '../core/image-use.ts';
import { createDeadline } from '../kube/deadline.ts';
import { type Controller, type ControllerObserver, createController, type Next, DONE } from './controller.ts';
import type { RegistrySources } from './registry-sources.ts';

/** The controller of tags. */
export interface Resolution {
  readonly controller: Controller;
  /** A use without a digest appeared under this policy. */
  want(policy: string, reference: string): void;
  /** Why a tag could not be resolved, and since when. */
  unresolved(policy: string, reference: string): { readonly failure: Failure; readonly since: Date } | undefined;
}

/** What it is made of. */
export interface ResolutionOptions {
  readonly coverage: Coverage;
  readonly sources: RegistrySources;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly observer?: ControllerObserver;
  /** The rows of these uses may be others now. */
  readonly onChange: (uses: Iterable<ImageUse>) => void;
}

/** How long a Pod may take to say which digest it runs. */
const PATIENCE_MS = 3_000;
/** A tag may come to lead elsewhere while nothing runs yet; a registry that is away may come back. */
const AGAIN_MS = 60_000;

/** Makes the controller. */
export function createResolution(options: ResolutionOptions): Resolution {
  const failures = new Map<string, { readonly failure: Failure; readonly since: Date }>();
  const { coverage, clock, concurrency, observer } = options;
  const reconcile = async (key: string, kill: AbortSignal): Promise<Next> => {
    const { policy, reference } = placeOf(key);
    const uses = coverage.openOf(policy).get(reference);
    const [use] = uses ?? [];
    if (uses === undefined || use === undefined || coverage.policy(policy)?.spec.verification.suspend !== false) {
      failures.delete(key);
      return DONE;
    }
    const found = await resolve(use, policy, options, kill);
    if (typeof found === 'string') {
      failures.delete(key);
      coverage.setResolution(reference, found);
      return DONE;
    }
    const since = failures.get(key)?.since ?? new Date(clock.now());
    failures.set(key, { failure: found, since });
    options.onChange(uses);
    return { kind: 'at', at: new Date(clock.now() + AGAIN_MS) };
  };
  const controller = createController({
    name: 'resolution',
    clock,
    concurrency,
    reconcile,
    ...(observer === undefined ? {} : { observer }),
  });
  return {
    controller,
    want: (policy, reference) => controller.add(keyOf(policy, reference), { afterMs: PATIENCE_MS }),
    unresolved: (policy, reference) => failures.get(keyOf(policy, reference)),
  };
}

async function resolve(
  use: ImageUse,
  name: string,
  { coverage, sources, clock }: ResolutionOptions,
  kill: AbortSignal,
): Promise<Failure | Parameters<Coverage['setResolution']>[1]> {
  const policy = coverage.policy(name);
  if (policy === undefined) return new Failure({ kind: 'unavailable' }, `there is no policy ${name} any more`);
  const { reference } = use;
  const deadline = createDeadline(kill, parseDuration(policy.spec.verification.timeout));
  try {
    const source = (await sources.of(policy, [reference.registry])).since(clock.now() - PATIENCE_MS);
    const manifest = await source.manifest(reference, reference.tag ?? 'latest', { signal: deadline.signal });
    return manifest.digest;
  } catch (error) {
    if (error instanceof Failure) return error;
    if (!deadline.expired()) throw error;
    return new Failure({ kind: 'timeout' }, `${use.image}: its tag was not resolved within the time-out`);
  } finally {
    deadline.release();
  }
}

function keyOf(policy: string, reference: string): string {
  return `${policy} ${reference}`;
}

function placeOf(key: string): { readonly policy: string; readonly reference: string } {
  const space = key.indexOf(' ');
  return { policy: key.slice(0, space), reference: key.slice(space + 1) };
}
