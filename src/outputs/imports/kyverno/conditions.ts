/**
 * Conditions on attestations, which are written alike here and there. Owns what a condition may read: the predicate and
 * nothing else. Must never drop one.
 */
import { CONDITION_OPERATORS } from '../../../api/attestation-condition.ts';
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { Draft, PolicySpec } from '../draft.ts';

type Attestation = NonNullable<PolicySpec['attestations']>[number];
/** Conditions as a user would write them. */
export type Conditions = NonNullable<Attestation['conditions']>;
type Condition = NonNullable<Conditions['all']>[number];
type Operator = Condition['operator'];

/** Other spellings of operators that Kyverno takes. */
const SYNONYMS: Readonly<Record<string, Operator>> = { Equal: 'Equals', NotEqual: 'NotEquals' };
/** What stands in the context of a rule beside the predicate. */
const OTHERS =
  /\{\{[^}]*?(?<![\w.])(request|images|element|elementIndex|target|serviceAccountName|serviceAccountNamespace|time_\w*)\b/;

/** One tree per attestation; undefined where there are no conditions, or with a refusal. */
export function conditionsOf(field: Field, variables: readonly string[], draft: Draft): Conditions | undefined {
  const blocks = listItems(field, 'a list of any and all').map((block) => blockOf(block, variables, draft));
  const all = blocks.flatMap((block) => [...block.all, ...(block.any.length === 1 ? block.any : [])]);
  const anys = blocks.flatMap(({ any }) => (any.length > 1 ? [any] : []));
  if (anys.length > 1) {
    draft.note('refused', field, 'several blocks with any cannot be said of one attestation: write them as one');
    return undefined;
  }
  const any = anys[0] ?? [];
  if (all.length === 0 && any.length === 0) return undefined;
  return { ...(any.length === 0 ? {} : { any }), ...(all.length === 0 ? {} : { all }) };
}

interface Block {
  readonly any: Condition[];
  readonly all: Condition[];
}

function blockOf(block: Field, variables: readonly string[], draft: Draft): Block {
  const read = (key: 'any' | 'all'): Condition[] =>
    listItems(at(block, key), 'a list of conditions').flatMap((item) => conditionOf(item, variables, draft) ?? []);
  const found = { any: read('any'), all: read('all') };
  const [any, all] = [at(block, 'any'), at(block, 'all')];
  if (isAbsent(any) && isAbsent(all)) draft.note('refused', block, 'expected any or all');
  return found;
}

function conditionOf(item: Field, variables: readonly string[], draft: Draft): Condition | undefined {
  const [keyField, valueField] = [at(item, 'key'), at(item, 'value')];
  const key = optionalText(keyField, 'a text with {{ }}');
  const operator = operatorOf(at(item, 'operator'));
  if (key === undefined || operator === undefined) {
    draft.note('refused', item, `expected a key and one of the operators ${CONDITION_OPERATORS.join(', ')}`);
    return undefined;
  }
  const reads = [
    readsOther(key, variables),
    JSON.stringify(valueField.value ?? null).includes('{{') ? 'a variable' : undefined,
  ];
  const strange = reads.find((found) => found !== undefined);
  if (strange !== undefined || !key.includes('{{')) {
    const what = strange === undefined ? 'no part of the predicate' : `${strange}, which is no part of the predicate`;
    draft.note('refused', item, `the condition reads ${what}`);
    return undefined;
  }
  const message = optionalText(at(item, 'message'), 'a text');
  return {
    key,
    operator,
    ...(isAbsent(valueField) ? {} : { value: valueField.value }),
    ...(message === undefined ? {} : { message }),
  };
}

function operatorOf({ value }: Field): Operator | undefined {
  if (typeof value !== 'string') return undefined;
  const known = CONDITION_OPERATORS.find((operator) => operator.toLowerCase() === value.toLowerCase());
  return known ?? (Object.hasOwn(SYNONYMS, value) ? SYNONYMS[value] : undefined);
}

function readsOther(key: string, variables: readonly string[]): string | undefined {
  const other = OTHERS.exec(key)?.[1];
  return other ?? variables.find((name) => new RegExp(`\\{\\{\\s*${name.replace(/\W/g, '\\$&')}\\b`).test(key));
}
