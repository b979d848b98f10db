/** Choices drawn from one number: what fast-check hands to a mutation, so that a seed replays it and shrinking drops whole edits. */

/** A stream of choices. */
export interface Random {
  /** A whole number from 0 to `below` - 1; 0 where there is no choice. */
  below(limit: number): number;
  /** True once in `n`. */
  oneIn(n: number): boolean;
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T;
}

/** The stream that this number stands for (mulberry32: small, and good enough to choose by). */
export function randomFrom(salt: number): Random {
  let state = salt | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => (limit <= 1 ? 0 : next() % limit);
  return { below, oneIn: (n) => below(n) === 0, pick: (list) => list[below(list.length)]! };
}
