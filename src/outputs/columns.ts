/**
 * Aligned columns, as kubectl prints them. Owns width and padding; cells are made printable here, so that no caller
 * can forget to. Must never know what a cell means.
 */
import { printable } from '../core/printable.ts';

/** A cell: text, and how to paint it once it has been padded. */
export interface Cell {
  readonly text: string;
  readonly paint?: (padded: string) => string;
}

/** Spaces between columns: kubectl's. */
const GAP = '   ';

/** Lines of aligned columns; the last column is not padded. Empty cells are written as `<none>`, as kubectl does. */
export function renderColumns(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const head = header.map((text): Cell => ({ text }));
  const lines = [head, ...rows].map((cells) => cells.map(({ text, paint }) => ({ text: shown(text), paint })));
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => displayWidth(cells[column]?.text ?? ''))));
  const written = lines.map((cells) => {
    const parts = cells.map(({ text, paint }, column) => {
      const padding = column === cells.length - 1 ? 0 : (widths[column] ?? 0) - displayWidth(text);
      return (paint?.(text) ?? text) + ' '.repeat(padding);
    });
    return `${parts.join(GAP)}\n`;
  });
  return written.join('');
}

/** Columns that a text takes on a terminal: none for marks that combine, two for East Asian wide characters and emoji. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return Array.from(text).reduce((width, character) => width + characterWidth(character), 0);
}

/** East Asian Width W and F (UAX #11), by their blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

function characterWidth(character: string): number {
  if (/[\p{Mn}\p{Me}]/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function shown(text: string): string {
  return text === '' ? '<none>' : printable(text);
}
