/**
 * Mirrors in front of registries: other registries, and OCI layouts for air-gapped use. Owns the order in which places
 * are asked and which of several failures is reported. Must never make a failure to look into "not found".
 *
 * A mirror cannot forge: content is hashed by whoever fetches it and signatures are checked by those who ask. It can be
 * stale: a tag or a list of referrers from a mirror is what the mirror knew when it last looked.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { Failure } from '../core/failure.ts';
import { openLayout } from './layout.ts';
import { pathIn, type MirrorRule } from './mirror-rule.ts';
import type { Descriptor, ImageSource, LookupOptions, Manifest, Referrers, Repository } from './source.ts';

export { type MirrorRule, parseMirrorRule, plainHttpHosts } from './mirror-rule.ts';

/** One place to ask: the registry itself, a mirror registry, or a layout. */
interface Place {
  readonly kind: 'origin' | 'registry' | 'layout';
  readonly source: ImageSource;
  readonly repository: Repository;
}

/**
 * The origin behind its mirrors. Of the rules that cover a repository the one with the longest FROM is asked first,
 * among equals in the order given; a place that does not have it or cannot be asked hands on to the next, and the
 * origin comes last. Content that is invalid is final: somebody altered it, and nobody should look away.
 */
export function withMirrors(origin: ImageSource, rules: readonly MirrorRule[]): ImageSource {
  const layouts = new Map<string, ImageSource>();
  const layoutAt = (path: string): ImageSource => {
    const opened = layouts.get(path) ?? openLayout(path);
    layouts.set(path, opened);
    return opened;
  };
  const places = (repository: Repository): readonly Place[] => [
    ...covering(rules, repository).map((rule) => placeOf(rule, repository, origin, layoutAt)),
    { kind: 'origin', source: origin, repository },
  ];
  return {
    manifest: async (repository: Repository, reference: string, options: LookupOptions): Promise<Manifest> =>
      firstOf(await relevant(places(repository), subjectOfTag(reference), options), (place) =>
        place.source.manifest(place.repository, reference, options),
      ),
    blob: (repository: Repository, descriptor: Descriptor, options: LookupOptions): Promise<Uint8Array> =>
      firstOf(places(repository), (place) => place.source.blob(place.repository, descriptor, options)),
    referrers: async (repository: Repository, subject: Digest, options: LookupOptions): Promise<Referrers> =>
      referrersOf(await relevant(places(repository), subject, options), subject, options),
  };
}

/** Tags under which cosign and the OCI fallback keep what refers to an image: `sha256-HEX`, with `.sig` or `.att`. */
const REFERRING_TAG = /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.[a-z]+)?$/;

function subjectOfTag(reference: string): Digest | undefined {
  const [, algorithm, hex] = REFERRING_TAG.exec(reference) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

/**
 * The places that are asked for what refers to a subject: a layout that holds the image is a complete copy of it for
 * use without a network, so that nobody behind it is asked (and waited for). For all else every place counts.
 */
async function relevant(
  places: readonly Place[],
  subject: Digest | undefined,
  options: LookupOptions,
): Promise<readonly Place[]> {
  if (subject === undefined) return places;
  for (const [index, place] of places.entries()) {
    if (place.kind === 'layout' && (await holds(place, subject, options))) return places.slice(0, index + 1);
  }
  return places;
}

async function holds(place: Place, subject: Digest, options: LookupOptions): Promise<boolean> {
  const found = await attempt(place, (at) => at.source.manifest(at.repository, subject, options));
  return !('failure' in found);
}

function covering(rules: readonly MirrorRule[], repository: Repository): readonly MirrorRule[] {
  return rules
    .filter((rule) => pathIn(rule, repository) !== undefined)
    .map((rule, order) => ({ rule, order }))
    .sort((a, b) => b.rule.from.path.length - a.rule.from.path.length || a.order - b.order)
    .map(({ rule }) => rule);
}

function placeOf(
  rule: MirrorRule,
  repository: Repository,
  origin: ImageSource,
  layoutAt: (path: string) => ImageSource,
): Place {
  const rest = pathIn(rule, repository) ?? '';
  const { to } = rule;
  if (to.type === 'layout') {
    return { kind: 'layout', source: layoutAt(rest === '' ? to.path : `${to.path}/${rest}`), repository };
  }
  const path = [to.path, rest].filter((part) => part !== '').join('/');
  return { kind: 'registry', source: origin, repository: { registry: to.registry, path } };
}

interface Miss {
  readonly place: Place;
  readonly failure: Failure;
}

/** The first place that has it. */
async function firstOf<T>(places: readonly Place[], ask: (place: Place) => Promise<T>): Promise<T> {
  const misses: Miss[] = [];
  for (const place of places) {
    const result = await attempt(place, ask);
    if (!('failure' in result)) return result.value;
    misses.push(result);
  }
  throw mostTelling(misses);
}

/**
 * Referrers of the first place that lists any: mirrors often copy images without what refers to them, so an empty list
 * of a mirror is no answer while there is somebody else to ask. It is the answer where the others could not be asked
 * and a layout gave it (see `mostTelling`).
 */
async function referrersOf(places: readonly Place[], subject: Digest, options: LookupOptions): Promise<Referrers> {
  const misses: Miss[] = [];
  let complete: Referrers | undefined;
  for (const place of places) {
    const result = await attempt(place, (at) => at.source.referrers(at.repository, subject, options));
    if ('failure' in result) {
      misses.push(result);
      continue;
    }
    if (result.value.descriptors.length > 0 || place === places.at(-1)) return result.value;
    if (place.kind === 'layout') complete ??= result.value;
  }
  const failure = mostTelling(misses);
  if (complete !== undefined && isOutOfReach(failure)) return complete;
  throw failure;
}

async function attempt<T>(place: Place, ask: (place: Place) => Promise<T>): Promise<{ readonly value: T } | Miss> {
  try {
    return { value: await ask(place) };
  } catch (error) {
    if (error instanceof Failure && handsOn(error)) return { place, failure: error };
    throw error;
  }
}

/** Does the next place get a chance? A time-out has used up the time of all; invalid content is final. */
function handsOn({ detail }: Failure): boolean {
  switch (detail.kind) {
    case 'not-found':
    case 'unavailable':
    case 'unauthorized':
    case 'rate-limited':
      return true;
    case 'timeout':
    case 'invalid':
      return false;
  }
}

/**
 * What is reported when no place has it. The origin's failure, for the origin decides what exists. But where the
 * origin is out of reach and a layout was there and does not have it, "not found" is: a layout is a complete copy
 * for use where there is no network. A mirror registry is no such copy, and its "not found" counts for nothing then.
 */
function mostTelling(misses: readonly Miss[]): Failure {
  const last = misses.at(-1);
  if (last === undefined) throw new Error('a lookup without places');
  if (!isOutOfReach(last.failure)) return last.failure;
  const answered = misses.find(({ place, failure }) => place.kind === 'layout' && failure.detail.kind === 'not-found');
  if (answered !== undefined) return answered.failure;
  const others = misses.slice(0, -1).map(({ failure }) => failure.message);
  if (others.length === 0) return last.failure;
  return new Failure(last.failure.detail, [last.failure.message, ...others].join('; '), { cause: last.failure });
}

function isOutOfReach({ detail }: Failure): boolean {
  return detail.kind === 'unavailable';
}
