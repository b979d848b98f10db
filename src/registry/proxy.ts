/**
 * Which proxy a request goes through, if any, by the rules that Go programs follow (golang.org/x/net/http/httpproxy),
 * so that what works for kubelet and cosign works here: CIDR blocks in NO_PROXY, and loopback is never proxied.
 * Must never read the environment: the values are passed in.
 */
import { BlockList, isIP } from 'node:net';
import { hostnameOf, isLoopback } from './host.ts';

/** The proxy environment as values. Empty strings are as good as absent. */
export interface ProxyEnvironment {
  readonly httpsProxy?: string | undefined;
  readonly httpProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

/** The address of the proxy for this request; undefined: go straight. */
export function proxyFor(url: URL, environment: ProxyEnvironment): string | undefined {
  const proxy = url.protocol === 'https:' ? environment.httpsProxy : environment.httpProxy;
  if (proxy === undefined || proxy === '' || isLoopback(url.host)) return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const entries = (environment.noProxy ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (entries.some((entry) => excludes(entry.toLowerCase(), hostnameOf(url.host), port))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function excludes(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inBlock(entry, hostname);
  const [, name = entry, onlyPort] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return bare === hostname;
  if (bare.startsWith('.') || bare.startsWith('*.')) return hostname.endsWith(bare.replace(/^\*/, ''));
  return hostname === bare || hostname.endsWith(`.${bare}`);
}

function inBlock(entry: string, hostname: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network);
  const prefix = Number(bits);
  if (family === 0 || family !== isIP(hostname) || !Number.isInteger(prefix)) return false;
  if (bits === '' || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const block = new BlockList();
  block.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return block.check(hostname, family === 4 ? 'ipv4' : 'ipv6');
}
