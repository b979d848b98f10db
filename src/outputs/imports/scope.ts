/**
 * Which Pods a policy looks at, as Kyverno's match and exclude say it, in our terms. What cannot be said is left out
 * where that makes the policy look at more Pods; must never make it look at fewer.
 */
import { at, type Field, isAbsent, isMapping, listItems, optionalText } from '../../core/manifests/field.ts';
import type { Draft, PolicySpec } from './draft.ts';

/** `match` of a policy as a user would write it. */
export type MatchSpec = NonNullable<PolicySpec['match']>;
type Selector = NonNullable<MatchSpec['podSelector']>;
type Requirement = NonNullable<Selector['matchExpressions']>[number];

const NAMESPACE = /^[-a-z0-9*?]{1,63}$/;

/** Names or globs of namespaces; one that no namespace can match is dropped with a note. */
export function namespaceGlobs(field: Field, draft: Draft): readonly string[] {
  const names = listItems(field, 'a list of namespaces').flatMap((item) => {
    const text = optionalText(item, 'a namespace');
    if (text === undefined || NAMESPACE.test(text)) return text ?? [];
    draft.note('lost', item, 'no namespace can have such a name');
    return [];
  });
  return [...new Set(names)];
}

/** A label selector. A wildcard in a label is left out: the policy then looks at more than before. */
export function selectorOf(field: Field, draft: Draft): Selector | undefined {
  if (isAbsent(field)) return undefined;
  const { exact, expressions } = requirementsOf(field, draft);
  const labels = Object.keys(exact).length === 0 ? {} : { matchLabels: exact };
  return { ...labels, ...(expressions.length === 0 ? {} : { matchExpressions: [...expressions] }) };
}

/** The selector that selects exactly the others; undefined where one selector cannot say it. */
export function negatedSelector(field: Field, draft: Draft): Selector | undefined {
  const before = draft.notes().length;
  const { exact, expressions } = requirementsOf(field, draft);
  const all: readonly Requirement[] = [
    ...Object.entries(exact).map(([key, value]): Requirement => ({ key, operator: 'In', values: [value] })),
    ...expressions,
  ];
  const [only] = all;
  if (only === undefined || all.length > 1 || draft.notes().length > before) return undefined;
  return { matchExpressions: [negated(only)] };
}

/** Both selectors at once. */
export function bothSelectors(left: Selector | undefined, right: Selector | undefined): Selector | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const shared = Object.keys(left.matchLabels ?? {}).filter((key) => Object.hasOwn(right.matchLabels ?? {}, key));
  const repeated = shared.map(
    (key): Requirement => ({
      key,
      operator: 'In',
      values: [right.matchLabels?.[key] ?? ''],
    }),
  );
  const expressions = [...(left.matchExpressions ?? []), ...(right.matchExpressions ?? []), ...repeated];
  const labels = { ...right.matchLabels, ...left.matchLabels };
  return {
    ...(Object.keys(labels).length === 0 ? {} : { matchLabels: labels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
}

function negated({ key, operator, values }: Requirement): Requirement {
  const opposite = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;
  return { key, operator: opposite[operator], ...(values === undefined ? {} : { values }) };
}

interface Requirements {
  readonly exact: Readonly<Record<string, string>>;
  readonly expressions: readonly Requirement[];
}

function requirementsOf(field: Field, draft: Draft): Requirements {
  const labels = at(field, 'matchLabels');
  const exact: Record<string, string> = {};
  const expressions: Requirement[] = [];
  for (const key of Object.keys(isMapping(labels.value) ? labels.value : {})) {
    const place = at(labels, key);
    const value = optionalText(place, 'a text') ?? '';
    if (!/[*?]/.test(key + value)) exact[key] = value;
    else if (value === '*' && !/[*?]/.test(key)) expressions.push({ key, operator: 'Exists' });
    else draft.note('changed', place, 'wildcards in labels cannot be said here; left out, so more Pods are looked at');
  }
  for (const item of listItems(at(field, 'matchExpressions'), 'a list of requirements')) {
    const requirement = requirementOf(item);
    if (requirement !== undefined) expressions.push(requirement);
  }
  return { exact, expressions };
}

function requirementOf(item: Field): Requirement | undefined {
  const key = optionalText(at(item, 'key'), 'a label key') ?? '';
  const operator = (['In', 'NotIn', 'Exists', 'DoesNotExist'] as const).find(
    (name) => name === at(item, 'operator').value,
  );
  if (operator === undefined) {
    item.report({
      path: [...item.path, 'operator'],
      expected: 'In, NotIn, Exists or DoesNotExist',
      found: JSON.stringify(at(item, 'operator').value ?? null),
    });
    return undefined;
  }
  const values = listItems(at(item, 'values'), 'a list of texts').flatMap(
    (value) => optionalText(value, 'a text') ?? [],
  );
  return { key, operator, ...(values.length === 0 ? {} : { values }) };
}
