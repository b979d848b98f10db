/**
 * From the verdict on a digest to the verdict on one use of it: what the use's own spec adds (a digest demanded, a tag
 * that moved, an index that its reference must lead to). Pure. Must only ever take trust away.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { Behind } from '../../core/behind.ts';
import type { RejectedReason } from '../../api/reasons.ts';
import { reasonOfFailure } from '../../core/failure.ts';
import type { ImageUse } from '../../core/image-use.ts';
import type { KnownLead, KnownLeads } from '../../core/lead.ts';
import { formatReference } from '../../core/reference.ts';
import type { Verdict } from '../../core/verdict.ts';
import { unjudged } from './judge.ts';
import { leadsTo } from './subject.ts';

/** A verdict on a digest, and where the references of the specs led: what an Examination is, or what is kept of it. */
export interface Examined {
  readonly verdict: Verdict;
  readonly leads: KnownLeads;
  /** What tags that moved lead to, where that was looked at. */
  readonly behind?: Behind;
}

/** The verdict on one use. Where the digest is rejected, that is the answer for each of its uses. */
export function verdictOnUse(examination: Examined, use: ImageUse, policy: ImageTrustPolicy): Verdict {
  const { verdict, leads } = examination;
  if (verdict.state === 'rejected') return verdict;
  const { requireInSpec, onTagDrift } = policy.spec.digest;
  if (requireInSpec && use.reference.digest === undefined) {
    return rejected(
      verdict,
      'DigestRequired',
      `the spec names ${use.image} without a digest: write ${use.image}@${use.digest ?? 'sha256:…'}`,
    );
  }
  if (verdict.state === 'unknown') return verdict;
  const lead = leads.get(formatReference(use.reference));
  return (
    throughItsIndex(verdict, use, lead) ??
    (onTagDrift === 'Ignore' ? verdict : withTagDrift(verdict, { use, lead, onTagDrift }))
  );
}

/**
 * A proof that names an index counts for a use whose reference leads to that index, and for no other: a Pod that names
 * the platform manifest itself runs something that nobody signed under that name.
 */
function throughItsIndex(verdict: Verdict, use: ImageUse, lead: KnownLead | undefined): Verdict | undefined {
  const indexes = verdict.evidence.map((e) => e.subject).filter((subject) => subject !== use.digest);
  const foreign = indexes.find((index) => lead?.kind !== 'manifest' || lead.manifest.digest !== index);
  if (foreign === undefined) return undefined;
  if (lead?.kind === 'failure' && lead.failure.detail.kind !== 'not-found') {
    return { ...unjudged(reasonOfFailure(lead.failure.detail), lead.failure.message), entries: verdict.entries };
  }
  const message = `only the index ${foreign} that contains this manifest is signed, and ${use.image} does not lead to it`;
  return rejected(verdict, 'NoSignature', message);
}

interface Drift {
  readonly use: ImageUse;
  readonly lead: KnownLead | undefined;
  readonly onTagDrift: 'Warn' | 'Fail';
}

/** Has the tag moved since the image was pulled? Only a running digest can have been left behind by its tag. */
function withTagDrift(verdict: Verdict, { use, lead, onTagDrift }: Drift): Verdict {
  if (use.digestSource !== 'status' || use.reference.digest !== undefined || use.digest === undefined) return verdict;
  if (lead === undefined || leadsTo(lead, use.digest)) return verdict;
  const fails = onTagDrift === 'Fail';
  if (lead.kind === 'failure' && lead.failure.detail.kind !== 'not-found') {
    const { failure } = lead;
    if (fails) return { ...unjudged(reasonOfFailure(failure.detail), failure.message), entries: verdict.entries };
    return { ...verdict, notes: [...verdict.notes, `tag drift: not checked: ${failure.message}`] };
  }
  const now = lead.kind === 'manifest' ? `leads to ${lead.manifest.digest}` : 'is gone';
  const message = `the tag of ${use.image} ${now}, while ${use.digest} runs`;
  if (fails) return rejected(verdict, 'TagDrift', message);
  return { ...verdict, notes: [...verdict.notes, `tag drift: ${message}`] };
}

function rejected(verdict: Verdict, reason: RejectedReason, message: string): Verdict {
  return { state: 'rejected', reason, message, evidence: [], entries: verdict.entries, notes: verdict.notes };
}
