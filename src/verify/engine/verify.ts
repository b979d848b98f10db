/**
 * Decides one task, in the order: subject, signatures, findings, verdict. Owns the order alone.
 * Never throws for what an image, a registry or a key can do: those are verdicts. Only the caller's own abort leaves.
 */
import type { Digest } from '../../core/digest.ts';
import { Failure, reasonOfFailure } from '../../core/failure.ts';
import { formatReference, formatRepository, parseRepository, type ImageReference } from '../../core/reference.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { ImageSource, Repository } from '../../registry/source.ts';
import type { Claim, FamilyName, Subject } from '../family.ts';
import type { RevocationSource } from '../revocation/status.ts';
import { collectSignatures } from './collect.ts';
import type { AttestorEntry, Demands } from './demands.ts';
import type { ExamineContext, Look } from './examine.ts';
import { judge, unjudged } from './judge.ts';
import { type RevocationAnswers, withAnswers } from './revocation.ts';
import { follow, leadsTo, repositoriesOf, resolveSubject, subjectOf, type Lead } from './subject.ts';

/** The image to be judged: one digest, under all references by which specs name it. */
export interface ImageToVerify {
  readonly digest: Digest;
  readonly references: readonly ImageReference[];
}

/** What the engine works with. `signal` ends the task; its reason tells a time-out from a cancelled program. */
export interface EngineContext extends ExamineContext {
  readonly source: ImageSource;
  readonly signal: AbortSignal;
  /** Look at where the tags of the references lead even when the verdict does not need it (tag drift). */
  readonly followTags: boolean;
  /** Whom certificates' revocation is asked of; absent: nobody, and the evidence says so. */
  readonly revocationSource?: RevocationSource;
}

/** A verdict, and where the references of the specs led (by canonical reference) where that was looked at. */
export interface Examination {
  readonly verdict: Verdict;
  readonly leads: ReadonlyMap<string, Lead>;
}

/** Decides whether an image satisfies the demands. */
export async function verifyImage(image: ImageToVerify, demands: Demands, ctx: EngineContext): Promise<Examination> {
  const leads = new Map<string, Lead>();
  try {
    const verdict = await decide(image, demands, ctx, leads);
    if (ctx.followTags) await followAll(image.references, ctx, leads);
    return { verdict, leads };
  } catch (error) {
    return { verdict: verdictOfError(error, ctx.signal), leads };
  }
}

async function decide(
  image: ImageToVerify,
  demands: Demands,
  ctx: EngineContext,
  leads: Map<string, Lead>,
): Promise<Verdict> {
  const repositories = repositoriesOf(image.references);
  const resolve = (): Promise<Subject> => resolveSubject(image.digest, repositories, ctx.source, ctx.signal);
  const subject = needsManifest(demands, ctx) ? await resolve() : { digest: image.digest };
  const looks = await lookAt(subject, repositories, demands, ctx);
  const direct = await judgeAll(demands, looks, ctx);
  if (direct.state === 'verified') return direct;
  // That nothing was found means little where the image itself cannot be had: then that is the verdict. What was found
  // speaks for itself, so that a key which is revoked shows also while a registry is away.
  if (looks.every(({ collected }) => collected.signatures.length + collected.broken.length === 0)) await resolve();
  const indexes = await indexesThatContain(image, ctx, leads);
  if (indexes.length === 0) return withLeadFailures(direct, leads);
  const indexLooks = await Promise.all(indexes.map((index) => lookAt(index, repositories, demands, ctx)));
  return withLeadFailures(await judgeAll(demands, [...looks, ...indexLooks.flat()], ctx), leads);
}

/** The verdict, once it is known of every certificate that counts whether it was revoked. */
function judgeAll(demands: Demands, looks: readonly Look[], ctx: EngineContext): Promise<Verdict> {
  const { revocationSource, signal } = ctx;
  if (revocationSource === undefined) return Promise.resolve(judge(demands, looks, ctx));
  const judged = (revocations: RevocationAnswers): Verdict => judge(demands, looks, { ...ctx, revocations });
  return withAnswers(judged, revocationSource, signal);
}

/** A Notary signature names media type and size as well; for all others the digest alone spares a request per image. */
function needsManifest(demands: Demands, { signers }: EngineContext): boolean {
  return entriesOf(demands).some(({ trustedKey }) => {
    const signer = signers.get(trustedKey);
    return signer?.state === 'usable' && signer.material.type === 'notation';
  });
}

function entriesOf({ sets, attestations }: Demands): readonly AttestorEntry[] {
  return [...sets, ...attestations.flatMap((attestation) => attestation.sets)].flatMap((set) => set.entries);
}

