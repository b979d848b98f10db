/**
 * The holes that hand-written image policies of Kyverno have (measured on Kyverno 1.19.1): what each lets in, and the
 * fix. The one table for `image-trust audit` and docs/kyverno-holes.md. Owns codes; must never look at a policy.
 */
import type { HoleRow } from './row.ts';
import { ADMITTING } from './table-admitting.ts';
import { BREAKING } from './table-breaking.ts';

/** The code of a hole. */
export type HoleCode = keyof typeof ADMITTING | keyof typeof BREAKING;

/** All holes by code. */
export const HOLES: Readonly<Record<HoleCode, HoleRow>> = { ...ADMITTING, ...BREAKING };
