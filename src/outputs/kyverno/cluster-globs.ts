/**
 * Image globs as imageReferences of a ClusterPolicy. Kyverno compares its wildcards (`*` crosses `/`, `?` is one
 * character) with `registry/path:tag`, or `registry/path@digest` where there is a digest; it adds docker.io/ and
 * `:latest`, and never library/. Owns which wildcards together mean exactly what a glob means. Must never give wildcards
 * that cover less or more: where there are none, that is noted, and then nothing is generated.
 */
import type { Ledger } from './ledger.ts';

/** Wildcards by what they may cover. */
export interface ClusterGlobs {
  readonly references: readonly string[];
  /** The same for names of Docker Hub without a path: only what has no slash behind the host is meant. */
  readonly official: readonly string[];
}

/** Every name of Docker Hub that a Pod may write (core/reference). */
const HUB_HOSTS = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'].flatMap(
  (host) => [host, `${host}:443`],
);

/** What `official` must leave out. */
export const HUB_PATHS: readonly string[] = HUB_HOSTS.map((host) => `${host}/*/*`);

/** The wildcards of canonical globs. `where` is the field that they come from. */
export function clusterGlobs(globs: readonly string[], where: string, ledger: Ledger): ClusterGlobs {
  const found = globs.map((glob) => {
    const fault = faultOf(glob);
    if (fault !== undefined) ledger.note(fault, `${where}: ${glob}`);
    return fault === undefined ? spellings(glob) : { references: [], official: [] };
  });
  return {
    references: unique(found.flatMap(({ references }) => references)),
    official: unique(found.flatMap(({ official }) => official)),
  };
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}

/** Why a glob has no exact wildcards. */
function faultOf(glob: string): 'globWithTag' | 'globShape' | undefined {
  if (glob === '*') return undefined;
  if (isReadOtherwise(glob)) return 'globShape';
  const last = glob.slice(glob.lastIndexOf('/') + 1);
  const [name = ''] = last.split('@');
  if (glob.includes('/') && name.includes(':')) return 'globWithTag';
  // A wildcard inside of the last part could stand for a piece of the tag, which Kyverno drops beside a digest.
  if (!last.includes('@') && !/^[^*?]*\*?$/.test(last)) return 'globShape';
  return isTiedToHub(glob) ? 'globShape' : undefined;
}

/** Does Kyverno hold such a glob against another text than the engine: with a port, or with a tag beside a digest? */
function isReadOtherwise(glob: string): boolean {
  const slash = glob.indexOf('/');
  // `registry.example.com:*` means every port, the default one too where it is left out, and no tag.
  if (slash < 0 && glob.includes(':')) return true;
  // Of tag and digest together Kyverno compares the digest alone, with what stands before it as it is written.
  if (glob.includes('@') && /[*?]/.test(glob)) return true;
  return guessesPort(glob.slice(0, Math.max(slash, 0)));
}

/** Could a wildcard of the host stand for a piece of :443? The engine leaves that port out, Kyverno does not. */
function guessesPort(host: string): boolean {
  if (!/[*?]/.test(host)) return false;
  const tail = host.slice(host.lastIndexOf('*') + 1);
  return /[?:]/.test(host) || (tail !== '' && ':443'.endsWith(tail));
}

/** Would the glob treat the names of Docker Hub, or official images with and without library/, differently? */
function isTiedToHub(glob: string): boolean {
  const slash = glob.indexOf('/');
  const host = slash < 0 ? glob : glob.slice(0, slash);
  if (slash >= 0 && !/[*?]/.test(host)) {
    const path = glob.slice(slash + 1);
    const [first = '', ...rest] = path.split('/');
    return host === 'docker.io' && rest.length > 0 && /[*?]/.test(first) && first !== '*';
  }
  if (glob === 'docker.io*') return false;
  const states = ['docker.io/library', ...HUB_HOSTS].map((prefix) => positionsAfter(glob, prefix));
  return states.some((state) => state !== states[0]);
}

function spellings(glob: string): ClusterGlobs {
  const slash = glob.indexOf('/');
  const host = slash < 0 ? glob : glob.slice(0, slash);
  if (glob === '*') return { references: ['*'], official: [] };
  if (glob === 'docker.io*')
    return { references: ['docker.io*', ...HUB_HOSTS.map((name) => `${name}/*`)], official: [] };
  if (host === 'docker.io') return hubSpellings(glob.slice(slash + 1));
  const references = slash < 0 ? [glob] : withPort(host).map((name) => `${name}${glob.slice(slash)}`);
  return { references: references.flatMap(withEnds), official: [] };
}

/** A host without a port is the same with port 443. A star before the slash covers the port as well. */
function withPort(host: string): readonly string[] {
  return host.endsWith('*') || /:[0-9]+$/.test(host) ? [host] : [host, `${host}:443`];
}

function hubSpellings(path: string): ClusterGlobs {
  // With library/ and without: the engine takes docker.io/nginx for docker.io/library/nginx.
  const bare = path.startsWith('library/') ? path.slice('library/'.length) : path;
  const both = path === '*' ? ['*'] : [path, `library/${bare}`];
  const official = officialPart(path);
  if (official === undefined) return { references: onHub(both), official: [] };
  // A whole name covers no path behind it, so that it needs no rule of its own.
  if (!official.endsWith('*')) return { references: onHub([...both, official]), official: [] };
  return { references: onHub(both), official: onHub([official]) };
}

function onHub(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => HUB_HOSTS.flatMap((host) => withEnds(`${host}/${path}`)));
}

/** What names of one part the path means, beyond the path as it stands: what is left of it after library/. */
function officialPart(path: string): string | undefined {
  if (path === '*') return undefined;
  const [first = '', ...rest] = path.split('/');
  const left = rest.join('/');
  if (rest.length > 0) return (first === 'library' || first === '*') && !left.includes('/') ? left : undefined;
  return first.endsWith('*') && 'library/'.startsWith(first.slice(0, -1)) ? '*' : undefined;
}

/** A whole name, with every tag and every digest. */
function withEnds(glob: string): readonly string[] {
  return glob.endsWith('*') || glob.includes('@') ? [glob] : [`${glob}:*`, `${glob}@*`];
}

/** Where in the glob a reader can be after the prefix, as text. Two prefixes with the same positions end alike. */
function positionsAfter(glob: string, prefix: string): string {
  const symbols = Array.from(glob);
  const closed = (from: readonly number[]): readonly number[] =>
    [...new Set(from.flatMap((at) => (symbols[at] === '*' ? [at, at + 1] : [at])))].sort((a, b) => a - b);
  let positions = closed([0]);
  for (const letter of prefix) {
    const next = positions.flatMap((at) => {
      if (symbols[at] === '*') return [at];
      return symbols[at] === '?' || symbols[at] === letter ? [at + 1] : [];
    });
    positions = closed(next);
  }
  return positions.join(' ');
}
