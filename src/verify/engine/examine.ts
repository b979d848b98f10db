/**
 * Holds every collected signature against every attestor entry: what does this signature say of this entry?
 * Owns the findings; must never count them (that is judge's).
 */
import { REASONS } from '../../api/reasons.ts';
import { reasonOfFailure } from '../../core/failure.ts';
import type { Signer } from '../signer.ts';
import type { Claim, Outcome, Proof, RawSignature, Refusal, SignatureFamily, Subject } from '../family.ts';
import { refusal } from '../refusal.ts';
import type { Collected } from './collect.ts';
import type { AttestorEntry, AttestorSet } from './demands.ts';
import type { ProofMemo } from './memo.ts';
import { unmetOf } from './predicate.ts';
import { type RevocationAnswers, withRevocation } from './revocation.ts';
import { mostTelling } from './telling.ts';

/** What was looked at for one subject in one repository. */
export interface Look {
  readonly subject: Subject;
  /** Canonical repository text. */
  readonly repository: string;
  /** Is it a repository of the image itself? Entries with a repository of their own look only there. */
  readonly ofImage: boolean;
  readonly collected: Collected;
}

/** A proof with the signature that it was made from and the subject that it names. */
export interface ProofFound {
  readonly proof: Proof;
  readonly signature: RawSignature;
  readonly subject: Subject;
}

/** What one attestor entry found. */
export type EntryFinding =
  | { readonly outcome: 'vouched'; readonly entry: AttestorEntry; readonly proofs: readonly ProofFound[] }
  | { readonly outcome: 'refused' | 'unknown'; readonly entry: AttestorEntry; readonly refusal: Refusal };

/** What examining needs beside the looks. */
export interface ExamineContext {
  readonly signers: ReadonlyMap<string, Signer>;
  readonly families: readonly SignatureFamily[];
  readonly memo: ProofMemo;
  readonly now: Date;
  /** What is known of certificates by now. Absent: revocation is not looked up. */
  readonly revocations?: RevocationAnswers;
}

/** What every entry of a set found in what was looked at. */
export function examineSet(
  set: AttestorSet,
  demands: Claim['demands'],
  looks: readonly Look[],
  ctx: ExamineContext,
): readonly EntryFinding[] {
  return set.entries.map((entry) => examineEntry(entry, demands, looks, ctx));
}

function examineEntry(
  entry: AttestorEntry,
  demands: Claim['demands'],
  looks: readonly Look[],
  ctx: ExamineContext,
): EntryFinding {
  const signer = ctx.signers.get(entry.trustedKey);
  if (signer === undefined)
    return unknown(entry, refusal('TrustedKeyMissing', `there is no TrustedKey "${entry.trustedKey}"`));
  if (signer.state === 'unusable') return unknown(entry, refusal(signer.reason, signer.message));
  const mine = looks.filter((look) =>
    entry.repository === undefined ? look.ofImage : look.repository === entry.repository,
  );
  const outcomes = mine.flatMap((look) => outcomesOf(look, { entry, signer, demands }, ctx));
  const proofs = outcomes.flatMap((o) => (o.outcome.ok ? [{ ...o, proof: o.outcome }] : []));
  if (proofs.length > 0) return conditioned({ outcome: 'vouched', entry, proofs }, mine, demands);
  const refusals = outcomes.flatMap((o) => (o.outcome.ok ? [] : [o.outcome]));
  return notVouched(entry, mine, [...refusals, ...brokenOnes(mine)], demands);
}

/** Conditions are demands on every authentic attestation of the type: none may be missed, and each has to satisfy them. */
function conditioned(
  vouched: Extract<EntryFinding, { outcome: 'vouched' }>,
  looks: readonly Look[],
  demands: Claim['demands'],
): EntryFinding {
  if (demands.type !== 'attestation' || demands.predicate === undefined) return vouched;
  const { entry } = vouched;
  const unmet = unmetOf(vouched.proofs.flatMap(({ proof }) => proof.unmet ?? []));
  if (unmet !== undefined)
    return { outcome: REASONS[unmet.reason].state === 'rejected' ? 'refused' : 'unknown', entry, refusal: unmet };
  const failure = looks.flatMap((look) => look.collected.failures)[0];
  return failure === undefined ? vouched : unknown(entry, refusal(reasonOfFailure(failure.detail), failure.message));
}

