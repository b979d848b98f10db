/** One cell and one row of the mapping table. Shapes only. */

/**
 * `exact`: decides as the engine. `tighter`: never admits more, may refuse what the engine trusts. `gap`: admits
 * something that the engine refuses, and nothing closes it. `none`: not expressible, so nothing is generated.
 */
export type Treatment = 'exact' | 'tighter' | 'gap' | 'none';

/** How one kind treats a feature. */
export interface Cell {
  readonly how: Treatment;
  /** For `exact` how it is done; else what happens, and what to do about it. Whole sentences. */
  readonly text: string;
}

/** A feature of our kinds against both kinds of Kyverno. */
export interface Row {
  readonly feature: string;
  readonly ClusterPolicy: Cell;
  readonly ImageValidatingPolicy: Cell;
}

/** Decides as the engine; the text says how. */
export const exact = (text: string): Cell => ({ how: 'exact', text });
/** Refuses some of what the engine trusts. */
export const tighter = (text: string): Cell => ({ how: 'tighter', text });
/** Admits some of what the engine refuses. */
export const gap = (text: string): Cell => ({ how: 'gap', text });
/** Not expressible. */
export const none = (text: string): Cell => ({ how: 'none', text });

/** The same in both kinds. */
export function both(cell: Cell): Omit<Row, 'feature'> {
  return { ClusterPolicy: cell, ImageValidatingPolicy: cell };
}
