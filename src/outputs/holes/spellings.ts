/**
 * Which spellings of an image the globs of a policy miss, by the rules of each kind (measured: facts of Kyverno 1.19.1).
 * Owns the spellings and both ways of matching; must never call a spelling missed that is matched.
 */
import { compileGlob } from '../../core/glob.ts';
import { isHost } from '../../core/reference.ts';
import { alternatives } from '../imports/globs.ts';

/** How a kind compares an image with its globs. */
export type Matching = 'ClusterPolicy' | 'ImageValidatingPolicy';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const SHOWN_DIGEST = 'sha256:…';
const HUB = /^(?:index\.|registry-1\.)?docker\.io$/;

/** Spellings of an image that a glob means and that none of the globs matches, shortest first; shortened for display. */
export function missedSpellings(glob: string, all: readonly string[], matching: Matching): readonly string[] {
  const meant = (matching === 'ImageValidatingPolicy' ? alternatives(glob) : undefined) ?? [glob];
  const matches = compiled(all, matching);
  const missed = meant.flatMap(spellingsOf).filter((image) => !matches(image));
  return [...new Set(missed)].map((image) => image.replace(DIGEST, SHOWN_DIGEST));
}

function compiled(globs: readonly string[], matching: Matching): (image: string) => boolean {
  const written = matching === 'ClusterPolicy' ? globs : globs.flatMap((glob) => alternatives(glob) ?? []);
  const plain = written.map((glob) =>
    compileGlob(matching === 'ClusterPolicy' ? glob : glob.replace(/\[[^\]]*\]/g, '?')),
  );
  return (image) => {
    const compared = matching === 'ClusterPolicy' ? normalised(image) : image;
    return plain.some((glob) => glob.matches(compared));
  };
}

/** What a ClusterPolicy compares: `docker.io/` in front, no tag beside a digest, `latest` where there is neither. */
function normalised(image: string): string {
  const first = image.split('/', 1)[0] ?? '';
  const full = image.includes('/') && isHost(first) ? image : `docker.io/${image}`;
  const at = full.indexOf('@');
  const name = at < 0 ? full : full.slice(0, at);
  const colon = name.indexOf(':', name.lastIndexOf('/'));
  if (at >= 0) return `${colon < 0 ? name : name.slice(0, colon)}${full.slice(at)}`;
  return colon < 0 ? `${name}:latest` : name;
}

/** One image that the glob means, in every spelling. None where the glob begins with a star, or names a digest. */
function spellingsOf(glob: string): readonly string[] {
  if (glob.startsWith('*') || /@[^*]/.test(glob)) return [];
  const slash = glob.lastIndexOf('/');
  const colon = glob.indexOf(':', slash < 0 ? 0 : slash);
  const name = sample(glob.slice(0, colon < 0 ? undefined : colon).replace(/@\*$/, ''));
  const tag = colon < 0 || /^:\*+/.test(glob.slice(colon)) ? undefined : sample(glob.slice(colon + 1));
  const suffixes = tag === undefined ? [':v1', `@${DIGEST}`, `:v1@${DIGEST}`, ''] : [`:${tag}`, `:${tag}@${DIGEST}`];
  return namesOf(name).flatMap((spelling) => suffixes.map((suffix) => spelling + suffix));
}

/** The glob with its stars filled: a trailing one with nothing where that leaves a name. */
function sample(glob: string): string {
  const filled = glob
    .replace(/([^/*])\*+$/, '$1')
    .replace(/\*+/g, 'x')
    .replaceAll('?', 'x')
    .replace(/\[[^\]]*\]/g, 'x');
  return !filled.includes('/') && /^[^/]*[.][^/]*$/.test(filled) ? `${filled}/x` : filled;
}

function namesOf(name: string): readonly string[] {
  const first = name.split('/', 1)[0] ?? '';
  const hosted = name.includes('/') && isHost(first);
  if (hosted && !HUB.test(first)) return [name];
  const path = hosted ? name.slice(first.length + 1) : name;
  const short = path.replace(/^library\//, '');
  const paths = short.includes('/') ? [short] : [short, `library/${short}`];
  return paths.flatMap((each) => [each, `docker.io/${each}`, `index.docker.io/${each}`]);
}
