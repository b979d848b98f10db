/**
 * What becomes of updates of running Pods: verified always, only where the images change, or never. Owns the reading of
 * preconditions (ClusterPolicy) and matchConditions (ImageValidatingPolicy).
 */
import { at, type Field, isMapping, listItems } from '../../core/manifests/field.ts';
import { textOf } from './hole.ts';

/** When an UPDATE is verified. */
export type Updates = 'always' | 'onChange' | 'never';

/** By the preconditions of a rule: `all` must hold, and one of `any`; a list is `all`. */
export function updatesByPreconditions(preconditions: Field): Updates {
  const { value } = preconditions;
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const all = [...list, ...itemsOf(at(preconditions, 'all'))];
  const any = itemsOf(at(preconditions, 'any'));
  const each = all.map(updatesOf);
  const some = any.map(updatesOf);
  const alternative = some.length === 0 ? 'always' : loosest(some);
  return strictest([...each, alternative]);
}

/** By the text of CEL conditions, all of which must hold. */
export function updatesByConditions(conditions: readonly Field[]): Updates {
  const each = conditions.map((condition): Updates => {
    const text = textOf(at(condition, 'expression'));
    if (!text.includes('request.operation')) return text.includes('oldObject') ? 'onChange' : 'always';
    if (text.includes('oldObject')) return 'onChange';
    const onlyCreate = /request\.operation\s*==\s*["']CREATE["']|request\.operation\s*!=\s*["']UPDATE["']/.test(text);
    return onlyCreate && !/["']UPDATE["']/.test(text.replace(/!=\s*["']UPDATE["']/, '')) ? 'never' : 'always';
  });
  return strictest(each);
}

function itemsOf(field: Field): readonly unknown[] {
  return listItems(field, 'a list of conditions').map(({ value }) => value);
}

/** `always` for a condition that says nothing of the operation: it may hold at an update as well. */
function updatesOf(condition: unknown): Updates {
  if (!isMapping(condition)) return 'always';
  const { key, operator, value } = condition;
  const text = typeof key === 'string' ? key : '';
  if (text.includes('oldObject') || JSON.stringify(value ?? null).includes('oldObject')) return 'onChange';
  if (!text.includes('request.operation')) return 'always';
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const named = values.includes('UPDATE');
  const negative = /not/i.test(String(operator));
  return named === negative ? 'never' : 'always';
}

function loosest(all: readonly Updates[]): Updates {
  return (['always', 'onChange', 'never'] as const).find((one) => all.includes(one)) ?? 'always';
}

function strictest(all: readonly Updates[]): Updates {
  return (['never', 'onChange', 'always'] as const).find((one) => all.includes(one)) ?? 'always';
}
