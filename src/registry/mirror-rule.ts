/**
 * `--mirror FROM=TO` as a value. Owns its grammar and the question whether a rule covers a repository: by whole path
 * segments, so that `docker.io/acme` never covers `docker.io/acme-evil`. Must never look at what is behind TO.
 */
import { resolve } from 'node:path';
import { invalid } from '../core/failure.ts';
import { isHost, isRepositoryPath } from './host.ts';
import type { Repository } from './source.ts';

/** Where a mirror is. `path` of a registry is a prefix and may be empty; `path` of a layout is absolute or as given. */
export type MirrorTarget =
  | { readonly type: 'registry'; readonly registry: string; readonly path: string; readonly plainHttp: boolean }
  | { readonly type: 'layout'; readonly path: string };

/** A rule: what is asked for below `from` is asked of `to` first. `from.path` may be empty: the whole registry. */
export interface MirrorRule {
  readonly from: Repository;
  readonly to: MirrorTarget;
}

const DOCKER_HUB: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

/**
 * Parses `FROM=TO`: FROM is a host[:port] with or without a path; TO is `https://host/prefix`, `http://host/prefix`,
 * `host/prefix`, or `oci:PATH` (relative to `cwd`). Throws invalid.
 */
export function parseMirrorRule(text: string, { cwd }: { cwd?: string } = {}): MirrorRule {
  const where = `--mirror ${text.slice(0, 200)}`;
  const at = text.indexOf('=');
  const [from, to] = at < 1 ? ['', ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (from === '' || to === '') throw invalid(where, 'FROM=TO, as docker.io=mirror.example.com/hub', 'no such pair');
  return { from: parsePlace(from, where), to: parseTarget(to, where, cwd) };
}

/** The mirrors that are to be spoken to in plain HTTP, for the registry client's `plainHttp`. */
export function plainHttpHosts(rules: readonly MirrorRule[]): readonly string[] {
  return rules.flatMap(({ to }) => (to.type === 'registry' && to.plainHttp ? [to.registry] : []));
}

/** The path of the repository below FROM (`''`: FROM itself), or undefined where the rule does not cover it. */
export function pathIn({ from }: MirrorRule, { registry, path }: Repository): string | undefined {
  if (registry.toLowerCase() !== from.registry) return undefined;
  if (from.path === '') return path;
  if (path === from.path) return '';
  return path.startsWith(`${from.path}/`) ? path.slice(from.path.length + 1) : undefined;
}

function parseTarget(text: string, where: string, cwd: string | undefined): MirrorTarget {
  if (text.startsWith('oci:')) {
    const path = text.slice('oci:'.length).replace(/(?<=.)\/+$/, '');
    if (path === '') throw invalid(where, 'a path after oci:', 'none');
    return { type: 'layout', path: cwd === undefined ? path : resolve(cwd, path) };
  }
  const [, scheme, rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  const protocol = scheme?.toLowerCase();
  if (protocol !== undefined && protocol !== 'https' && protocol !== 'http') {
    throw invalid(where, 'https://, http:// or oci: before the mirror', `${protocol}://`);
  }
  return { type: 'registry', ...parsePlace(rest, where), plainHttp: protocol === 'http' };
}

function parsePlace(text: string, where: string): Repository {
  const trimmed = text.replace(/\/+$/, '');
  const slash = trimmed.indexOf('/');
  const host = (slash < 0 ? trimmed : trimmed.slice(0, slash)).toLowerCase();
  const path = slash < 0 ? '' : trimmed.slice(slash + 1);
  if (!isHost(host)) throw invalid(where, 'host[:port], with or without a path', JSON.stringify(text));
  if (path !== '' && !isRepositoryPath(path))
    throw invalid(where, 'a repository path in lower case, without tag or digest', JSON.stringify(path));
  return { registry: DOCKER_HUB.has(host) ? 'docker.io' : host, path };
}
