/**
 * What a rendering cannot say, says more strictly, or lets in: collected while it is made. Owns the order and that
 * nothing stands twice; must never decide what applies.
 */
import { type Feature, treatmentOf } from './mapping.ts';
import type { AdmissionDifference, KyvernoFormat, NotExpressible } from './rendering.ts';

/** Takes notes of one rendering. */
export interface Ledger {
  /** A feature was met at a field. What follows from that, the mapping table says. */
  note(feature: Feature, where: string): void;
  readonly problems: readonly NotExpressible[];
  readonly gaps: readonly AdmissionDifference[];
  readonly refusals: readonly AdmissionDifference[];
}

/** An empty ledger of a kind. */
export function createLedger(format: KyvernoFormat): Ledger {
  const problems: NotExpressible[] = [];
  const gaps: AdmissionDifference[] = [];
  const refusals: AdmissionDifference[] = [];
  const seen = new Set<string>();
  return {
    problems,
    gaps,
    refusals,
    note(feature, where): void {
      const key = `${feature} ${where}`;
      if (seen.has(key)) return;
      seen.add(key);
      const { how, text: message } = treatmentOf(feature, format);
      if (how === 'none') problems.push({ name: feature, where, format, message });
      if (how === 'gap') gaps.push({ name: feature, where, message });
      if (how === 'tighter') refusals.push({ name: feature, where, message });
    },
  };
}
