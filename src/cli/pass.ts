/**
 * One pass: resolves the tags that no status proves, and decides every task, so many at a time. Owns time-outs and the
 * bound on what is under way; must never decide anything itself.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from '../core/digest.ts';
import { parseDuration } from '../core/duration.ts';
import { Failure } from '../core/failure.ts';
import { formatReference, type ImageReference } from '../core/reference.ts';
import type { Door } from '../core/restart.ts';
import type { Task } from '../core/task.ts';
import type { ImageSource } from '../registry/source.ts';
import type { SignatureFamily } from '../verify/family.ts';
import { judgeBehind } from '../verify/engine/behind.ts';
import { demandsOf } from '../verify/engine/demands.ts';
import type { ProofMemo } from '../verify/engine/memo.ts';
import type { Examined } from '../verify/engine/use.ts';
import { type EngineContext, verifyImage } from '../verify/engine/verify.ts';
import type { RevocationSource } from '../verify/revocation/status.ts';
import type { Signer } from '../verify/signer.ts';
import { mapConcurrently } from './concurrently.ts';

/** What a pass works with. */
export interface PassContext {
  readonly sourceFor: (policy: ImageTrustPolicy) => ImageSource;
  readonly signers: ReadonlyMap<string, Signer>;
  /** What a Pod of a policy meets when it is created. */
  readonly doorOf: (policy: ImageTrustPolicy) => Door;
  readonly families: readonly SignatureFamily[];
  readonly memo: ProofMemo;
  readonly revocationSource: RevocationSource;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** In place of the policies' own time-outs, in milliseconds. */
  readonly timeoutMs?: number;
  /** Tasks under way at once. */
  readonly concurrency: number;
}

/** A task and what came of it. */
export interface JudgedTask {
  readonly task: Task;
  readonly examination: Examined;
}

/** Where tags lead, as far as any of the policies could find out. */
export interface Resolutions {
  /** By canonical reference. */
  readonly digests: ReadonlyMap<string, Digest>;
  /** Why a policy could not find out where a tag leads; undefined where it was not asked. */
  failureOf(policy: ImageTrustPolicy, reference: ImageReference): Failure | undefined;
}

/** A tag that has to be resolved, with the policy whose registry settings and time-out hold for it. */
export interface OpenReference {
  readonly policy: ImageTrustPolicy;
  readonly reference: ImageReference;
}

/**
 * Resolves every reference once, by the first policy that can: of several policies over one image, one may have the
 * credentials for it.
 */
export async function resolveTags(open: readonly OpenReference[], ctx: PassContext): Promise<Resolutions> {
  const groups = [...Map.groupBy(open, ({ reference }) => formatReference(reference))];
  const digests = new Map<string, Digest>();
  const failures = new Map<ImageTrustPolicy, Map<string, Failure>>();
  await mapConcurrently(groups, ctx.concurrency, async ([text, group]) => {
    for (const [source, asking] of Map.groupBy(group, ({ policy }) => ctx.sourceFor(policy))) {
      const found = await resolve(asking, source, ctx);
      if (!(found instanceof Failure)) return void digests.set(text, found);
      for (const { policy } of asking) failures.set(policy, (failures.get(policy) ?? new Map()).set(text, found));
    }
  });
  return { digests, failureOf: (policy, reference) => failures.get(policy)?.get(formatReference(reference)) };
}

/** The policies that ask share a source; the time of the first is what it may take. */
async function resolve(
  [asking]: readonly OpenReference[],
  source: ImageSource,
  ctx: PassContext,
): Promise<Digest | Failure> {
  if (asking === undefined) return new Failure({ kind: 'unavailable' }, 'nobody asks');
  const { policy, reference } = asking;
  try {
    const tag = reference.tag ?? 'latest';
    return (await source.manifest(reference, tag, { signal: taskSignal(policy, ctx) })).digest;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** Decides every task, in any order; the results stand in the order of the tasks. */
export async function judgeTasks(
  tasks: readonly Task[],
  ctx: PassContext,
  onDone: () => void,
): Promise<readonly JudgedTask[]> {
  return mapConcurrently(tasks, ctx.concurrency, async (task) => {
    const { policy, digest, uses } = task;
    const engine: EngineContext = {
      source: ctx.sourceFor(policy),
      signers: ctx.signers,
      families: ctx.families,
      memo: ctx.memo,
      revocationSource: ctx.revocationSource,
      now: ctx.now,
      signal: taskSignal(policy, ctx),
      followTags:
        policy.spec.digest.onTagDrift !== 'Ignore' &&
        uses.some((use) => use.digestSource === 'status' && use.reference.digest === undefined),
    };
    const image = { digest, references: uses.map((use) => use.reference) };
    const examination = await verifyImage(image, demandsOf(policy), engine);
    const behind = await judgeBehind(image, examination, demandsOf(policy), engine);
    onDone();
    return { task, examination: { ...examination, behind } };
  });
}

function taskSignal(policy: ImageTrustPolicy, ctx: PassContext): AbortSignal {
  const ms = ctx.timeoutMs ?? parseDuration(policy.spec.verification.timeout);
  return AbortSignal.any([ctx.signal, AbortSignal.timeout(ms)]);
}
