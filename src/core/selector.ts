/** Label selectors with the semantics of Kubernetes (apimachinery, labels.Requirement). Pure; bounds are the schema's. */
import type { LabelSelector } from '../api/label-selector.ts';

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** The label that the API server puts on every namespace, with the namespace's name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Do the labels satisfy every part of the selector? The empty selector selects everything. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const exact = Object.entries(selector.matchLabels).every(([key, value]) => valueOf(labels, key) === value);
  return exact && selector.matchExpressions.every((requirement) => satisfies(requirement, labels));
}

type Requirement = LabelSelector['matchExpressions'][number];

/** NotIn and DoesNotExist hold for an object that does not have the label at all. */
function satisfies({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Own properties only: a label named `constructor` is a label like any other. */
function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
