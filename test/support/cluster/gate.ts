/**
 * A gate before a real API server: passes every request on as it is, the token included, and keeps a book of them by the
 * right that each needs. It can end the watches of a resource or keep back what they say, which the server itself does
 * only when minutes have gone by.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Entrance } from './client.ts';

/** What came of a request: the right that it needs, as `list apps/deployments`, and the status of its answer. */
export interface Passed {
  readonly right: string;
  readonly status: number;
}

export interface Gate extends AsyncDisposable {
  /** Where it listens: plain HTTP on loopback. */
  readonly server: string;
  /** Every request that was answered, in order. */
  readonly passed: readonly Passed[];
  /** How many requests that need a right were answered so. */
  count(right: string, status?: number): number;
  /** Ends the watches of `group/resource`; with `gone`, saying that only a new list can help. */
  endWatches(resource: string, how: 'cut' | 'gone'): void;
  /** Keeps back what the watches of `group/resource` say, until the function that it gives is called. */
  holdWatches(resource: string): () => void;
}

/** An open watch: what the server says, and to whom. */
interface Watch {
  readonly resource: string;
  readonly from: IncomingMessage;
  readonly to: ServerResponse;
}

const GONE = {
  type: 'ERROR',
  object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410 },
};

/** Opens a gate before a server. */
export async function openGate({ server: target, ca }: Pick<Entrance, 'server' | 'ca'>): Promise<Gate> {
  const agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  const passed: Passed[] = [];
  const watches = new Set<Watch>();
  const pass = (incoming: IncomingMessage, to: ServerResponse): void => {
    const { method = 'GET', url = '/' } = incoming;
    const { host: _, ...headers } = incoming.headers;
    const { verb, resource } = needOf(method, new URL(url, target));
    const outgoing = request(new URL(url, target), { method, headers, agent }, (from) => {
      passed.push({ right: `${verb} ${resource}`, status: from.statusCode ?? 0 });
      to.writeHead(from.statusCode ?? 502, from.headers);
      from.on('error', () => to.destroy());
      from.pipe(to);
      if (verb !== 'watch' || from.statusCode !== 200) return;
      to.flushHeaders();
      const watch: Watch = { resource, from, to };
      watches.add(watch);
      to.on('close', () => watches.delete(watch));
    });
    outgoing.on('error', () => to.destroy());
    to.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const listener = createServer(pass);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const of = (resource: string): readonly Watch[] => [...watches].filter((watch) => watch.resource === resource);
  return {
    server: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    passed,
    count: (right, status) =>
      passed.filter((one) => one.right === right && (status === undefined || one.status === status)).length,
    endWatches(resource, how): void {
      for (const { from, to } of of(resource)) {
        from.unpipe(to);
        to.end(how === 'gone' ? `${JSON.stringify(GONE)}\n` : undefined);
      }
    },
    holdWatches(resource) {
      const held = of(resource);
      for (const { from, to } of held) from.unpipe(to).pause();
      return () => held.forEach(({ from, to }) => from.pipe(to));
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      listener.closeAllConnections();
      agent.destroy();
      await once(listener, 'close');
    },
  };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The right that a request needs, as RBAC spells it: `list` and `/pods`, `patch` and `imagetrust.dev/trustedkeys/status`. */
function needOf(method: string, { pathname, searchParams }: URL): { readonly verb: string; readonly resource: string } {
  const [, root, ...rest] = pathname.split('/');
  const group = root === 'apis' ? (rest.shift() ?? '') : '';
  rest.shift();
  if (rest[0] === 'namespaces' && rest.length > 2) rest.splice(0, 2);
  const [plural = '', name, sub] = rest;
  const read = name === undefined ? 'list' : 'get';
  const verb = searchParams.get('watch') === 'true' ? 'watch' : (VERBS[method] ?? read);
  return { verb, resource: [group, plural, ...(sub === undefined ? [] : [sub])].join('/') };
}
