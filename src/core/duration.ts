/** Durations as our kinds and flags write them. Owns the grammar; must never read a clock. */
import { invalid } from './failure.ts';

const GRAMMAR = /^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?(?:(\d{1,9})ms)?$/;
/** Milliseconds of the units, in the order of the grammar. */
const UNITS: readonly number[] = [86_400_000, 3_600_000, 60_000, 1000, 1];

/**
 * Reads a duration and returns milliseconds: whole numbers with the units d, h, m, s, ms in this order
 * (`30s`, `24h`, `90d`, `1h30m`). Throws Failure `invalid`; zero is refused, for nothing can take no time.
 */
export function parseDuration(text: string): number {
  const groups = GRAMMAR.exec(text)?.slice(1) ?? [];
  const total = UNITS.reduce((sum, unit, index) => sum + unit * Number(groups[index] ?? 0), 0);
  if (total > 0) return total;
  const found = JSON.stringify(text.slice(0, 64));
  throw invalid('duration', 'whole numbers with the units d, h, m, s, such as 30s, 24h, 90d or 1h30m', found);
}
