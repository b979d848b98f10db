/**
 * `match` and `exclude` of a Kyverno rule, as the filters of our policies: one policy for each filter of `any` that
 * cannot be joined with another. Must never make a policy look at fewer Pods than the rule did.
 */
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { Draft } from '../draft.ts';
import { bothSelectors, type MatchSpec, namespaceGlobs, negatedSelector, selectorOf } from '../scope.ts';

/** Kinds whose Pods Kyverno finds by itself, from a rule on Pod. */
const CONTROLLERS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
]);

/** Parts of a filter that we have no place for; without them it matches more. */
const UNSAID = ['names', 'name', 'annotations'] as const;
const SUBJECTS = ['subjects', 'roles', 'clusterRoles'] as const;

/**
 * The filters of a rule, at least one where it looks at Pods. `namespace` is that of a namespaced Policy. Notes go to
 * the draft; where no filter looks at Pods, that is a refusal.
 */
export function matchesOf(rule: Field, namespace: string | undefined, draft: Draft): readonly MatchSpec[] {
  const filters = joined(filtersOf(at(rule, 'match'), draft));
  if (filters.length === 0) {
    draft.note('refused', at(rule, 'match'), 'the rule does not look at Pods, and our policies judge nothing else');
    return [];
  }
  const exclude = excluded(at(rule, 'exclude'), draft);
  return filters.map((filter) => cleaned(combined(withNamespace(filter, namespace), exclude)));
}

/** Conditions on labels and namespaces of an ImageValidatingPolicy or of a filter, joined. */
export function combined(left: MatchSpec, right: MatchSpec): MatchSpec {
  const namespaceSelector = bothSelectors(left.namespaceSelector, right.namespaceSelector);
  const podSelector = bothSelectors(left.podSelector, right.podSelector);
  return {
    namespaces: [...(left.namespaces ?? []), ...(right.namespaces ?? [])],
    excludeNamespaces: [...new Set([...(left.excludeNamespaces ?? []), ...(right.excludeNamespaces ?? [])])],
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(podSelector === undefined ? {} : { podSelector }),
  };
}

/** Without what says nothing. */
export function cleaned(match: MatchSpec): MatchSpec {
  const entries = Object.entries(match).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return Object.fromEntries(entries);
}

function withNamespace(filter: MatchSpec, namespace: string | undefined): MatchSpec {
  return namespace === undefined ? filter : { ...filter, namespaces: [namespace] };
}

function filtersOf(match: Field, draft: Draft): readonly MatchSpec[] {
  if (!isAbsent(at(match, 'any')))
    return listItems(at(match, 'any'), 'a list of filters').flatMap((item) => filterOf(item, draft) ?? []);
  if (!isAbsent(at(match, 'all'))) {
    const parts = listItems(at(match, 'all'), 'a list of filters').map((item) => filterOf(item, draft));
    if (parts.includes(undefined)) return [];
    return [parts.reduce<MatchSpec>((left, right) => narrowed(left, right ?? {}, { match, draft }), {})];
  }
  return [filterOf(match, draft)].flatMap((filter) => filter ?? []);
}

/** Both filters. Two lists of namespaces have no common form where both have globs: the first then stands alone. */
function narrowed(left: MatchSpec, right: MatchSpec, { match, draft }: { match: Field; draft: Draft }): MatchSpec {
  const both = combined(left, right);
  const [first, second] = [left.namespaces ?? [], right.namespaces ?? []];
  if (first.length === 0 || second.length === 0) return both;
  draft.note(
    'changed',
    at(match, 'all'),
    'of two lists of namespaces the first alone is kept, so more Pods are looked at',
  );
  return { ...both, namespaces: first };
}

