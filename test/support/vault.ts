/**
 * A stand-in for HashiCorp Vault, on loopback: reading keys of the transit engine, tokens, and the Kubernetes auth
 * method, as the API documentation has them. It is not Vault: what Vault itself refuses may pass here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestVault {
  readonly url: string;
  /** `GET /v1/transit/keys/k` with the token that came. */
  readonly requests: readonly { readonly line: string; readonly token: string | undefined }[];
  /** Keys by name: what `data` says. */
  readonly keys: Map<string, object>;
  /** Tokens that are let in. */
  readonly tokens: Set<string>;
  /** Answers with this status and body while it is set. */
  down: { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> } | undefined;
  close(): Promise<void>;
}

export interface TestVaultOptions {
  /** Default `transit`. */
  readonly transit?: string;
  readonly namespace?: string;
  /** Of the Kubernetes auth method: its path, and what it takes. */
  readonly login?: {
    readonly path: string;
    readonly role: string;
    readonly jwt: string;
    readonly leaseSeconds: number;
  };
}

export async function startVault(options: TestVaultOptions = {}): Promise<TestVault> {
  const requests: { line: string; token: string | undefined }[] = [];
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const sockets = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await sockets;
  const vault: TestVault = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    keys: new Map(),
    tokens: new Set(['root']),
    down: undefined,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = request.headers['x-vault-token'];
    requests.push({ line: `${request.method} ${request.url}`, token: Array.isArray(token) ? token[0] : token });
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const [status, answer] = vault.down === undefined ? reply(request, body) : [vault.down.status, vault.down.body];
    response.writeHead(status, { 'content-type': 'application/json', ...vault.down?.headers });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? { errors: [] }));
  }

  function reply(request: IncomingMessage, body: string): readonly [number, unknown] {
    const { login, transit = 'transit', namespace } = options;
    if (namespace !== undefined && request.headers['x-vault-namespace'] !== namespace) return [404, undefined];
    if (request.method === 'POST' && login !== undefined && request.url === `/v1/auth/${login.path}/login`) {
      const given = JSON.parse(body) as { role?: string; jwt?: string };
      if (given.role !== login.role || given.jwt !== login.jwt) return [403, { errors: ['permission denied'] }];
      const token = `hvs.${requests.length}`;
      vault.tokens.add(token);
      return [200, { auth: { client_token: token, lease_duration: login.leaseSeconds, renewable: true } }];
    }
    const token = request.headers['x-vault-token'];
    if (typeof token !== 'string' || !vault.tokens.has(token)) return [403, { errors: ['permission denied'] }];
    const name = new RegExp(`^/v1/${transit}/keys/([^/]+)$`).exec(request.url ?? '')?.[1];
    const data = name === undefined ? undefined : vault.keys.get(name);
    return data === undefined ? [404, undefined] : [200, { request_id: 'x', data }];
  }

  return vault;
}

/** `data` of a key with these public keys as versions 1, 2, … */
export function transitKey(versions: readonly string[], more: object = {}): object {
  const keys = versions.map((text, index) => [`${index + 1}`, { public_key: text, creation_time: '2026-01-01' }]);
  return { type: 'ecdsa-p256', keys: Object.fromEntries(keys), min_decryption_version: 1, ...more };
}
