/**
 * WWW-Authenticate: which scheme a registry wants. Owns the grammar of RFC 9110, 11.6.1 (several challenges in one
 * header, quoted strings with escapes, commas in them). Must never decide who gets a credential.
 */

/** A challenge: scheme in lower case, parameters with names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[0-9A-Za-z\-._~+/]+=*(?=\s*(?:,|$))/y;
const PARAMETER = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/-]+))/y;
const SEPARATOR = /[\s,]*/y;
const SPACES = /[ \t]*/y;
const MAX_HEADER = 8 * 1024;

/** The challenges of all WWW-Authenticate headers, in order. What does not parse ends the header that it is in. */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => parseHeader(header.slice(0, MAX_HEADER)));
}

function parseHeader(text: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  take(SEPARATOR);
  while (at < text.length) {
    const scheme = take(TOKEN);
    if (scheme === undefined) break;
    const parameters = new Map<string, string>();
    challenges.push({ scheme: scheme[0].toLowerCase(), parameters });
    take(SPACES);
    if (take(TOKEN68) === undefined) readParameters(take, parameters);
    take(SEPARATOR);
  }
  return challenges;
}

function readParameters(take: (pattern: RegExp) => RegExpExecArray | undefined, into: Map<string, string>): void {
  for (let match = take(PARAMETER); match !== undefined; match = take(PARAMETER)) {
    const [, name = '', quoted, bare = ''] = match;
    const key = name.toLowerCase();
    if (!into.has(key)) into.set(key, quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, '$1'));
    take(SEPARATOR);
  }
}