interface Asked {
  readonly entry: AttestorEntry;
  readonly signer: Extract<Signer, { state: 'usable' }>;
  readonly demands: Claim['demands'];
}

interface OutcomeFound {
  readonly outcome: Outcome;
  readonly signature: RawSignature;
  readonly subject: Subject;
}

function outcomesOf(look: Look, { entry, signer, demands }: Asked, ctx: ExamineContext): readonly OutcomeFound[] {
  const { subject } = look;
  const claim: Claim = { subject, demands, material: signer.material, annotations: entry.annotations, now: ctx.now };
  const serving = new Map(ctx.families.filter((family) => family.serves(claim)).map((family) => [family.name, family]));
  return look.collected.signatures.flatMap((signature) => {
    const family = serving.get(signature.family);
    if (family === undefined) return [];
    const outcome = ctx.memo.prove(family, signature, claim, signer.id);
    return [{ outcome: withinLife(withRevocation(outcome, ctx.revocations), signer, ctx.now), signature, subject }];
  });
}

/**
 * A proof counts only while the key may vouch: a revoked key never, else when the time of signing lies in the window
 * of its TrustedKey. Where nothing proves the time of signing, the time of the check stands for it.
 */
function withinLife(outcome: Outcome, signer: Asked['signer'], now: Date): Outcome {
  if (!outcome.ok) return outcome;
  const { validFrom, validUntil } = signer.lifecycle;
  if (isRevokedFor(outcome, signer)) {
    const who = `TrustedKey "${signer.name}" (${outcome.fingerprint})`;
    return refusal('KeyRevoked', `signed by ${who}, which is Revoked`);
  }
  const time = outcome.signedAt ?? now;
  const signed = outcome.signedAt === undefined ? 'signing time is not proven and the check' : 'signing';
  if (validFrom !== undefined && time < validFrom) {
    return refusal(
      'KeyOutsideValidity',
      `${signed} lies before validFrom ${validFrom.toISOString()} of TrustedKey "${signer.name}"`,
    );
  }
  if (validUntil !== undefined && time >= validUntil) {
    return refusal(
      'KeyOutsideValidity',
      `${signed} lies after validUntil ${validUntil.toISOString()} of TrustedKey "${signer.name}"`,
    );
  }
  return outcome;
}

/** A revocation undoes every signature, but for those that are proven to be older, where the TrustedKey keeps them. */
function isRevokedFor({ signedAt }: Proof, { lifecycle }: Asked['signer']): boolean {
  if (lifecycle.state !== 'Revoked') return false;
  const { keepsProvenBefore } = lifecycle;
  return keepsProvenBefore === undefined || signedAt === undefined || signedAt >= keepsProvenBefore;
}

function brokenOnes(looks: readonly Look[]): readonly Refusal[] {
  return looks.flatMap((look) => look.collected.broken).map((broken) => refusal('SignatureInvalid', broken.message));
}

/** Nobody vouched. Where something could not be looked at, that is all that can be said. */
function notVouched(
  entry: AttestorEntry,
  looks: readonly Look[],
  refusals: readonly Refusal[],
  demands: Claim['demands'],
): EntryFinding {
  const failure = looks.flatMap((look) => look.collected.failures)[0];
  if (failure !== undefined) return unknown(entry, refusal(reasonOfFailure(failure.detail), failure.message));
  const unchecked = refusals.find((r) => REASONS[r.reason].state === 'unknown');
  if (unchecked !== undefined) return unknown(entry, unchecked);
  return { outcome: 'refused', entry, refusal: mostTelling(refusals) ?? nothingFound(looks, demands) };
}

function nothingFound(looks: readonly Look[], demands: Claim['demands']): Refusal {
  const foreign = [...new Set(looks.flatMap((look) => look.collected.foreign))];
  const places = [...new Set(looks.map((look) => look.repository))].join(', ');
  const other = foreign.length === 0 ? '' : `; there are signatures of another format (${foreign.join(', ')})`;
  if (demands.type === 'attestation') {
    return refusal('AttestationMissing', `no attestation of type ${demands.predicateType} in ${places}${other}`);
  }
  return refusal('NoSignature', `no signature in ${places}${other}`);
}

function unknown(entry: AttestorEntry, why: Refusal): EntryFinding {
  return { outcome: 'unknown', entry, refusal: why };
}
