/**
 * Which requests the rules of a ClusterPolicy look at: Pods of the scope, when they are created and when their images
 * change. Must never look at an update that leaves the images alone: it would trap Pods that run untrusted already.
 */
import type { LabelSelector } from '../../api/label-selector.ts';
import type { Ledger } from './ledger.ts';
import type { LocalException, Scope } from './scope.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A part of the scope in which the same exceptions hold. */
export interface Region {
  /** Lists of namespaces, in all of which the Pod must be, and in none of which it may be. */
  readonly inside: readonly (readonly string[])[];
  readonly outside: readonly (readonly string[])[];
  readonly exceptions: readonly LocalException[];
}

/** More regions than 2³ would be more rules than a person could read. */
const MAX_LISTS = 3;

/** Every combination of the lists of namespaces that exceptions name; one region where they name none. */
export function regionsOf({ exceptions }: Scope, ledger: Ledger): readonly Region[] {
  const lists = [...new Map(exceptions.map(({ namespaces }) => [namespaces.toSorted().join(), namespaces])).entries()];
  if (lists.length > MAX_LISTS) ledger.note('exceptionNamespaces', 'spec.exceptions');
  const masks = Array.from({ length: 2 ** Math.min(lists.length, MAX_LISTS) }, (_, mask) => mask);
  return masks.map((mask) => {
    const isInside = (index: number): boolean => (mask & (1 << index)) !== 0;
    const holding = new Set(lists.flatMap(([key], index) => (isInside(index) ? [key] : [])));
    return {
      inside: lists.flatMap(([, list], index) => (isInside(index) ? [list] : [])),
      outside: lists.flatMap(([, list], index) => (isInside(index) ? [] : [list])),
      exceptions: exceptions.filter(({ namespaces }) => holding.has(namespaces.toSorted().join())),
    };
  });
}

/** match and exclude of a rule. */
export function matchOf(scope: Scope, { inside, outside }: Region): Fields {
  const { namespaces, excludedNamespaces, namespaceSelector, podSelector } = scope;
  const pods = {
    kinds: ['Pod'],
    ...(namespaces.length === 0 ? {} : { namespaces }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: selector(namespaceSelector) }),
    ...(podSelector === undefined ? {} : { selector: selector(podSelector) }),
  };
  const within = inside.map((list) => ({ resources: { kinds: ['Pod'], namespaces: list } }));
  const without = [...(excludedNamespaces.length === 0 ? [] : [excludedNamespaces]), ...outside];
  return {
    match: within.length === 0 ? { any: [{ resources: pods }] } : { all: [{ resources: pods }, ...within] },
    ...(without.length === 0
      ? {}
      : { exclude: { any: without.map((list) => ({ resources: { kinds: ['Pod'], namespaces: list } })) } }),
  };
}

function selector({ matchLabels, matchExpressions }: LabelSelector): Fields {
  const expressions = matchExpressions.map(({ key, operator, values }) =>
    values.length === 0 ? { key, operator } : { key, operator, values },
  );
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
}

/** All images of a Pod as JMESPath, in the order of their places. */
export function imagesOf(pod: string): string {
  const places = [
    'containers[].image',
    'initContainers[].image',
    'ephemeralContainers[].image',
    'volumes[].image.reference',
  ];
  return `${pod}.spec.[${places.join(', ')}]`;
}

/** Creation, and updates that change an image. As texts, for Kyverno compares lists by other rules. */
export const WHEN_IMAGES_CHANGE: Fields = {
  any: [
    { key: '{{ request.operation }}', operator: 'Equals', value: 'CREATE' },
    {
      key: `{{ to_string(${imagesOf('request.object')}) }}`,
      operator: 'NotEquals',
      value: `{{ to_string(${imagesOf('request.oldObject')}) }}`,
    },
  ],
};

/**
 * The three places that Kyverno knows by itself, and image volumes. Giving one replaces its own. Each has a name of its
 * own: of those that share one, or have none, Kyverno 1.19.1 keeps the last that finds an image and drops the others.
 */
export const IMAGE_EXTRACTORS: Fields = {
  Pod: [
    ...['containers', 'initContainers', 'ephemeralContainers'].map((list) => ({
      path: `/spec/${list}/*/`,
      value: 'image',
      key: 'name',
      name: list,
    })),
    { path: '/spec/volumes/*/image/', value: 'reference', name: 'volumes' },
  ],
};
