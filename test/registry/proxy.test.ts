/** Proxies by the rules that Go programs follow. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createRegistrySource } from '../../src/registry/client.ts';
import { proxyFor } from '../../src/registry/proxy.ts';
import { kindOf } from '../support/failures.ts';

const both = { httpsProxy: 'http://secure:3128', httpProxy: 'plain:3128' };

test.each([
  ['https://a.example', '', 'http://secure:3128'],
  ['http://a.example', '', 'http://plain:3128'],
  ['https://localhost:5000', '', undefined],
  ['https://127.8.9.1', '', undefined],
  ['https://[::1]:5000', '', undefined],
  ['https://a.example', '*', undefined],
  ['https://a.example', 'example', undefined],
  ['https://a.example', 'a.example', undefined],
  ['https://b.a.example', 'a.example', undefined],
  ['https://ba.example', 'a.example', 'http://secure:3128'],
  ['https://a.example', '.a.example', 'http://secure:3128'],
  ['https://b.a.example', '*.a.example', undefined],
  ['https://a.example:8443', 'a.example:443', 'http://secure:3128'],
  ['https://a.example', 'x, a.example:443', undefined],
  ['https://10.1.2.3', '10.0.0.0/8', undefined],
  ['https://11.1.2.3', '10.0.0.0/8', 'http://secure:3128'],
  ['https://10.1.2.3', '10.1.2.3', undefined],
  ['https://[fd00::1]', 'fd00::/8', undefined],
  ['https://10.1.2.3', '10.0.0.0/99,garbage/x', 'http://secure:3128'],
])('%s with NO_PROXY=%s', (url, noProxy, expected) => {
  expect(proxyFor(new URL(url), { ...both, noProxy })).toBe(expected);
});

test('without a proxy for the scheme there is none', () => {
  expect(proxyFor(new URL('https://a.example'), { httpProxy: 'plain:3128' })).toBeUndefined();
  expect(proxyFor(new URL('https://a.example'), { httpsProxy: '' })).toBeUndefined();
});

test('requests go through the proxy, https by CONNECT', async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(404).end();
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 503 no\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const source = createRegistrySource({
    plainHttp: ['plain.example'],
    proxy: { httpsProxy: address, httpProxy: address },
    limits: { tries: 1 },
  });
  const options = { signal: AbortSignal.timeout(5_000) };
  expect(await kindOf(source.manifest({ registry: 'plain.example', path: 'app' }, 'v1', options))).toBe('not-found');
  expect(await kindOf(source.manifest({ registry: 'secure.example', path: 'app' }, 'v1', options))).toBe('unavailable');
  await source.close();
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  expect(seen).toEqual(['GET http://plain.example/v2/app/manifests/v1', 'CONNECT secure.example:443']);
});
