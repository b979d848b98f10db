/** How strongly the words of JMESPath bind. Owns the table alone. */
import type { TokenKind } from './lexer.ts';
import type { Comparator } from './syntax.ts';

/** Binding powers; what is not here binds nothing. */
export const POWER: Readonly<Partial<Record<TokenKind, number>>> = {
  '|': 1,
  '||': 2,
  '&&': 3,
  '==': 5,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  '!=': 5,
  '[]': 9,
  '*': 20,
  '[?': 21,
  '.': 40,
  '!': 45,
  '{': 50,
  '[': 55,
  '(': 60,
};

/** What binds weaker ends a projection. */
export const PROJECTION_STOPS = 10;

/** Is it an operator that compares? */
export function isComparator(kind: TokenKind): kind is Comparator {
  return ['==', '!=', '<', '<=', '>', '>='].includes(kind);
}
