/**
 * In and NotIn, which Kyverno has deprecated (pkg/engine/variables/operator/{in,notin}.go, 1.19): as AllIn and AnyNotIn,
 * but without ranges, and lists are compared by their texts exactly.
 */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { sprint } from '../formats/text.ts';
import { matchesEither, matchesWildcard } from './equality.ts';
import { membersOf, membersOfText } from './membership.ts';

/** Does the key stand to the members of the value as the operator says? */
export function isLegacyMember(
  operator: 'In' | 'NotIn',
  key: unknown,
  value: unknown,
  evaluation: Evaluation,
): boolean {
  if (Array.isArray(key)) return setIsMember(operator, textsOf(key), value, evaluation);
  if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean') return false;
  const found = oneIsMember(sprint(key, evaluation), value, evaluation);
  return found !== undefined && found === (operator === 'In');
}

function textsOf(key: readonly unknown[]): readonly string[] {
  const texts = key.filter((item) => typeof item === 'string');
  if (texts.length === key.length) return texts;
  throw new EvaluationFault('In and NotIn take lists of strings only: use AllIn, AnyIn, AnyNotIn or AllNotIn');
}

function oneIsMember(key: string, value: unknown, evaluation: Evaluation): boolean | undefined {
  if (Array.isArray(value))
    return membersOf(value, evaluation).some((member) => matchesEither(member, key, evaluation));
  if (typeof value !== 'string') return undefined;
  return matchesWildcard(value, key, evaluation) ? true : listIn(value)?.includes(key);
}

function setIsMember(
  operator: 'In' | 'NotIn',
  keys: readonly string[],
  value: unknown,
  evaluation: Evaluation,
): boolean {
  // So it is in Kyverno, for NotIn as well.
  if (typeof value === 'string' && keys.length === 1 && keys[0] === value) return true;
  const members = typeof value === 'string' ? listIn(value) : textsIn(value);
  if (members === undefined) return false;
  evaluation.spend(keys.length + members.length);
  const set = new Set(members);
  const all = keys.every((key) => set.has(key));
  return operator === 'In' ? all : !all;
}

/** Here text that is no JSON is no member either. */
function listIn(text: string): readonly string[] | undefined {
  const members = membersOfText(text);
  return members?.length === 1 && members[0] === text ? undefined : members;
}

function textsIn(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((item) => typeof item === 'string');
  return texts.length === value.length ? texts : undefined;
}
