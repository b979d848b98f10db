/**
 * Image references: reading what people write (`nginx`, `registry.example.com:5000/team/app:v1@sha256:…`) into one
 * canonical form, and writing it back. The grammar and the defaults are those of distribution/reference, which
 * containerd, CRI-O and Docker use. Must never contact anything or guess beyond that grammar.
 */
import { type Digest, isDigest } from './digest.ts';
import { type Failure, invalid } from './failure.ts';

/** A repository: host with port, and path. */
export interface RepositoryReference {
  /** Host and port, canonical: lower-case, `docker.io` for Docker Hub, IPv6 in brackets and compressed. */
  readonly registry: string;
  /** Path without registry, tag or digest: `library/nginx`. */
  readonly path: string;
}

/** An image reference in canonical form. At least one of tag and digest is there: `latest` is filled in for neither. */
export interface ImageReference extends RepositoryReference {
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Longer than any reference that a registry can serve: 255 host, 255 path, 128 tag, 135 digest and separators. */
const MAX_TEXT = 1024;
const MAX_HOST = 255;
/** distribution/reference, RepositoryNameTotalLengthMax. */
const MAX_PATH = 255;
const DOCKER_HUB = 'docker.io';

/**
 * Names of Docker Hub's one registry. distribution/reference folds only the first two, without a port; the others serve
 * the same content, so leaving them apart would be a spelling by which an image gets past a policy for docker.io.
 */
const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set([
  DOCKER_HUB,
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/**
 * Reads an image reference. Throws Failure `invalid` that says what was expected and what was found.
 * The tag `latest` is filled in only where there is neither tag nor digest; with both, both are kept.
 */
export function parseReference(text: string): ImageReference {
  const { repository, rest, digest } = split(text);
  const path = demandPath(text, rest.path, repository);
  const base = { registry: repository, path };
  const tag = rest.tag === undefined ? undefined : demandTag(text, rest.tag);
  if (tag === undefined && digest === undefined) return { ...base, tag: 'latest' };
  return { ...base, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Reads a repository (`registry.example.com/signatures`). Throws Failure `invalid`; a tag or a digest is refused. */
export function parseRepository(text: string): RepositoryReference {
  const { repository, rest, digest } = split(text);
  if (digest !== undefined || rest.tag !== undefined) {
    throw refuse(text, 'a repository without tag or digest', rest.tag === undefined ? 'a digest' : 'a tag');
  }
  return { registry: repository, path: demandPath(text, rest.path, repository) };
}

/** Writes a reference in full: `docker.io/library/nginx:1.27@sha256:…`. What is written reads back as the same. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${formatRepository(reference)}${tag}${digest}`;
}

/** The repository of a reference, as a value of its own. */
export function repositoryOf(reference: RepositoryReference): RepositoryReference {
  return { registry: reference.registry, path: reference.path };
}

/** Writes a repository in full: `docker.io/library/nginx`. */
export function formatRepository(repository: RepositoryReference): string {
  return `${repository.registry}/${repository.path}`;
}

/**
 * Host names do not tell cases apart (RFC 4343): two spellings must not be two registries to a policy. The one host
 * that stays as it is has nothing but its upper case to tell it from a path on Docker Hub.
 */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return isHost(lower) ? lower : host;
}

/** Is the first component of a name a host, and no path component on Docker Hub (splitDockerDomain)? */
export function isHost(component: string): boolean {
  return component === 'localhost' || /[.:]/.test(component) || component !== component.toLowerCase();
}

interface Parts {
  readonly repository: string;
  readonly rest: { readonly path: string; readonly tag?: string };
  readonly digest?: Digest;
}

function split(text: string): Parts {
  demandShape(text);
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : demandDigest(text, text.slice(at + 1));
  const name = at < 0 ? text : text.slice(0, at);
  if (name === '') throw refuse(text, 'a repository before the digest: name@sha256:…', 'a digest alone');
  // Grammatically `sha256:<hex>` is a repository named sha256 with a long tag; nobody who writes it means that.
  if (isDigest(text)) throw refuse(text, 'a repository before the digest: name@sha256:…', 'a digest alone');
  if (IDENTIFIER.test(text)) throw refuse(text, 'a repository name', 'an image ID (64 hex digits)');
  const { host, remainder } = splitHost(name);
  const colon = remainder.indexOf(':');
  const rest = colon < 0 ? { path: remainder } : { path: remainder.slice(0, colon), tag: remainder.slice(colon + 1) };
  return { repository: demandRegistry(text, host), rest, ...(digest === undefined ? {} : { digest }) };
}

function demandShape(text: string): void {
  if (text === '') throw refuse(text, 'an image like registry.example.com/team/app:v1', 'an empty text');
  if (text.length > MAX_TEXT) {
    throw refuse(text, `at most ${MAX_TEXT} characters`, `${text.length} characters`);
  }
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) {
    throw refuse(text, `a reference without a scheme: remove ${scheme}://`, `the scheme ${scheme}://`);
  }
  if (/\s/.test(text)) throw refuse(text, 'a reference without white space', 'white space');
}

function splitHost(name: string): { readonly host: string; readonly remainder: string } {
  const slash = name.indexOf('/');
  if (slash < 0) return { host: DOCKER_HUB, remainder: name };
  const first = name.slice(0, slash);
  return isHost(first) ? { host: first, remainder: name.slice(slash + 1) } : { host: DOCKER_HUB, remainder: name };
}

function demandRegistry(text: string, host: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(host);
  const name = match?.[1] ?? '';
  if (match === null || host.length > MAX_HOST) throw refuse(text, 'a registry host[:port]', quote(host));
  const demanded = name.startsWith('[') ? demandIPv6(text, name) : demandHostName(text, name);
  const port = match[2] === undefined ? '' : `:${demandPort(text, match[2])}`;
  const canonical = canonicalHost(`${demanded}${port}`);
  return DOCKER_HUB_NAMES.has(canonical.replace(/:443$/, '')) ? DOCKER_HUB : canonical;
}

function demandHostName(text: string, name: string): string {
  if (!name.split('.').every((label) => HOST_LABEL.test(label))) {
    throw refuse(text, 'a registry host of letters, digits, dots and dashes', quote(name));
  }
  return name;
}

function demandIPv6(text: string, name: string): string {
  const url = URL.canParse(`http://${name}`) ? new URL(`http://${name}`) : undefined;
  if (url === undefined || !/^\[[a-f0-9:]+\]$/i.test(name)) {
    throw refuse(text, 'an IPv6 address in brackets, like [2001:db8::1]:5000', quote(name));
  }
  return url.hostname;
}

function demandPort(text: string, port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw refuse(text, 'a port from 1 to 65535', quote(port));
  return number;
}

function demandPath(text: string, written: string, registry: string): string {
  // A name without a namespace is an official image on Docker Hub, and only there.
  const path = registry === DOCKER_HUB && !written.includes('/') ? `library/${written}` : written;
  if (written === '') throw refuse(text, 'a repository name', 'none');
  if (written !== written.toLowerCase()) {
    throw refuse(text, 'a repository name in lower case', `upper case in ${quote(written)}`);
  }
  if (path.length > MAX_PATH) {
    throw refuse(text, `a repository name of at most ${MAX_PATH} characters`, `${path.length}`);
  }
  const bad = written.split('/').find((component) => !PATH_COMPONENT.test(component));
  if (bad !== undefined) {
    throw refuse(text, 'name components of a-z and 0-9, separated by one of . _ __ or dashes', quote(bad));
  }
  return path;
}

function demandTag(text: string, tag: string): string {
  if (TAG.test(tag)) return tag;
  throw refuse(text, 'a tag of 1 to 128 letters, digits, _ . - that begins with no . or -', quote(tag));
}

function demandDigest(text: string, digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw refuse(text, 'a digest sha256:<64 hex digits> or sha512:<128 hex digits>, lower case', quote(digest));
}

function refuse(text: string, expected: string, found: string): Failure {
  return invalid(`image reference ${quote(text)}`, expected, found);
}

/** JSON quoting keeps control characters out of messages; the length is bounded. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 199)}…` : text);
}
