/**
 * Tables as kubectl prints them: the additionalPrinterColumns of a CRD, `-o custom-columns`, `--sort-by`. Ages are left
 * out, so that two runs print the same.
 */
import type { ApiObject } from '../support/api-server/object.ts';

/** A column: its heading, and where its value lies. */
export interface Column {
  readonly heading: string;
  readonly path: string;
}

interface PrinterColumn {
  readonly name: string;
  readonly jsonPath: string;
  readonly type: string;
  readonly priority?: number;
}

/** What `kubectl get` shows of the kind that a CRD defines. */
export function printerColumns(crd: ApiObject): readonly Column[] {
  const { versions } = crd['spec'] as { versions: readonly { additionalPrinterColumns?: readonly PrinterColumn[] }[] };
  const shown = (versions[0]?.additionalPrinterColumns ?? []).filter(
    ({ type, priority = 0 }) => type !== 'date' && priority === 0,
  );
  const own = shown.map(({ name, jsonPath }) => ({ heading: name.toUpperCase(), path: jsonPath }));
  return [{ heading: 'NAME', path: '.metadata.name' }, ...own];
}

/** `WORKLOAD:.scope.name,RESULT:.results[*].result` */
export function customColumns(text: string): readonly Column[] {
  return text.split(',').map((column) => {
    const colon = column.indexOf(':');
    return { heading: column.slice(0, colon), path: column.slice(colon + 1) };
  });
}

/** A table, three blanks between columns, in the order of the values at `sortBy`. */
export function table(objects: readonly object[], columns: readonly Column[], absent: string, sortBy?: string): string {
  const text = (object: object, path: string): string => {
    const found = valuesAt(object, path);
    return found.length === 0 ? absent : found.map(String).join(',');
  };
  const sorted =
    sortBy === undefined
      ? objects
      : objects.toSorted((a, b) =>
          text(a, sortBy) < text(b, sortBy) ? -1 : text(a, sortBy) > text(b, sortBy) ? 1 : 0,
        );
  const rows = [
    columns.map(({ heading }) => heading),
    ...sorted.map((object) => columns.map(({ path }) => text(object, path))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('   ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/** The JSONPath that CRDs use for columns: fields, `[0]`, `[*]` and `[?(@.type=="Ready")]`. */
export function valuesAt(object: unknown, path: string): readonly unknown[] {
  const steps = path.matchAll(/\.([\w-]+)|\[(\d+|\*)\]|\[\?\(@\.(\w+)=="([^"]*)"\)\]/g);
  let found: readonly unknown[] = [object];
  for (const [, field, index, key, value] of steps)
    found = found.flatMap((at) => {
      if (field !== undefined) return present(fieldOf(at, field));
      const items: readonly unknown[] = Array.isArray(at) ? at : [];
      if (key !== undefined) return items.filter((item) => fieldOf(item, key) === value);
      return index === '*' ? items : present(items[Number(index)]);
    });
  return found;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}

function present(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : [value];
}
