/**
 * Signed annotations (`cosign sign -a key=value`): the demand on them, and what of them goes into evidence.
 */
import { Refused } from '../refusal.ts';
import { quoted } from './quoted.ts';

/** What evidence keeps of the signed annotations. */
const KEPT = { entries: 64, keyCharacters: 256, valueCharacters: 1024 } as const;

/** Demands every wanted annotation with exactly its value. `found` is signed and authenticated. */
export function demandAnnotations(
  found: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(wanted)) {
    const there = Object.hasOwn(found, key) ? found[key] : undefined;
    if (there !== value) {
      throw new Refused(
        'AnnotationMismatch',
        `annotation ${quoted(key)}: expected ${quoted(value)}, found ${describe(there)}`,
      );
    }
  }
}

/** The annotations that are text, bounded, in the order of their keys. */
export function stringEntries(found: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const texts = Object.entries(found).flatMap(([key, value]) =>
    typeof value === 'string' && key.length <= KEPT.keyCharacters
      ? [[key, value.slice(0, KEPT.valueCharacters)] as const]
      : [],
  );
  return Object.fromEntries(texts.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, KEPT.entries));
}

function describe(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? quoted(value) : `a value that is not text (${typeof value})`;
}
