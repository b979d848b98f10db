/**
 * A stand-in of Docker Hub on loopback: whoever is given its surroundings reaches a registry of ours under every name
 * of Docker Hub, and nothing else of the world. A proxy that takes CONNECT, and TLS with a certificate for those names.
 */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { readFileSync } from 'node:fs';
import { CA, openPki } from '../support/pki.ts';

/** Names under which Docker Hub is reached (core/reference). */
export const HUB_HOSTS = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

export interface Hub extends AsyncDisposable {
  /** Environment of a program in Go that is to find it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts it before a registry in plain HTTP, `host:port` on loopback. */
export async function startHub(registry: string): Promise<Hub> {
  const pki = openPki();
  const authority = pki.issue({ extensions: CA });
  const names = HUB_HOSTS.map((host) => `DNS:${host}`).join(',');
  const own = pki.issue({ issuer: authority, extensions: [`subjectAltName=${names}`, 'extendedKeyUsage=serverAuth'] });
  const key = readFileSync(own.keyFile);
  const behind = Number(registry.split(':').at(-1));
  const sockets = new Set<Socket>();
  const joined = (a: Socket, port: number): void => {
    const b = connect(port, '127.0.0.1');
    for (const socket of [a, b]) sockets.add(socket.on('error', () => socket.destroy()));
    a.pipe(b).pipe(a);
  };
  const tls = createTlsServer({ key, cert: own.pem }, (socket) => joined(socket, behind));
  const door = await listening(tls);
  const proxy = createServer((_, response) => response.writeHead(502).end());
  proxy.on('connect', ({ url = '' }, socket: Socket) => {
    const known = HUB_HOSTS.some((host) => url.toLowerCase() === `${host}:443`);
    socket.write(`HTTP/1.1 ${known ? '200 OK' : '502 Bad Gateway'}\r\n\r\n`);
    if (known) joined(socket, door);
    else socket.destroy();
  });
  const port = await listening(proxy);
  return {
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: '127.0.0.1,localhost',
      SSL_CERT_FILE: authority.certificateFile,
    },
    async [Symbol.asyncDispose]() {
      const ended = [tls, proxy].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      await Promise.all(ended);
      pki.dispose();
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
