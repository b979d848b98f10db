/** Regular expressions for Go, which searches inside a text where the engine matches the whole. Pure text. */

/** The same pattern for the whole text. `\A` and `\z`, which no flag inside of the pattern moves. */
export function anchoredPattern(source: string): string {
  return `\\A(?:${source})\\z`;
}

/** A pattern for exactly this text, for fields that take `*` and `?` in it for wildcards. */
export function literalPattern(text: string): string {
  return `\\A${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\z`;
}
