/**
 * AnyIn, AllIn, AnyNotIn, AllNotIn as Kyverno has them (pkg/engine/variables/operator/{anyin,allin,…}.go, 1.19): keys and
 * members are compared as texts, with wildcards on either side; a value that is text may be one member, a range, or a
 * JSON list of texts. A value of no use satisfies none of the four.
 */
import { type Evaluation, EvaluationFault } from '../evaluation.ts';
import { sprint, sprintMember } from '../formats/text.ts';
import { matchesEither, matchesWildcard } from './equality.ts';
import { isRange, satisfies } from './range.ts';

/** The four operators. */
export type Membership = 'AnyIn' | 'AllIn' | 'AnyNotIn' | 'AllNotIn';

/** Does the key stand to the members of the value as the operator says? */
export function isMember(operator: Membership, key: unknown, value: unknown, evaluation: Evaluation): boolean {
  if (Array.isArray(key)) return setIsMember(operator, membersOf(key, evaluation), value, evaluation);
  if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean') return false;
  const found = oneIsMember(sprint(key, evaluation), value, evaluation);
  return found !== undefined && found === (operator === 'AnyIn' || operator === 'AllIn');
}

/** The texts in a JSON list; undefined where the text is JSON, but no list of texts. Text that is no JSON is itself one. */
export function membersOfText(text: string): readonly string[] | undefined {
  const json = parsed(text);
  if (json === undefined) return [text];
  if (json.value === null) return [];
  const list: readonly unknown[] = Array.isArray(json.value) ? json.value : [json.value];
  const texts = list.map((item) => (item === null ? '' : item));
  return Array.isArray(json.value) && texts.every((item) => typeof item === 'string') ? texts : undefined;
}

/** The members of a list as the texts by which they are compared. */
export function membersOf(list: readonly unknown[], evaluation: Evaluation): readonly string[] {
  return list.map((member) => sprintMember(member, evaluation));
}

/** Longer texts are no lists that anybody wrote into a policy. */
const MAX_LIST = 64 * 1024;

function parsed(text: string): { readonly value: unknown } | undefined {
  if (text.length > MAX_LIST) throw new EvaluationFault(`a list in a text of ${text.length} characters`);
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Undefined where the value is of no type that has members. */
function oneIsMember(key: string, value: unknown, evaluation: Evaluation): boolean | undefined {
  if (Array.isArray(value))
    return value.some((member) => matchesEither(key, sprintMember(member, evaluation), evaluation));
  if (typeof value !== 'string') return undefined;
  if (matchesWildcard(value, key, evaluation)) return true;
  if (isRange(value)) return satisfies(key, value, evaluation);
  return membersOfText(value)?.includes(key);
}

function setIsMember(operator: Membership, keys: readonly string[], value: unknown, evaluation: Evaluation): boolean {
  if (typeof value === 'string') return setIsInText(operator, keys, value, evaluation);
  if (Array.isArray(value)) return matchesSet(operator, keys, membersOf(value, evaluation), evaluation);
  // Kyverno takes a single number or truth value for a list of one, but only with the operators for any.
  const alone = typeof value === 'number' || typeof value === 'boolean';
  return alone && isAny(operator) && matchesSet(operator, keys, [sprint(value, evaluation)], evaluation);
}

function setIsInText(operator: Membership, keys: readonly string[], value: string, evaluation: Evaluation): boolean {
  if (keys.length === 1 && keys[0] === value) return operator === 'AnyIn' || operator === 'AllIn';
  if (isRange(value)) return rangeHolds(operator, keys, value, evaluation);
  const members = membersOfText(value);
  return members !== undefined && matchesSet(operator, keys, members, evaluation);
}

function rangeHolds(operator: Membership, keys: readonly string[], range: string, evaluation: Evaluation): boolean {
  const within = (key: string): boolean => satisfies(key, range, evaluation);
  switch (operator) {
    case 'AnyIn':
      return keys.some(within);
    case 'AllIn':
      return keys.every(within);
    case 'AnyNotIn':
      return keys.some((key) => satisfies(key, range.replace('-', '!-'), evaluation));
    case 'AllNotIn':
      return !keys.some(within);
  }
}

function matchesSet(
  operator: Membership,
  keys: readonly string[],
  members: readonly string[],
  evaluation: Evaluation,
): boolean {
  const within = (key: string): boolean => members.some((member) => matchesEither(key, member, evaluation));
  switch (operator) {
    case 'AnyIn':
      return keys.some(within);
    case 'AllIn':
      return keys.every(within);
    case 'AnyNotIn':
      return !keys.every(within);
    case 'AllNotIn':
      return !keys.some(within);
  }
}

function isAny(operator: Membership): boolean {
  return operator === 'AnyIn' || operator === 'AnyNotIn';
}
