/** Predicate types as `--type` takes them. */
import { PREDICATE_SHORT_NAMES, predicateTypeNamed } from '../core/predicate-type.ts';
import { UsageError } from './exit.ts';

/** The predicate type behind a short name or a URI. Throws UsageError. */
export function predicateTypeOf(text: string): string {
  const type = predicateTypeNamed(text);
  if (type !== undefined) return type;
  const names = Object.keys(PREDICATE_SHORT_NAMES).join(', ');
  throw new UsageError(`--type: expected a URI or one of ${names}, found "${text}"`);
}
