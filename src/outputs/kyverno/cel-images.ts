/**
 * Image globs as CEL over the raw text of a Pod: reads every spelling of a name into the canonical one (core/reference,
 * core/image-glob) and compares that. Must never cover less or more than the globs do in the engine.
 */
import { celBindings, matchesAnyGlob } from './cel.ts';

/** Docker Hub's names (core/reference). */
const HUB = '^(?:(?:index\\\\.|registry-1\\\\.)?docker\\\\.io|registry\\\\.hub\\\\.docker\\\\.com)$';

/** Is the image in `text` (a CEL expression of a string) covered by `globs`, and by none of `except`? */
export function coversImage(text: string, globs: readonly string[], except: readonly string[] = []): string {
  if (globs.includes('*') && except.length === 0) return 'true';
  const included = `names.exists(n, ${matchesAnyGlob('n', globs)})`;
  const test = except.length === 0 ? included : `${included}\n&& !names.exists(n, ${matchesAnyGlob('n', except)})`;
  return celBindings(namesOf(text), test);
}

/**
 * The names that a glob is compared with: the repository, and that with tag, digest and both; an official image also
 * without library/. A registry is what has a dot, a colon or upper case before the first slash, or is localhost.
 */
function namesOf(text: string): readonly (readonly [string, string])[] {
  return [
    ['written', `${text}.matches("^(?:[^/]*[.:A-Z][^/]*|localhost)/") ? ${text}.split("/")[0] : ""`],
    ['path', `written == "" ? ${text} : ${text}.substring(written.size() + 1)`],
    [
      'host',
      'written.matches("[.:]") || written.lowerAscii() == "localhost" ? (written.lowerAscii().endsWith(":443") ? written.lowerAscii().substring(0, written.size() - 4) : written.lowerAscii()) : written',
    ],
    ['registry', `host == "" || host.matches("${HUB}") ? "docker.io" : host`],
    ['name', 'path.split("@")[0]'],
    ['digest', 'path.contains("@") ? "@" + path.split("@")[1] : ""'],
    ['tag', 'name.contains(":") ? ":" + name.split(":")[1] : (digest == "" ? ":latest" : "")'],
    [
      'repository',
      'registry + (registry == "docker.io" && !name.contains("/") ? "/library/" : "/") + name.split(":")[0]',
    ],
    [
      'repositories',
      'repository.startsWith("docker.io/library/") ? [repository, "docker.io/" + repository.substring(18)] : [repository]',
    ],
    [
      'names',
      'repositories + repositories.map(r, r + tag) + repositories.map(r, r + digest) + repositories.map(r, r + tag + digest)',
    ],
  ];
}
