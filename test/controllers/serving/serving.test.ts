import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Permission } from '../../../src/controllers/serving/reviewer.ts';
import { type Serving, type ServingOptions, startServing } from '../../../src/controllers/serving/serving.ts';
import { selfSigned } from '../../../src/controllers/serving/self-signed.ts';
import { systemClock } from '../../../src/registry/clock.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const BODY = '# HELP x X.\n# TYPE x gauge\nx 1\n';
const render = () => Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: BODY });

async function serve(fields: {
  metrics?: Partial<ServingOptions['metrics']>;
  health?: Partial<ServingOptions['health']>;
  clock?: ServingOptions['clock'];
}): Promise<Serving & { readonly errors: unknown[] }> {
  const errors: unknown[] = [];
  const serving = await startServing({
    metrics: { address: '127.0.0.1:0', render, ...fields.metrics },
    health: { address: '127.0.0.1:0', ready: () => true, ...fields.health },
    clock: fields.clock ?? systemClock,
    onError: (what, error) => errors.push([what, error]),
  });
  cleanups.push(() => serving.close());
  return { ...serving, errors };
}

interface Got {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly certificate?: string;
}

function get(url: string, { method = 'GET', token }: { method?: string; token?: string } = {}): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = send(url, { method, headers, agent: false, rejectUnauthorized: false } as object, (response) => {
    const { socket } = response;
    const certificate =
      'getPeerX509Certificate' in socket ? (socket as any).getPeerX509Certificate()?.toString() : undefined; // oxlint-disable-line typescript/no-explicit-any
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (body += chunk));
    response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers, certificate }));
  });
  request.on('error', reject);
  request.end();
  return promise;
}

describe('probes', () => {
  it('say that the process lives, and whether it is ready', async () => {
    let ready: true | string = 'pods are being read';
    const { addresses } = await serve({ health: { ready: () => ready } });
    const base = `http://${addresses.health}`;
    expect(await get(`${base}/healthz`)).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await get(`${base}/readyz`)).toMatchObject({ status: 503, body: 'not ready: pods are being read\n' });
    ready = true;
    expect(await get(`${base}/readyz?verbose`)).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it.each([
    ['another path', '/metrics', 'GET', 404],
    ['a path of Object', '/constructor', 'GET', 404],
    ['another method', '/healthz', 'POST', 405],
    ['HEAD', '/healthz', 'HEAD', 200],
  ])('%s', async (_, path, method, status) => {
    const { addresses } = await serve({});
    expect((await get(`http://${addresses.health}${path}`, { method })).status).toBe(status);
  });
});

describe('metrics', () => {
  it('are served in plain HTTP to everybody', async () => {
    const { addresses } = await serve({});
    const got = await get(`http://${addresses.metrics}/metrics`);
    expect(got).toMatchObject({ status: 200, body: BODY });
    expect(got.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('answer 500 where they cannot be made, and the server lives on', async () => {
    let broken = true;
    const failing = () => (broken ? Promise.reject(new Error('a bug')) : render());
    const { addresses, errors } = await serve({ metrics: { render: failing } });
    const got = await get(`http://${addresses.metrics}/metrics`);
    expect(got).toMatchObject({ status: 500, body: 'the request failed; see the log\n' });
    expect(errors).toHaveLength(1);
    broken = false;
    expect((await get(`http://${addresses.metrics}/metrics`)).status).toBe(200);
  });

  it('are nowhere at address 0', async () => {
    expect((await serve({ metrics: { address: '0' }, health: { address: '0' } })).addresses).toEqual({});
  });
});

describe('--metrics-secure', () => {
  const reviewer = (permission: Permission | Error) => ({
    review: () => (permission instanceof Error ? Promise.reject(permission) : Promise.resolve(permission)),
  });
  const secure = (permission: Permission | Error, certDir?: string) => ({
    metrics: {
      secure: {
        reviewer: reviewer(permission),
        dnsNames: ['localhost'],
        ...(certDir === undefined ? {} : { certDir }),
      },
    },
  });

  it.each([
    ['allowed', 'allowed', 200],
    ['a caller whom nobody knows', 'unauthenticated', 401],
    ['a caller who may not', 'forbidden', 403],
    ['an API server that cannot be asked', new Error('down'), 503],
  ] as const)('%s', async (_, permission, status) => {
    const { addresses } = await serve(secure(permission));
    const got = await get(`https://${addresses.metrics}/metrics`, { token: 'abc' });
    expect(got.status).toBe(status);
    expect(got.body === BODY).toBe(status === 200);
  });

  it('speaks no plain HTTP', async () => {
    const { addresses } = await serve(secure('allowed'));
    await expect(get(`http://${addresses.metrics}/metrics`)).rejects.toThrow('socket hang up');
  });

  it('guards the metrics and nothing else', async () => {
    const { addresses } = await serve(secure('unauthenticated'));
    expect((await get(`http://${addresses.health}/healthz`)).status).toBe(200);
  });

  it('takes a renewed certificate without a restart, and keeps the old one while a new one is broken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o-tls-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const put = ({ cert, key }: { cert: string; key: string }) => {
      writeFileSync(join(folder, 'tls.crt'), cert);
      writeFileSync(join(folder, 'tls.key'), key);
    };
    const first = selfSigned(['localhost'], new Date());
    const second = selfSigned(['localhost'], new Date());
    put(first);
    const ticks = manualClock();
    const { addresses, errors } = await serve({ ...secure('allowed', folder), clock: ticks.clock });
    const served = async () => (await get(`https://${addresses.metrics}/metrics`)).certificate?.trim();
    expect(await served()).toBe(first.cert.trim());
    put({ cert: second.cert, key: first.key });
    await ticks.tick();
    await expect.poll(() => errors.length).toBe(1);
    expect(await served()).toBe(first.cert.trim());
    put(second);
    await ticks.tick();
    await expect.poll(served).toBe(second.cert.trim());
  });

  it('names the folder where there is no certificate', async () => {
    await expect(serve(secure('allowed', '/nowhere'))).rejects.toThrow(
      '--metrics-bind-address 127.0.0.1:0: /nowhere: expected tls.crt and its tls.key',
    );
  });
});

describe('the servers', () => {
  it('name the flag whose address is taken, and leave nothing behind', async () => {
    const { addresses } = await serve({});
    const taken = addresses.health ?? '';
    await expect(serve({ metrics: { address: taken } })).rejects.toThrow(`--metrics-bind-address ${taken}: `);
    await expect(serve({ health: { address: taken } })).rejects.toThrow(`--health-probe-bind-address ${taken}: `);
  });

  it.each(['8080', 'a b:80', ':99999', '', 'http://x:80', '[::1:80'])('refuse the address %j', async (address) => {
    await expect(serve({ metrics: { address } })).rejects.toThrow('expected [HOST]:PORT');
  });

  it('end while somebody holds a connection open', async () => {
    const serving = await serve({});
    const [host, port] = (serving.addresses.health ?? '').split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\n');
    const start = performance.now();
    await serving.close();
    expect(performance.now() - start).toBeLessThan(3_000);
    socket.destroy();
  });
});

/** A clock whose sleepers wake by hand. */
function manualClock() {
  let sleepers: (() => void)[] = [];
  const sleep = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      sleepers.push(resolve);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  const tick = async () => {
    await expect.poll(() => sleepers.length).toBeGreaterThan(0);
    const woken = sleepers;
    sleepers = [];
    for (const wake of woken) wake();
  };
  return { clock: { now: () => Date.now(), sleep }, tick };
}
