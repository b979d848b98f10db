/**
 * What maps to what: every feature of our kinds against both kinds of Kyverno, as measured with Kyverno 1.19.1. The
 * renderer takes its words from here, and docs/kyverno.md is made from it. Must never decide when a row applies.
 */
import { HOLDERS } from './mapping/holders.ts';
import { IMAGES } from './mapping/images.ts';
import { KEYS } from './mapping/keys.ts';
import type { Cell } from './mapping/row.ts';
import type { KyvernoFormat } from './rendering.ts';

/** Every feature. The order is the order of the documentation. */
export const MAPPING = { ...IMAGES, ...KEYS, ...HOLDERS } as const;

/** A feature of the table. */
export type Feature = keyof typeof MAPPING;

/** How a kind treats a feature. */
export function treatmentOf(feature: Feature, format: KyvernoFormat): Cell {
  return MAPPING[feature][format];
}
