/** Values as one text, whatever the order in which somebody wrote their fields. Must never drop a field. */

/** JSON with the fields of every object in order: equal for values that say the same. */
export function canonical(value: unknown): string {
  return JSON.stringify(sortedKeys(value) ?? null);
}

/** The API server returns the fields of an object in an order of its own. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]));
}
