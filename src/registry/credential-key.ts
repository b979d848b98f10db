/**
 * The keys under which credentials stand in config.json and pull secrets: hosts with or without port, path, scheme and
 * wildcards. Owns which keys fit a repository and which of them fits best. Must never let a key serve another host.
 */

const HUB_HOSTS: ReadonlySet<string> = new Set([
  'index.docker.io',
  'registry-1.docker.io',
  'docker.io',
  'registry.hub.docker.com',
]);

/** Host and path without scheme and API version, lower-case host; every name of Docker Hub is `docker.io`. */
export function canonicalKey(key: string): string {
  const [, address] = /^(?:https?:)?\/\/(.*)$/i.exec(key.trim()) ?? [];
  const bare = (address ?? key.trim()).replace(/\/+$/, '');
  const plain = address === undefined ? bare : bare.replace(/\/v[12]$/, '');
  const slash = plain.indexOf('/');
  return `${credentialHost(slash < 0 ? plain : plain.slice(0, slash))}${slash < 0 ? '' : plain.slice(slash)}`;
}

/** Lower case; the port that https has anyway is left out; every name of Docker Hub is `docker.io`. */
export function credentialHost(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, '');
  return HUB_HOSTS.has(name) ? 'docker.io' : name;
}

/** Does the host of this key stand for several? */
export function isPattern(key: string): boolean {
  return /^[^/]*[*?]/.test(key);
}

/**
 * The canonical keys that may serve a repository, best first: the longest path, which is the repository or a prefix of
 * it by whole segments; then the host itself before patterns; then the longest pattern. As kubelet has it, `*` and `?`
 * stand for a part of one label of the host (`*.example.com` is not `a.b.example.com`), never for a port or a path.
 */
export function fittingKeys(keys: Iterable<string>, host: string, path: string): readonly string[] {
  const name = credentialHost(host);
  const fitting = [...keys].filter((key) => {
    const [keyHost, keyPath] = split(key);
    return fitsHost(keyHost, name) && (keyPath === '' || keyPath === path || path.startsWith(`${keyPath}/`));
  });
  return fitting.sort(compareKeys);
}

function compareKeys(a: string, b: string): number {
  const [hostA, pathA] = split(a);
  const [hostB, pathB] = split(b);
  return (
    pathB.length - pathA.length ||
    Number(isPattern(hostA)) - Number(isPattern(hostB)) ||
    hostB.length - hostA.length ||
    (hostA < hostB ? -1 : 1)
  );
}

function split(key: string): readonly [host: string, path: string] {
  const slash = key.indexOf('/');
  return slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
}

function fitsHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!isPattern(pattern)) return false;
  const [labels, wanted] = [pattern.split('.'), host.split('.')];
  return labels.length === wanted.length && labels.every((label, index) => fitsLabel(label, wanted[index] ?? ''));
}

/** Without regular expressions: whoever writes a Secret writes the pattern. Greedy with one step back is enough. */
function fitsLabel(pattern: string, label: string): boolean {
  let [at, star, mark] = [0, -1, 0];
  for (let i = 0; i < label.length; ) {
    if (pattern[at] === '*') [star, mark, at] = [at, i, at + 1];
    else if (pattern[at] === label[i] || (pattern[at] === '?' && label[i] !== ':')) [at, i] = [at + 1, i + 1];
    else if (star >= 0 && label[mark] !== ':') [mark, at, i] = [mark + 1, star + 1, mark + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
