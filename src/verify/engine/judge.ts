/**
 * Counts findings into a verdict: sets are ANDed, within a set `count` entries must vouch, each by another signer.
 * Pure. Must never say `verified` unless every demand is met by explicit proofs, and never with nothing demanded.
 */
import { REASONS, type RejectedReason, type UnknownReason } from '../../api/reasons.ts';
import type { EntryExplanation, Evidence, SignatureForm, Verdict } from '../../core/verdict.ts';
import type { Claim, Refusal } from '../family.ts';
import { refusal } from '../refusal.ts';
import type { AttestorSet, Demands } from './demands.ts';
import { examineSet, type EntryFinding, type ExamineContext, type Look, type ProofFound } from './examine.ts';
import { countDistinctVouchers } from './matching.ts';
import { mostTelling } from './telling.ts';

/** What one set came to. */
type SetResult =
  | { readonly state: 'met'; readonly evidence: readonly Evidence[]; readonly entries: readonly EntryExplanation[] }
  | { readonly state: 'rejected' | 'unknown'; readonly why: Refusal; readonly entries: readonly EntryExplanation[] };

/** The verdict on what was looked at. */
export function judge(demands: Demands, looks: readonly Look[], ctx: ExamineContext): Verdict {
  const notes = [...new Set(looks.flatMap((look) => look.collected.notes))];
  const signature: Claim['demands'] = { type: 'signature' };
  const results = [
    ...demands.sets.map((set) => judgeSet(set, signature, looks, ctx)),
    ...demands.attestations.flatMap((attestation) => {
      const { type, predicate } = attestation;
      const claimed = {
        type: 'attestation',
        predicateType: type,
        ...(predicate === undefined ? {} : { predicate }),
      } as const;
      return attestation.sets.map((set) => judgeSet(set, claimed, looks, ctx));
    }),
  ];
  const base = { entries: results.flatMap((result) => result.entries), notes };
  const unmet = results.filter((result) => result.state !== 'met');
  if (unmet.length > 0) return untrusted(unmet, base);
  // Nothing demanded is nothing proven. The API refuses such a policy; here it must not become trust either.
  if (results.length === 0) return untrusted([nothingDemanded()], base);
  const evidence = results.flatMap((result) => (result.state === 'met' ? result.evidence : []));
  return { state: 'verified', reason: 'Verified', message: vouchedBy(evidence), evidence, ...base };
}

/** A verdict that could not be reached because looking failed. */
export function unjudged(reason: UnknownReason, message: string): Verdict {
  return { state: 'unknown', reason, message, evidence: [], entries: [], notes: [] };
}

type Unmet = Exclude<SetResult, { state: 'met' }>;

/** A rejection outweighs what could not be checked: one set that certainly fails decides, since sets are ANDed. */
function untrusted(
  unmet: readonly Unmet[],
  base: { entries: readonly EntryExplanation[]; notes: readonly string[] },
): Verdict {
  const rejected = unmet.filter((result) => result.state === 'rejected');
  const decisive = rejected.length > 0 ? rejected : unmet;
  const message = decisive.map((result) => result.why.message).join('; ');
  const { reason } = decisive[0]?.why ?? nothingDemanded().why;
  if (isRejected(reason)) return { state: 'rejected', reason, message, evidence: [], ...base };
  if (isUnknown(reason)) return { state: 'unknown', reason, message, evidence: [], ...base };
  return { ...unjudged('InternalError', 'a set was refused without a reason of refusal'), ...base };
}

function isRejected(reason: Refusal['reason']): reason is RejectedReason {
  return REASONS[reason].state === 'rejected';
}

function isUnknown(reason: Refusal['reason']): reason is UnknownReason {
  return REASONS[reason].state === 'unknown';
}

function nothingDemanded(): Unmet {
  const why = refusal('InternalError', 'the policy demands no attestor at all, so nothing can vouch for the image');
  return { state: 'unknown', why, entries: [] };
}

