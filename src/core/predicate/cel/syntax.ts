/** The syntax tree of CEL, macros expanded into loops. Owns the shape alone. */
import type { CelValue } from './values.ts';

/** Operators on two values. */
export type BinaryOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%';

/** What a loop over a list, or over the keys of a map, makes. */
export type LoopKind = 'all' | 'exists' | 'exists_one' | 'filter' | 'map';

/** One node. */
export type Node =
  | { readonly type: 'literal'; readonly value: CelValue }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'field'; readonly of: Node; readonly field: string }
  /** `has(of.field)` */
  | { readonly type: 'has'; readonly of: Node; readonly field: string }
  | { readonly type: 'index'; readonly of: Node; readonly by: Node }
  | { readonly type: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly type: 'choice'; readonly condition: Node; readonly chosen: Node; readonly otherwise: Node }
  | { readonly type: 'not' | 'negative'; readonly of: Node }
  | { readonly type: 'binary'; readonly by: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [Node, Node])[] }
  /** A method has the value that it is called on as its first argument. */
  | { readonly type: 'call'; readonly name: string; readonly method: boolean; readonly args: readonly Node[] }
  | {
      readonly type: 'loop';
      readonly kind: LoopKind;
      readonly over: Node;
      readonly variable: string;
      /** `map` with three arguments. */
      readonly where?: Node;
      readonly body: Node;
    };
