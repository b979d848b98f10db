/** Kyverno's operators by name: does the key stand to the value as the operator says? */
import type { AttestationCondition } from '../../../api/attestation-condition.ts';
import type { Evaluation } from '../evaluation.ts';
import { equals, notEquals } from './equality.ts';
import { isLegacyMember } from './membership-legacy.ts';
import { isMember, type Membership } from './membership.ts';
import { durationStands, type Order, stands } from './order.ts';

/** The name of an operator. */
export type OperatorName = AttestationCondition['operator'];

type Operator = (key: unknown, value: unknown, evaluation: Evaluation) => boolean;

/** The operators. A key or value of a type that an operator cannot use satisfies it not, as in Kyverno. */
export const OPERATORS: Readonly<Record<OperatorName, Operator>> = {
  Equals: equals,
  NotEquals: notEquals,
  AnyIn: membership('AnyIn'),
  AllIn: membership('AllIn'),
  AnyNotIn: membership('AnyNotIn'),
  AllNotIn: membership('AllNotIn'),
  In: (key, value, evaluation) => isLegacyMember('In', key, value, evaluation),
  NotIn: (key, value, evaluation) => isLegacyMember('NotIn', key, value, evaluation),
  GreaterThan: order('GreaterThan'),
  GreaterThanOrEquals: order('GreaterThanOrEquals'),
  LessThan: order('LessThan'),
  LessThanOrEquals: order('LessThanOrEquals'),
  DurationGreaterThan: durations('GreaterThan'),
  DurationGreaterThanOrEquals: durations('GreaterThanOrEquals'),
  DurationLessThan: durations('LessThan'),
  DurationLessThanOrEquals: durations('LessThanOrEquals'),
};

function membership(name: Membership): Operator {
  return (key, value, evaluation) => isMember(name, key, value, evaluation);
}

function order(name: Order): Operator {
  return (key, value) => stands(name, key, value);
}

function durations(name: Order): Operator {
  return (key, value) => durationStands(name, key, value);
}
