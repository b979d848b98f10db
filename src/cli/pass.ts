/**
 * One pass: resolves the tags that no status proves, and decides every task, so many at a time. Owns time-outs and the
 * bound on what is under way; must never decide anything itself.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from '../core/digest.ts';
import { parseDuration } from '../core/duration.ts';
import { Failure } from '../core/failure.ts';
import { formatReference, type ImageReference } from '../core/reference.ts';
import type { Task } from '../core/task.ts';
import type { ImageSource } from '../registry/source.ts';
import type { SignatureFamily } from '../verify/family.ts';
import { demandsOf } from '../verify/engine/demands.ts';
import type { ProofMemo } from '../verify/engine/memo.ts';
import { type Examination, verifyImage } from '../verify/engine/verify.ts';
import type { Signer } from '../verify/signer.ts';
import { mapConcurrently } from './concurrently.ts';

/** What a pass works with. */
export interface PassContext {
  readonly sourceFor: (policy: ImageTrustPolicy) => ImageSource;
  readonly signers: ReadonlyMap<string, Signer>;
  readonly families: readonly SignatureFamily[];
  readonly memo: ProofMemo;
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
  readonly examination: Examination;
}

/** Where tags lead, by canonical reference: a digest, or why that could not be found out. */
export type Resolutions = ReadonlyMap<string, Digest | Failure>;

/** A tag that has to be resolved, with the policy whose registry settings and time-out hold for it. */
export interface OpenReference {
  readonly policy: ImageTrustPolicy;
  readonly reference: ImageReference;
}

/** Resolves every reference once. */
export async function resolveTags(open: readonly OpenReference[], ctx: PassContext): Promise<Resolutions> {
  const distinct = [...new Map(open.map((item) => [formatReference(item.reference), item])).entries()];
  const resolved = await mapConcurrently(distinct, ctx.concurrency, async ([text, { policy, reference }]) => {
    const lookup = ctx
      .sourceFor(policy)
      .manifest(reference, reference.tag ?? 'latest', { signal: taskSignal(policy, ctx) });
    return [text, await lookup.then((manifest) => manifest.digest, failureOf)] as const;
  });
  return new Map(resolved);
}

/** Decides every task, in any order; the results stand in the order of the tasks. */
export async function judgeTasks(
  tasks: readonly Task[],
  ctx: PassContext,
  onDone: () => void,
): Promise<readonly JudgedTask[]> {
  return mapConcurrently(tasks, ctx.concurrency, async (task) => {
    const { policy, digest, uses } = task;
    const examination = await verifyImage({ digest, references: uses.map((use) => use.reference) }, demandsOf(policy), {
      source: ctx.sourceFor(policy),
      signers: ctx.signers,
      families: ctx.families,
      memo: ctx.memo,
      now: ctx.now,
      signal: taskSignal(policy, ctx),
      followTags:
        policy.spec.digest.onTagDrift !== 'Ignore' &&
        uses.some((use) => use.digestSource === 'status' && use.reference.digest === undefined),
    });
    onDone();
    return { task, examination };
  });
}

function taskSignal(policy: ImageTrustPolicy, ctx: PassContext): AbortSignal {
  const ms = ctx.timeoutMs ?? parseDuration(policy.spec.verification.timeout);
  return AbortSignal.any([ctx.signal, AbortSignal.timeout(ms)]);
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}
