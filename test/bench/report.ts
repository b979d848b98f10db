/** What the benchmark says: figures with their targets, as a table for people or as JSON. Falling short is said, and no error. */

/** One figure. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is to be; absent where the figure is only told. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
}

/** Does the figure reach its target? A figure without one always does; one that could not be measured never does. */
export function isReached({ value, target }: Figure): boolean {
  if (target === undefined) return true;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** Lines of a table. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${shown(figure.value)} ${figure.unit}`.trim(),
    targetOf(figure),
    resultOf(figure),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same for programs. */
export function formatJson(machine: object, figures: readonly Figure[]): string {
  const told = figures.map((figure) => ({
    ...figure,
    value: Number.isNaN(figure.value) ? null : figure.value,
    reached: isReached(figure),
  }));
  return JSON.stringify({ machine, figures: told }, undefined, 2);
}

function targetOf({ target }: Figure): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `at least ${shown(target.atLeast)}` : `at most ${shown(target.atMost)}`;
}

function resultOf(figure: Figure): string {
  if (figure.target === undefined) return '';
  return isReached(figure) ? 'ok' : 'FALLS SHORT';
}

function shown(value: number): string {
  if (Number.isNaN(value)) return 'not measured';
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3);
}
