/**
 * A long list as kubectl prints it (`kubectl get pods -A -o yaml`), taken apart by its lines, so that its items can be
 * parsed one after the other: the syntax tree of a list is a hundred times as large as its text.
 * Owns the split; must never split what it is not sure of, for there is a parser that can take it whole.
 */

/** A run of characters in a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A list, split. */
export interface ListText {
  /** The text without its items: apiVersion, kind, metadata. */
  readonly head: string;
  /** Each from its dash to the next one. */
  readonly items: readonly Span[];
}

/**
 * Splits a text that is one block mapping at column 0 with one key `items`, whose entries begin with a dash at
 * column 0. YAML allows no other meaning for such a dash there: every scalar inside an item is indented further.
 * Undefined for every other text.
 */
export function splitList(text: string): ListText | undefined {
  const begin = text.startsWith('items:\n') ? 0 : text.indexOf('\nitems:\n') + 1;
  const first = begin + 'items:\n'.length;
  if (begin === 0 && !text.startsWith('items:\n')) return undefined;
  if (!text.startsWith('- ', first)) return undefined;
  const items: Span[] = [];
  let start = first;
  let end = text.length;
  for (let line = first; line < text.length; line = nextLine(text, line)) {
    if (text.startsWith('- ', line)) {
      if (line > start) items.push({ start, end: line });
      start = line;
    } else if (!continuesItem(text, line)) {
      end = line;
      break;
    }
  }
  items.push({ start, end });
  const head = text.slice(0, begin) + text.slice(end);
  return isPlainHead(head) ? { head, items } : undefined;
}

/** The text of an item as a mapping: the dash made a space, so that every character keeps its column. */
export function itemText(text: string, { start, end }: Span): string {
  return ` ${text.slice(start + 1, end)}`;
}

function nextLine(text: string, line: number): number {
  const end = text.indexOf('\n', line);
  return end < 0 ? text.length : end + 1;
}

/** Indented, or empty. */
function continuesItem(text: string, line: number): boolean {
  return text[line] === ' ' || text[line] === '\n';
}

/** Nothing but keys at column 0 with what is indented below them: no second document, no directive, no second list. */
function isPlainHead(head: string): boolean {
  return head.split('\n').every((line) => line === '' || /^(?: |#|(?!items:)[A-Za-z]+:)/.test(line));
}
