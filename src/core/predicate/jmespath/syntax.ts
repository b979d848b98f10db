/** The syntax tree of JMESPath. Owns the shape alone. */

/** Operators that compare. */
export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** One node. Each is evaluated against a value, the current one. */
export type Node =
  | { readonly type: 'current' }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'slice'; readonly parts: SliceParts }
  | { readonly type: 'literal'; readonly value: unknown }
  | { readonly type: 'sub'; readonly left: Node; readonly right: Node }
  | { readonly type: 'pipe'; readonly left: Node; readonly right: Node }
  | { readonly type: 'or'; readonly left: Node; readonly right: Node }
  | { readonly type: 'and'; readonly left: Node; readonly right: Node }
  | { readonly type: 'not'; readonly of: Node }
  | { readonly type: 'compare'; readonly by: Comparator; readonly left: Node; readonly right: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'hash'; readonly members: readonly (readonly [string, Node])[] }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly type: 'reference'; readonly of: Node }
  | { readonly type: 'flatten'; readonly of: Node }
  /** `left[*]right` */
  | { readonly type: 'projection'; readonly left: Node; readonly right: Node }
  /** `left.*.right` */
  | { readonly type: 'values'; readonly left: Node; readonly right: Node }
  /** `left[?condition].right` */
  | { readonly type: 'filter'; readonly left: Node; readonly condition: Node; readonly right: Node };

/** start:stop:step, each of which may be missing. */
export type SliceParts = readonly [number | undefined, number | undefined, number | undefined];
