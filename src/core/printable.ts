/**
 * Text from strangers (image names, annotations, certificates, error messages) made safe for a terminal or a log line.
 * Must never change a character that only has a shape.
 */

/** Controls, characters without a shape or that turn text around, line and paragraph separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Escapes what could move a cursor, colour a screen, break a line or disguise a name: `\u{1b}` for ESC. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