function judgeSet(set: AttestorSet, demands: Claim['demands'], looks: readonly Look[], ctx: ExamineContext): SetResult {
  const findings = examineSet(set, demands, looks, ctx);
  const entries = findings.map((finding) => explain(set, finding));
  const vouched = findings.filter((finding) => finding.outcome === 'vouched');
  const distinct = countDistinctVouchers(vouched.map((f) => f.proofs.map((found) => found.proof)));
  if (set.count >= 1 && distinct >= set.count) {
    return { state: 'met', evidence: vouched.map((f) => evidenceOf(set, f, demands)), entries };
  }
  const unchecked = refusalsOf(findings, 'unknown');
  const couldBeMet = distinct + unchecked.length >= set.count;
  const [first] = unchecked;
  if (couldBeMet && first !== undefined)
    return { state: 'unknown', why: told(set, entries, first.reason, distinct), entries };
  const reason = mostTelling(refusalsOf(findings, 'refused'))?.reason ?? 'UntrustedSigner';
  return { state: 'rejected', why: told(set, entries, reason, distinct), entries };
}

function refusalsOf(findings: readonly EntryFinding[], outcome: 'refused' | 'unknown'): readonly Refusal[] {
  return findings.flatMap((finding) =>
    finding.outcome !== 'vouched' && finding.outcome === outcome ? [finding.refusal] : [],
  );
}

/** The sentence on a set: what it needed, what it got, and what each entry that did not vouch says. */
function told(
  set: AttestorSet,
  entries: readonly EntryExplanation[],
  reason: Refusal['reason'],
  distinct: number,
): Refusal {
  const said = entries.filter((entry) => entry.outcome !== 'vouched').map((entry) => entry.message);
  const vouched = entries.length - said.length;
  const doubled = vouched > distinct ? [`${vouched} entries vouched, but by the same key, which counts once`] : [];
  const needed = set.entries.length === 1 ? '' : ` (${distinct} of ${set.count} needed)`;
  return refusal(reason, `attestor set "${set.name}"${needed}: ${[...new Set([...doubled, ...said])].join('; ')}`);
}

function explain(set: AttestorSet, finding: EntryFinding): EntryExplanation {
  const base = { set: set.name, trustedKey: finding.entry.trustedKey, outcome: finding.outcome };
  if (finding.outcome !== 'vouched')
    return { ...base, reason: finding.refusal.reason, message: finding.refusal.message };
  const [first] = finding.proofs;
  return {
    ...base,
    reason: 'Verified',
    message: `vouched: ${first?.proof.identity ?? first?.proof.fingerprint ?? ''}`,
  };
}

function evidenceOf(
  set: AttestorSet,
  finding: Extract<EntryFinding, { outcome: 'vouched' }>,
  demands: Claim['demands'],
): Evidence {
  const { proof, signature, subject } = firstOf(finding.proofs);
  return {
    trustedKey: finding.entry.trustedKey,
    set: set.name,
    proves: demands.type === 'signature' ? 'signature' : { predicateType: demands.predicateType },
    subject: subject.digest,
    family: signature.family,
    place: signature.place,
    forms: formsOf(finding.proofs),
    fingerprint: proof.fingerprint,
    ...(proof.identity === undefined ? {} : { identity: proof.identity }),
    ...(proof.issuer === undefined ? {} : { issuer: proof.issuer }),
    ...(proof.signedAt === undefined ? {} : { signedAt: proof.signedAt.toISOString() }),
    timeSource: proof.timeSource,
    ...(proof.logIndex === undefined ? {} : { logIndex: proof.logIndex }),
    annotations: proof.annotations,
    notes: proof.notes,
  };
}

function formsOf(proofs: readonly ProofFound[]): readonly SignatureForm[] {
  const forms = proofs.map(({ proof, signature: { family, place } }): SignatureForm => {
    // Nothing but the timestamp makes it valid: its certificate has expired.
    const stamped = family === 'notary' && proof.timeSource === 'timestamp-authority';
    return `${stamped ? 'notary-timestamped' : family} ${place.via}`;
  });
  return [...new Set(forms)].sort();
}

function firstOf(proofs: readonly ProofFound[]): ProofFound {
  const [first] = proofs;
  if (first === undefined) throw new Error('an entry without proofs was counted as vouching');
  return first;
}

function vouchedBy(evidence: readonly Evidence[]): string {
  const vouchers = evidence.map((e) => `${e.trustedKey} (${e.identity ?? e.fingerprint})`);
  return `vouched for by ${[...new Set(vouchers)].join(', ')}`;
}