/**
 * A rejection stands only if every way to trust was looked at: a reference that could not be followed may lead to a
 * signed index that contains the image. One that leads nowhere any more (its tag is gone) leads to no index.
 */
function withLeadFailures(verdict: Verdict, leads: ReadonlyMap<string, Lead>): Verdict {
  if (verdict.state !== 'rejected') return verdict;
  const failed = [...leads.values()].flatMap((lead) => (lead.kind === 'failure' ? [lead.failure] : []));
  const failure = failed.find(({ detail }) => detail.kind !== 'not-found');
  if (failure === undefined) return verdict;
  return { ...verdict, state: 'unknown', reason: reasonOfFailure(failure.detail), message: failure.message };
}

async function lookAt(
  subject: Subject,
  ofImage: readonly Repository[],
  demands: Demands,
  ctx: EngineContext,
): Promise<readonly Look[]> {
  const places = [
    ...ofImage.map((repository) => ({ repository, ofImage: true })),
    ...separateRepositories(demands, ofImage).map((repository) => ({ repository, ofImage: false })),
  ];
  return Promise.all(
    places.map(async (place) => ({
      subject,
      repository: formatRepository(place.repository),
      ofImage: place.ofImage,
      collected: await collectSignatures({
        ...place,
        subject: subject.digest,
        families: ctx.families,
        wanted: familiesWanted(subject, demands, ctx),
        attestations: demands.attestations.length > 0,
        source: ctx.source,
        signal: ctx.signal,
      }),
    })),
  );
}

/** Repositories that attestor entries name beside those of the image. */
function separateRepositories(demands: Demands, ofImage: readonly Repository[]): readonly Repository[] {
  const names = entriesOf(demands).flatMap((entry) => entry.repository ?? []);
  const known = new Set(ofImage.map(formatRepository));
  return repositoriesOf(names.map((name) => parseRepository(name))).filter((r) => !known.has(formatRepository(r)));
}

/** The families that could prove anything that is demanded: the signatures of others are not even fetched. */
function familiesWanted(subject: Subject, demands: Demands, ctx: EngineContext): ReadonlySet<FamilyName> {
  const claims = claimsOf(subject, demands, ctx);
  return new Set(ctx.families.filter((family) => claims.some((claim) => family.serves(claim))).map((f) => f.name));
}

function claimsOf(subject: Subject, demands: Demands, ctx: EngineContext): readonly Claim[] {
  const asked = [
    ...demands.sets.map((set) => ({ set, demands: { type: 'signature' } as const })),
    ...demands.attestations.flatMap(({ type, sets }) =>
      sets.map((set) => ({ set, demands: { type: 'attestation', predicateType: type } as const })),
    ),
  ];
  return asked.flatMap((ask) =>
    ask.set.entries.flatMap((entry) => {
      const signer = ctx.signers.get(entry.trustedKey);
      if (signer?.state !== 'usable') return [];
      return [
        { subject, demands: ask.demands, material: signer.material, annotations: entry.annotations, now: ctx.now },
      ];
    }),
  );
}

/** The indexes to which the references lead and that list the image: a signature of theirs vouches for it too. */
async function indexesThatContain(
  image: ImageToVerify,
  ctx: EngineContext,
  leads: Map<string, Lead>,
): Promise<readonly Subject[]> {
  // A reference by the digest of the image leads to the image, and to no index that contains it.
  await followAll(
    image.references.filter(({ digest }) => digest !== image.digest),
    ctx,
    leads,
  );
  const indexes = [...leads.values()].flatMap((lead) =>
    lead.kind === 'manifest' && lead.manifest.digest !== image.digest && leadsTo(lead, image.digest)
      ? [lead.manifest]
      : [],
  );
  const distinct = new Map(indexes.map((index) => [index.digest, subjectOf(index)]));
  return [...distinct.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** Follows every reference that was not followed yet. */
async function followAll(
  references: readonly ImageReference[],
  ctx: EngineContext,
  leads: Map<string, Lead>,
): Promise<void> {
  const distinct = new Map(references.map((reference) => [formatReference(reference), reference]));
  const missing = [...distinct].filter(([text]) => !leads.has(text));
  await Promise.all(
    missing.map(async ([text, reference]) => leads.set(text, await follow(reference, ctx.source, ctx.signal))),
  );
}

function verdictOfError(error: unknown, signal: AbortSignal): Verdict {
  if (error instanceof Failure) return unjudged(reasonOfFailure(error.detail), error.message);
  // Whoever stops the program wants it stopped, not a verdict.
  if (signal.aborted && !isTimeout(signal.reason)) throw error;
  if (signal.aborted) return unjudged('Timeout', 'the check did not end within its time-out');
  return unjudged('InternalError', `the check failed: ${error instanceof Error ? error.message : 'unknown fault'}`);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}
