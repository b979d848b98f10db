/** Label selectors, as metav1.LabelSelector, with the rules of the API server said in sentences. Shape only. */
import * as z from 'zod';
import { type Rule, ruled } from './rule.ts';
import { listOf, setOf, text, textMap } from './scalars.ts';

interface Requirement {
  readonly operator: string;
  readonly values: readonly string[];
}

const valuesFitOperator: Rule<Requirement> = {
  cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
  message: 'give values for In and NotIn, and none for Exists and DoesNotExist',
  path: [],
  holds: ({ operator, values }) => ['In', 'NotIn'].includes(operator) === values.length > 0,
};

const LabelRequirement = ruled(
  z.strictObject({
    key: text(317).describe('Label key. Example: app.kubernetes.io/part-of.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('In, NotIn, Exists or DoesNotExist.'),
    values: setOf(z.string().max(63), 64).describe('Values for In and NotIn.').default([]),
  }),
  valuesFitOperator,
);

/** A label selector: all of its parts must hold; the empty one selects everything. */
export const LabelSelector = z.strictObject({
  matchLabels: textMap(64, 317, 63).describe('Labels that must have exactly these values.').default({}),
  matchExpressions: listOf(LabelRequirement, 32).describe('Requirements on labels.').default([]),
});
/** A label selector. */
export type LabelSelector = z.output<typeof LabelSelector>;