/** One filter; undefined where it is for other kinds than Pods. */
function filterOf(item: Field, draft: Draft): MatchSpec | undefined {
  const resources = at(item, 'resources');
  if (!looksAtPods(at(resources, 'kinds'), draft)) return undefined;
  for (const key of UNSAID) {
    if (!isAbsent(at(resources, key)) && !isEverything(at(resources, key)))
      draft.note('changed', at(resources, key), 'this cannot be said here; left out, so more Pods are looked at');
  }
  for (const key of SUBJECTS) {
    if (listItems(at(item, key), 'a list').length > 0)
      draft.note(
        'changed',
        at(item, key),
        'who creates a Pod is not looked at here; left out, so more Pods are looked at',
      );
  }
  const namespaceSelector = selectorOf(at(resources, 'namespaceSelector'), draft);
  const podSelector = selectorOf(at(resources, 'selector'), draft);
  return {
    namespaces: [...namespaceGlobs(at(resources, 'namespaces'), draft)],
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(podSelector === undefined ? {} : { podSelector }),
  };
}

/** `Pod`, `v1/Pod`, `*`; a controller alone is taken for its Pods. */
function looksAtPods(kinds: Field, draft: Draft): boolean {
  const names = listItems(kinds, 'a list of kinds').map((item) => lastPart(optionalText(item, 'a kind') ?? ''));
  if (names.some((name) => name === 'Pod' || name === '*')) return true;
  if (!names.some((name) => CONTROLLERS.has(name))) {
    draft.note('lost', kinds, 'not imported: our policies judge Pods and nothing else');
    return false;
  }
  draft.note('changed', kinds, 'all Pods are judged, not only those of the controllers that stand here');
  return true;
}

function lastPart(kind: string): string {
  return kind.split('/').at(-1) ?? kind;
}

function isEverything({ value }: Field): boolean {
  return value === '*' || (Array.isArray(value) && value.includes('*'));
}

/** Filters that differ in their namespaces alone are one. */
function joined(filters: readonly MatchSpec[]): readonly MatchSpec[] {
  const plain = filters.filter((filter) => Object.keys(filter).join() === 'namespaces');
  const others = filters.filter((filter) => !plain.includes(filter));
  if (plain.some(({ namespaces = [] }) => namespaces.length === 0)) return [{ namespaces: [] }];
  const names = [...new Set(plain.flatMap(({ namespaces = [] }) => namespaces))];
  return plain.length === 0 ? others : [{ namespaces: names }, ...others];
}

function excluded(exclude: Field, draft: Draft): MatchSpec {
  if (isAbsent(exclude)) return {};
  const all = listItems(at(exclude, 'all'), 'a list of filters');
  if (all.length > 1) {
    draft.note('changed', at(exclude, 'all'), `${SEVERAL}; left out, so more Pods are looked at`);
    return {};
  }
  const any = listItems(at(exclude, 'any'), 'a list of filters');
  const filters = [...any, ...all, ...(isAbsent(at(exclude, 'resources')) ? [] : [exclude])];
  return filters.reduce<MatchSpec>((sum, filter) => combined(sum, exclusionOf(filter, draft)), {});
}

const SEVERAL = 'an exclusion on several conditions at once cannot be said here';

/** What one filter takes away, where it has one condition alone. */
function exclusionOf(filter: Field, draft: Draft): MatchSpec {
  const resources = at(filter, 'resources');
  const given = [
    ...['namespaces', 'namespaceSelector', 'selector', ...UNSAID].map((key) => at(resources, key)),
    ...SUBJECTS.map((key) => at(filter, key)),
  ].filter((field) => !isAbsent(field) && !isEverything(field));
  const [only] = given;
  const selected = only === undefined || given.length > 1 ? undefined : oneExclusion(only, draft);
  if (selected !== undefined) return selected;
  const why = given.length > 1 ? SEVERAL : 'this exclusion cannot be said here';
  draft.note('changed', filter, `${why}; left out, so more Pods are looked at`);
  return {};
}

function oneExclusion(field: Field, draft: Draft): MatchSpec | undefined {
  switch (String(field.path.at(-1))) {
    case 'namespaces':
      return { excludeNamespaces: [...namespaceGlobs(field, draft)] };
    case 'namespaceSelector': {
      const namespaceSelector = negatedSelector(field, draft);
      return namespaceSelector === undefined ? undefined : { namespaceSelector };
    }
    case 'selector': {
      const podSelector = negatedSelector(field, draft);
      return podSelector === undefined ? undefined : { podSelector };
    }
    default:
      return undefined;
  }
}
