/**
 * One check: the engine, with the sources, signers and limits that hold for a policy. Owns the time limit;
 * must never throw for what a registry can do.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from '../core/digest.ts';
import { parseDuration } from '../core/duration.ts';
import { Failure, reasonOfFailure } from '../core/failure.ts';
import type { ImageUse } from '../core/image-use.ts';
import { createDeadline } from '../kube/deadline.ts';
import { judgeBehind } from '../verify/engine/behind.ts';
import { demandsOf } from '../verify/engine/demands.ts';
import { unjudged } from '../verify/engine/judge.ts';
import type { ProofMemo } from '../verify/engine/memo.ts';
import type { Examined } from '../verify/engine/use.ts';
import { verifyImage } from '../verify/engine/verify.ts';
import type { SignatureFamily } from '../verify/family.ts';
import type { RevocationSource } from '../verify/revocation/status.ts';
import type { RegistrySources } from './registry-sources.ts';
import type { SignerBook } from './signers.ts';

/** What is to be checked. */
export interface CheckRequest {
  readonly policy: ImageTrustPolicy;
  readonly digest: Digest;
  /** The uses that the policy judges now; at least one. */
  readonly uses: readonly ImageUse[];
  readonly now: Date;
  /** Answers about tags and referrers that are older than this (milliseconds) are not good enough. */
  readonly notBefore: number;
}

/** What checks work with. */
export interface CheckContext {
  readonly sources: RegistrySources;
  readonly signers: SignerBook;
  readonly families: readonly SignatureFamily[];
  readonly memo: ProofMemo;
  readonly revocationSource: RevocationSource;
}

/** Makes the check of one image under one policy. */
export function createCheck(ctx: CheckContext): (request: CheckRequest, kill: AbortSignal) => Promise<Examined> {
  return async (request, kill) => {
    const { policy, digest, uses, now, notBefore } = request;
    // What is trusted is what is trusted at the beginning: a change under way makes the task due again.
    const signers = ctx.signers.signers();
    const deadline = createDeadline(kill, parseDuration(policy.spec.verification.timeout));
    try {
      const source = (await ctx.sources.of(policy, registriesOf(uses))).since(notBefore);
      const references = uses.map((use) => use.reference);
      const { families, memo, revocationSource } = ctx;
      const engine = {
        source,
        signers,
        families,
        memo,
        revocationSource,
        now,
        signal: deadline.signal,
        followTags: followsTags(request),
      };
      const image = { digest, references };
      const examination = await verifyImage(image, demandsOf(policy), engine);
      // Only a Kyverno policy asks what would be pulled.
      if (policy.spec.enforcement.mode === 'Disabled') return examination;
      return { ...examination, behind: await judgeBehind(image, examination, demandsOf(policy), engine) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { verdict: unjudged(reasonOfFailure(error.detail), error.message), leads: new Map() };
    } finally {
      deadline.release();
    }
  };
}

/** The registries of these uses, each once, sorted. */
export function registriesOf(uses: Iterable<ImageUse>): readonly string[] {
  return [...new Set([...uses].map((use) => use.reference.registry))].sort();
}

/** A tag can only have moved away from a digest that runs. */
function followsTags({ policy, uses }: CheckRequest): boolean {
  if (policy.spec.digest.onTagDrift === 'Ignore') return false;
  return uses.some((use) => use.digestSource === 'status' && use.reference.digest === undefined);
}
