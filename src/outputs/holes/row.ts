/** What is said of one kind of hole. Shape only. */

/** critical: lets images in that nobody signed. high: an attacker gets past. medium, low: refuses what is good, or breaks. */
export const HOLE_SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
/** How bad a hole is. */
export type HoleSeverity = (typeof HOLE_SEVERITIES)[number];

/** One kind of hole. */
export interface HoleRow {
  readonly title: string;
  readonly severity: HoleSeverity;
  /** C: ClusterPolicy and Policy. I: ImageValidatingPolicy, namespaced or not. */
  readonly kinds: 'C' | 'I' | 'C, I';
  /** What it lets in, or what it does instead of what was meant. */
  readonly lets: string;
  /** What to write: for both kinds, or for each. */
  readonly fix: string | { readonly C: string; readonly I: string };
}

/** The fix for a kind of policy. */
export function fixOf({ fix }: HoleRow, kind: 'C' | 'I'): string {
  return typeof fix === 'string' ? fix : fix[kind];
}
