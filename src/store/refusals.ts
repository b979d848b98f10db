/**
 * Why the Pod of a use would be refused, were it created again now: by what is known of the digest that runs, or of the
 * one that its tag leads to by now. Pure. Must never take what nobody has looked at for refused.
 */
import type { Behind } from '../core/behind.ts';
import type { ImageUse } from '../core/image-use.ts';
import type { KnownLeads } from '../core/lead.ts';
import { formatReference } from '../core/reference.ts';
import { type Door, refusalOnRestart, type Running } from '../core/restart.ts';
import type { RestartRefusal, ScanRow } from '../core/scan-result.ts';
import { leadsTo } from '../verify/engine/subject.ts';

/** A use with the verdict that is shown of it. */
export interface ShownUse extends Running {
  readonly use: ImageUse;
}

/** Where the references of a digest led, and what became of those that led elsewhere. */
export interface Looked {
  readonly leads: KnownLeads;
  readonly behind?: Behind;
}

/** By what was looked at. `door` undefined: nobody knows what is there. */
export function refusalOf(shown: ShownUse, looked: Looked, door: Door | undefined): Pick<ScanRow, 'refusal'> {
  if (door === undefined || door === 'open') return {};
  const moved = shown.verdict.state === 'verified' ? afterTag(shown, looked, door) : undefined;
  if (moved !== undefined) return moved === 'let in' ? {} : { refusal: moved };
  return present(refusalOnRestart(shown, door));
}

/** By the door of now where the verdict is enough to say so; what was found out beside it stays until the next look. */
export function keptRefusal(
  shown: ShownUse,
  before: RestartRefusal | undefined,
  door: Door | undefined,
): Pick<ScanRow, 'refusal'> {
  if (door === undefined) return present(before);
  if (door === 'open') return {};
  const found = refusalOnRestart(shown, door);
  return present(found ?? (shown.verdict.state === 'verified' ? before : undefined));
}

function present(refusal: RestartRefusal | undefined): Pick<ScanRow, 'refusal'> {
  return refusal === undefined ? {} : { refusal };
}

/** A Pod that is created again pulls what its tag leads to now; undefined where that is what runs, or not known. */
function afterTag(
  { policy, use }: ShownUse,
  { leads, behind }: Looked,
  door: Door,
): RestartRefusal | 'let in' | undefined {
  if (use.reference.digest !== undefined || use.digest === undefined || use.digestSource !== 'status') return undefined;
  const lead = leads.get(formatReference(use.reference));
  if (lead === undefined || leadsTo(lead, use.digest)) return undefined;
  if (lead.kind === 'failure') {
    if (lead.failure.detail.kind !== 'not-found') return undefined;
    return { reason: 'TagGone', message: `${use.image} is gone from its registry, where Kyverno looks it up` };
  }
  const { digest } = lead.manifest;
  const verdict = behind?.get(digest);
  if (verdict === undefined || verdict.state === 'unknown') return undefined;
  const refusal = refusalOnRestart({ policy, use, verdict }, door);
  if (refusal === undefined) return 'let in';
  const message = `${use.image} leads to ${digest} now, not to what runs: ${refusal.message}`;
  return { reason: 'TagMoved', message };
}
