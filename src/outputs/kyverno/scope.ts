/**
 * What a policy covers at a moment: images, namespaces, Pods, and the exceptions that hold now. Owns the reading of the
 * spec, the same for both kinds; must never say how a kind writes it.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { LabelSelector } from '../../api/label-selector.ts';
import { canonicalImageGlob } from '../../core/image-glob.ts';
import { matchesGlob } from '../../core/glob.ts';
import { EXEMPT_NAMESPACES } from '../../core/restart.ts';
import type { Ledger } from './ledger.ts';

/** An exception that holds now, only in some namespaces. */
export interface LocalException {
  readonly images: readonly string[];
  readonly namespaces: readonly string[];
}

/** The scope. Image globs are canonical (core/image-glob), in order and without doubles. */
export interface Scope {
  readonly images: readonly string[];
  /** excludeImages, and exceptions that hold in every namespace. */
  readonly excluded: readonly string[];
  readonly exceptions: readonly LocalException[];
  readonly namespaces: readonly string[];
  readonly excludedNamespaces: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

/** The scope at `now`. An exception has ended at the very moment of its expiresAt. */
export function scopeAt(policy: ImageTrustPolicy, now: Date, ledger: Ledger): Scope {
  const { images, excludeImages, match, exceptions } = policy.spec;
  const holding = exceptions.filter(
    ({ expiresAt }) => expiresAt === undefined || now.getTime() < Date.parse(expiresAt),
  );
  const everywhere = holding
    .filter(({ namespaces }) => namespaces.length === 0)
    .flatMap((exception) => exception.images);
  const local = holding.filter(({ namespaces }) => namespaces.length > 0);
  if (holding.length > 0) ledger.note('exceptions', 'spec.exceptions');
  noteSelectors(match, ledger);
  if (EXEMPT_NAMESPACES.some((name) => coversNamespace(match, name))) ledger.note('exemptNamespaces', 'spec.match');
  return {
    images: canonical(images),
    excluded: canonical([...excludeImages, ...everywhere]),
    exceptions: local.map((exception) => ({ images: canonical(exception.images), namespaces: exception.namespaces })),
    namespaces: match.namespaces,
    excludedNamespaces: match.excludeNamespaces,
    ...(match.namespaceSelector === undefined ? {} : { namespaceSelector: match.namespaceSelector }),
    ...(match.podSelector === undefined ? {} : { podSelector: match.podSelector }),
  };
}

/** When exceptions end after `now`. */
export function exceptionEnds(policy: ImageTrustPolicy): readonly Date[] {
  return policy.spec.exceptions.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [new Date(expiresAt)]));
}

function canonical(globs: readonly string[]): readonly string[] {
  return [...new Set(globs.map((glob) => canonicalImageGlob(glob).replace(/\*+/g, '*')))];
}

type Match = ImageTrustPolicy['spec']['match'];

function coversNamespace({ namespaces, excludeNamespaces, namespaceSelector }: Match, name: string): boolean {
  const covers = (globs: readonly string[]): boolean => globs.some((glob) => matchesGlob(glob, name));
  if (namespaceSelector !== undefined && namespaceSelector.matchLabels['kubernetes.io/metadata.name'] !== undefined)
    return namespaceSelector.matchLabels['kubernetes.io/metadata.name'] === name;
  return (namespaces.length === 0 || covers(namespaces)) && !covers(excludeNamespaces);
}

const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The API server refuses a selector that could select nothing, and ClusterPolicy takes `*` in it for a wildcard. */
function noteSelectors(match: Match, ledger: Ledger): void {
  for (const field of ['podSelector', 'namespaceSelector'] as const) {
    const selector = match[field];
    if (selector === undefined) continue;
    const { matchLabels, matchExpressions } = selector;
    const keys = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
    const values = [...Object.values(matchLabels), ...matchExpressions.flatMap((one) => one.values)];
    const valid = keys.every(isLabelKey) && values.every((value) => value === '' || LABEL_NAME.test(value));
    if (!valid) ledger.note('selectors', `spec.match.${field}`);
  }
}

function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  const [name = '', prefix] = parts.toReversed();
  return parts.length <= 2 && LABEL_NAME.test(name) && (prefix === undefined || LABEL_PREFIX.test(prefix));
}
