/**
 * matchConditions of an ImageValidatingPolicy that name namespaces, as `match` of ours. Others are left out, so that the
 * policy looks at more Pods. Must never make it look at fewer.
 */
import { at, type Field } from '../../../core/manifests/field.ts';
import { type Cel, parseCel, partsOf } from '../cel/parse.ts';
import type { Draft } from '../draft.ts';

/** Namespaces as `match` has them. */
export interface SaidNamespaces {
  readonly namespaces: readonly string[];
  readonly excludeNamespaces: readonly string[];
}

/** All conditions must hold. */
export function namespacesOf(conditions: readonly Field[], draft: Draft): SaidNamespaces {
  let said: SaidNamespaces = { namespaces: [], excludeNamespaces: [] };
  for (const condition of conditions) {
    const field = at(condition, 'expression');
    const tree = typeof field.value === 'string' ? parseCel(field.value) : undefined;
    const found = tree === undefined ? undefined : conditionOf(tree);
    const known = found !== undefined && (found.namespaces.length === 0 || said.namespaces.length === 0);
    if (known) said = joined(said, found);
    else if (tree === undefined || !isAboutOperation(tree))
      draft.note('changed', field, 'this condition cannot be said here; left out, so more Pods are looked at');
  }
  return said;
}

function joined(left: SaidNamespaces, right: SaidNamespaces): SaidNamespaces {
  return {
    namespaces: [...left.namespaces, ...right.namespaces],
    excludeNamespaces: [...left.excludeNamespaces, ...right.excludeNamespaces],
  };
}

/** `object.metadata.namespace == 'a'`, `!= 'a'`, `in ['a', 'b']`, and these negated. */
function conditionOf(cel: Cel): SaidNamespaces | undefined {
  if (cel.kind !== 'operation') return undefined;
  const [left, right] = cel.of;
  if (cel.operator === '!') return left === undefined ? undefined : negated(conditionOf(left));
  if (left === undefined || right === undefined || !isNamespace(left)) return undefined;
  const names = namesIn(right) ?? [];
  if (names.length === 0 || !['==', 'in', '!='].includes(cel.operator)) return undefined;
  const inside = { namespaces: names, excludeNamespaces: [] };
  return cel.operator === '!=' ? negated(inside) : inside;
}

function negated(said: SaidNamespaces | undefined): SaidNamespaces | undefined {
  if (said === undefined || said.excludeNamespaces.length > 0) return undefined;
  return { namespaces: [], excludeNamespaces: said.namespaces };
}

const NAMESPACES = new Set(['object.metadata.namespace', 'request.namespace', 'namespaceObject.metadata.name']);

function isNamespace(cel: Cel): boolean {
  return NAMESPACES.has(pathOf(cel) ?? '');
}

function pathOf(cel: Cel): string | undefined {
  if (cel.kind === 'name') return cel.name;
  if (cel.kind !== 'member') return undefined;
  const before = pathOf(cel.of);
  return before === undefined ? undefined : `${before}.${cel.name}`;
}

function namesIn(cel: Cel): readonly string[] | undefined {
  if (cel.kind === 'literal') return typeof cel.value === 'string' ? [cel.value] : undefined;
  if (cel.kind !== 'list') return undefined;
  const names = cel.items.map((item) =>
    item.kind === 'literal' && typeof item.value === 'string' ? item.value : undefined,
  );
  return names.includes(undefined) ? undefined : names.flatMap((name) => name ?? []);
}

/** When Kyverno looks says nothing of whom it trusts. */
function isAboutOperation(cel: Cel): boolean {
  const [first] = cel.kind === 'operation' && cel.operator === '||' ? cel.of : [cel];
  if (first?.kind !== 'operation') return false;
  return [...partsOf(first)].some((part) => pathOf(part) === 'request.operation');
}
