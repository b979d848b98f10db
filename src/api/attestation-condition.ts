/** Conditions on the predicate of an attestation, as Kyverno writes them. Owns the shape; core/predicate evaluates them. */
import * as z from 'zod';
import { type Rule, ruled } from './rule.ts';
import { listOf, text } from './scalars.ts';

/** Kyverno's operators (kyverno.io/v1, ConditionOperator), without the deprecated ones. */
export const CONDITION_OPERATORS = [
  'Equals',
  'NotEquals',
  'AnyIn',
  'AllIn',
  'AnyNotIn',
  'AllNotIn',
  'In',
  'NotIn',
  'GreaterThan',
  'GreaterThanOrEquals',
  'LessThan',
  'LessThanOrEquals',
  'DurationGreaterThan',
  'DurationGreaterThanOrEquals',
  'DurationLessThan',
  'DurationLessThanOrEquals',
] as const;

const anything = z.unknown().meta({ 'x-kubernetes-preserve-unknown-fields': true });

const AttestationCondition = z.strictObject({
  key: text(1024).describe('JMESPath over the predicate, in {{ }}. Example: "{{ buildDefinition.buildType }}".'),
  operator: z.enum(CONDITION_OPERATORS).describe('How key and value are compared, as in Kyverno. Example: Equals.'),
  value: anything.describe('What it is compared with: a string, number, boolean, or a list of them.').exactOptional(),
  message: z.string().max(1024).describe('Said where the condition fails.').exactOptional(),
});
/** One comparison. */
export type AttestationCondition = z.output<typeof AttestationCondition>;

interface AnyAll {
  readonly any: readonly unknown[];
  readonly all: readonly unknown[];
}

const notEmpty: Rule<AnyAll> = {
  cel: '(has(self.any) && size(self.any) > 0) || (has(self.all) && size(self.all) > 0)',
  message: 'give at least one condition in any or all, or remove conditions',
  path: [],
  holds: ({ any, all }) => any.length > 0 || all.length > 0,
};

/** `all` must hold, and one of `any` where there are some. */
export const ConditionTree = ruled(
  z.strictObject({
    any: listOf(AttestationCondition, 32).describe('One of these must hold.').default([]),
    all: listOf(AttestationCondition, 32).describe('Each of these must hold.').default([]),
  }),
  notEmpty,
);
/** `all` must hold, and one of `any` where there are some. */
export type ConditionTree = z.output<typeof ConditionTree>;
