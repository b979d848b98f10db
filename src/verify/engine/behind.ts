/**
 * Judges what the tags of an image lead to by now, where they have moved away from what runs. Owns the bound on it; must
 * never touch the verdict on what runs.
 */
import type { Behind } from '../../core/behind.ts';
import { formatReference } from '../../core/reference.ts';
import type { Demands } from './demands.ts';
import { leadsTo } from './subject.ts';
import { type EngineContext, type Examination, type ImageToVerify, verifyImage } from './verify.ts';

/** More than so many digests behind the tags of one image are not looked at. */
const MAX_BEHIND = 4;

/** The verdicts on the digests behind tags that moved; empty where none did. */
export async function judgeBehind(
  { digest, references }: ImageToVerify,
  { leads }: Examination,
  demands: Demands,
  ctx: EngineContext,
): Promise<Behind> {
  const moved = references.flatMap((reference) => {
    const lead = leads.get(formatReference(reference));
    if (reference.digest !== undefined || lead?.kind !== 'manifest' || leadsTo(lead, digest)) return [];
    return [{ reference, digest: lead.manifest.digest }];
  });
  const groups = [...Map.groupBy(moved, (one) => one.digest)].slice(0, MAX_BEHIND);
  const judged = groups.map(async ([behind, group]) => {
    const image = { digest: behind, references: group.map(({ reference }) => reference) };
    const { verdict } = await verifyImage(image, demands, { ...ctx, followTags: false });
    return [behind, verdict] as const;
  });
  return new Map(await Promise.all(judged));
}
