/**
 * Conditions on the operation of an admission request. They say when Kyverno looks, and nothing of which images are
 * trusted: we look again and again. Must never take any other condition for one.
 */
import { at, type Field, isMapping } from '../../../core/manifests/field.ts';

const OPERATION = /^\{\{\s*request\.operation\b[^{}]*\}\}$/;
/** Do the images of a Pod change? What is asked so that running Pods are left alone. */
const IMAGES = /^\{\{[^{}]*request\.object\.spec\b[^{}]*\bimage\b[^{}]*\}\}$/;
const OLD_IMAGES = /^\{\{[^{}]*request\.oldObject\.spec\b[^{}]*\bimage\b[^{}]*\}\}$/;

/** Are these preconditions (any, all, or a list) about nothing but the operation? */
export function isStatedOperation(preconditions: Field): boolean {
  const { value } = preconditions;
  if (Array.isArray(value)) return value.every(isOperation);
  const blocks = [at(preconditions, 'any'), at(preconditions, 'all')].map((block) => block.value);
  return blocks.every(
    (block) => block === undefined || block === null || (Array.isArray(block) && block.every(isOperation)),
  );
}

function isOperation(condition: unknown): boolean {
  if (!isMapping(condition)) return false;
  const key = typeof condition['key'] === 'string' ? condition['key'].trim() : '';
  const value = typeof condition['value'] === 'string' ? condition['value'].trim() : '';
  return OPERATION.test(key) || (condition['operator'] === 'NotEquals' && IMAGES.test(key) && OLD_IMAGES.test(value));
}
