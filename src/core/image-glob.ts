/**
 * Globs over images: what `images` and `excludeImages` of a policy mean. Owns which names of an image a glob is
 * compared with; must never look at anything but the reference in the spec.
 *
 * 1. A glob is compared with the canonical name `registry/path`, and with that name followed by `:tag`, `@digest` and
 *    `:tag@digest` where the reference has them. It covers the image where it covers one of these as a whole. So
 *    `registry.example.com/app` is this repository with any tag and digest, and never `registry.example.com/app2` or
 *    `registry.example.com.evil.io/app`; `…/app:v1` is one tag, with or without a digest; `…/app*` is also `…/app2`.
 *    `…/app:*` is written for "every tag" and means the whole repository: an image that is pinned by digest alone
 *    has no tag, and would get past it.
 * 2. Images without a registry are Docker Hub's, as in references: `nginx*` is `docker.io/library/nginx*`, `acme/*` is
 *    `docker.io/acme/*`. An official image is also compared as `docker.io/nginx`.
 *    A glob that begins with `*` is taken as it stands, for the star may be the registry: `*` is every image.
 * 3. A registry is recognised as in references (a dot, a colon, upper case or `localhost` before the first slash).
 *    `registry.example.com*`, without a slash, is taken to begin with a registry. Its star crosses whatever follows,
 *    `registry.example.com.evil.io/…` included: write `registry.example.com/*` for what lies below a registry.
 * 4. Hosts are lower-case, other hosts of Docker Hub are docker.io, and the port 443 is as good as none.
 */
import { compileGlob } from './glob.ts';
import { canonicalHost, formatRepository, type ImageReference, isHost } from './reference.ts';

const OFFICIAL = 'docker.io/library/';
const HUB_HOST = /^(?:(?:index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com)\//;

/** Compiles image globs by the rules above; the answer is whether one of them covers the image. Every text is a glob. */
export function compileImageGlobs(patterns: readonly string[]): (reference: ImageReference) => boolean {
  const globs = patterns.map((pattern) => compileGlob(canonicalImageGlob(pattern)));
  return (reference) => {
    const names = spellings(reference);
    return globs.some((glob) => names.some((name) => glob.matches(name)));
  };
}

/** A glob as it is compared with canonical names: rules 2 to 4, and `app:*` as the whole repository `app`. */
export function canonicalImageGlob(pattern: string): string {
  return wholeRepository(canonicalPattern(pattern));
}

/** Rules 2 to 4 on the side of the pattern. */
function canonicalPattern(pattern: string): string {
  if (pattern.startsWith('*')) return pattern;
  const slash = pattern.indexOf('/');
  if (slash < 0) return beginsWithRegistry(pattern) ? pattern.toLowerCase() : `docker.io/library/${pattern}`;
  const first = pattern.slice(0, slash);
  if (!isHost(first)) return `docker.io/${pattern}`;
  return `${withoutDefaultPort(canonicalHost(first))}${pattern.slice(slash)}`.replace(HUB_HOST, 'docker.io/');
}

/** `registry.example.com*`, `localhost*`, `registry.example.com:5000*`; not `nginx:1.2*`, where the dot is the tag's. */
function beginsWithRegistry(pattern: string): boolean {
  if (!pattern.endsWith('*')) return false;
  const name = pattern.split(/[:@*]/, 1)[0] ?? '';
  return name.includes('.') || name === 'localhost';
}

/** Rule 1: `app:*` is the whole repository. Without a slash before it, the colon is a port's, unless a star covers it. */
function wholeRepository(pattern: string): string {
  return /[/*].*:\*+$/.test(pattern) ? pattern.replace(/:\*+$/, '') : pattern;
}

function withoutDefaultPort(registry: string): string {
  return registry.endsWith(':443') ? registry.slice(0, -':443'.length) : registry;
}

function spellings(reference: ImageReference): readonly string[] {
  const name = formatRepository({ ...reference, registry: withoutDefaultPort(reference.registry) });
  const names = name.startsWith(OFFICIAL) ? [name, `docker.io/${name.slice(OFFICIAL.length)}`] : [name];
  return names.flatMap((spelling) => withTagAndDigest(spelling, reference));
}

function withTagAndDigest(name: string, { tag, digest }: ImageReference): readonly string[] {
  const tagged = tag === undefined ? [] : [`${name}:${tag}`];
  const pinned = digest === undefined ? [] : [name, ...tagged].map((written) => `${written}@${digest}`);
  return [name, ...tagged, ...pinned];
}
