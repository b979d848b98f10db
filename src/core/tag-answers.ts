/**
 * Where registries say that tags lead, for uses whose digest nothing else tells. Owns how long an answer is kept: as long
 * as a use asks for it, for the tag may lead elsewhere when the next one comes. Must never ask a registry itself.
 */
import type { Digest } from './digest.ts';
import type { ImageUse } from './image-use.ts';
import { unresolvedReferences, withResolvedDigests } from './inventory.ts';

/** Uses as they came, before tags were resolved, by the source that they came from. */
export type Given = readonly [source: string, uses: readonly ImageUse[]];

/** The answers. */
export interface TagAnswers {
  /** What a source asks from now on, in place of what it asked before: its uses, with the digests that are known. */
  resolve(source: string, uses: readonly ImageUse[]): readonly ImageUse[];
  /** Takes an answer in, by canonical reference: those who asked and to whom it is news. */
  answer(reference: string, digest: Digest): readonly Given[];
  /** How many answers are kept. */
  readonly size: number;
}

/** No answers, and nobody who asks. */
export function createTagAnswers(): TagAnswers {
  const digests = new Map<string, Digest>();
  const given = new Map<string, readonly ImageUse[]>();
  const asking = new Map<string, Set<string>>();
  const leave = (reference: string, source: string): void => {
    const sources = asking.get(reference);
    if (sources?.delete(source) !== true || sources.size > 0) return;
    asking.delete(reference);
    digests.delete(reference);
  };
  return {
    resolve(source, uses): readonly ImageUse[] {
      const references = unresolvedReferences(uses);
      const before = unresolvedReferences(given.get(source) ?? []);
      for (const reference of references) asking.set(reference, (asking.get(reference) ?? new Set()).add(source));
      for (const reference of before) if (!references.includes(reference)) leave(reference, source);
      if (references.length === 0) {
        given.delete(source);
        return uses;
      }
      given.set(source, uses);
      return withResolvedDigests(uses, digests);
    },
    answer(reference, digest): readonly Given[] {
      const sources = asking.get(reference);
      if (sources === undefined || digests.get(reference) === digest) return [];
      digests.set(reference, digest);
      return [...sources].map((source): Given => [source, given.get(source) ?? []]);
    },
    get size() {
      return digests.size;
    },
  };
}
