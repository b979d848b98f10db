/** A place in the words of an expression: looking, going on, and saying what was expected there. */
import { type Failure, invalid } from '../../failure.ts';
import { lex, type Token, type TokenKind, whereIn } from './lexer.ts';

/** Walks over the words of one expression. */
export class Cursor {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** Throws Failure `invalid` where the text cannot be cut into words. */
  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = lex(expression);
  }

  /** The kind of the word here, or of one further on. */
  kind(ahead = 0): TokenKind {
    return this.#tokens[this.#at + ahead]?.kind ?? 'end';
  }

  /** The word here, and goes on. */
  next(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '', at: this.#expression.length };
    this.#at += 1;
    return token;
  }

  /** Goes on where the word is of this kind, and says whether it was. */
  skip(kind: TokenKind): boolean {
    if (this.kind() !== kind) return false;
    this.#at += 1;
    return true;
  }

  /** Goes on over a word of this kind; throws Failure `invalid` where there is another. */
  expect(kind: TokenKind): void {
    if (!this.skip(kind)) throw this.unexpected(kind);
  }

  /** What is wrong here. */
  unexpected(expected: string): Failure {
    return this.unexpectedAt(this.#tokens[this.#at], expected);
  }

  /** What is wrong with a word. */
  unexpectedAt(token: Token | undefined, expected: string): Failure {
    const found = token === undefined || token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
    return invalid(whereIn(this.#expression, token?.at ?? this.#expression.length), expected, found);
  }
}
