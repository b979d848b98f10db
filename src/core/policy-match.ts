/**
 * Which image uses a policy covers, and which of them it excepts at a given time.
 * Owns the meaning of images, excludeImages, match and exceptions; must never say whether an image is trusted.
 */
import type { Exception, ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { compileGlob } from './glob.ts';
import { compileImageGlobs } from './image-glob.ts';
import type { ImageUse } from './image-use.ts';
import { type Labels, NAMESPACE_NAME_LABEL, selects } from './selector.ts';

/** Labels of namespaces by name. A namespace that is not there has only the label with its name. */
export type NamespaceLabels = ReadonlyMap<string, Labels>;

/** A policy whose globs have been compiled. */
export interface PolicyMatcher {
  readonly policy: ImageTrustPolicy;
  /** Is this use the policy's business? An exclusion wins over an inclusion. */
  covers(use: ImageUse, namespaces: NamespaceLabels): boolean;
  /** The first exception that holds for this use at `now`. An exception has ended at the very moment of its expiresAt. */
  exceptionFor(use: ImageUse, now: Date): Exception | undefined;
}

/** Compiles a policy once, to be asked about many uses. */
export function compilePolicy(policy: ImageTrustPolicy): PolicyMatcher {
  const { images, excludeImages, match } = policy.spec;
  const image = anyImage(images);
  const excludedImage = anyImage(excludeImages);
  const inNamespace = match.namespaces.length === 0 ? () => true : anyGlob(match.namespaces);
  const outOfNamespace = anyGlob(match.excludeNamespaces);
  const exceptions = policy.spec.exceptions.map(compileException);
  return {
    policy,
    covers: (use, namespaces) =>
      image(use) &&
      !excludedImage(use) &&
      inNamespace(use.namespace) &&
      !outOfNamespace(use.namespace) &&
      selectsUse(policy, use, namespaces),
    exceptionFor: (use, now) => exceptions.find((exception) => exception.holds(use, now))?.exception,
  };
}

/** The labels of a namespace as the API server shows them. */
export function labelsOfNamespace(name: string, namespaces: NamespaceLabels): Labels {
  return { ...namespaces.get(name), [NAMESPACE_NAME_LABEL]: name };
}

function selectsUse(policy: ImageTrustPolicy, use: ImageUse, namespaces: NamespaceLabels): boolean {
  const { namespaceSelector, podSelector } = policy.spec.match;
  if (podSelector !== undefined && !selects(podSelector, use.podLabels)) return false;
  return namespaceSelector === undefined || selects(namespaceSelector, labelsOfNamespace(use.namespace, namespaces));
}

function compileException(exception: Exception): {
  readonly exception: Exception;
  holds(use: ImageUse, now: Date): boolean;
} {
  const image = anyImage(exception.images);
  const inNamespace = exception.namespaces.length === 0 ? () => true : anyGlob(exception.namespaces);
  const end = exception.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(exception.expiresAt);
  // Written so that an end that is no time (NaN) excepts nothing.
  return { exception, holds: (use, now) => now.getTime() < end && image(use) && inNamespace(use.namespace) };
}

/** Texts whose answers are remembered; new images come for as long as the operator runs. */
const REMEMBERED = 10_000;

/** Remembers its answers by the text of the spec: a cluster has far fewer images than containers. */
function anyImage(patterns: readonly string[]): (use: ImageUse) => boolean {
  if (patterns.length === 0) return () => false;
  const matches = compileImageGlobs(patterns);
  const answers = new Map<string, boolean>();
  return ({ image, reference }) => {
    const known = answers.get(image);
    if (known !== undefined) return known;
    if (answers.size >= REMEMBERED) answers.clear();
    const answer = matches(reference);
    answers.set(image, answer);
    return answer;
  };
}

function anyGlob(patterns: readonly string[]): (text: string) => boolean {
  const globs = patterns.map(compileGlob);
  return (text) => globs.some((glob) => glob.matches(text));
}
