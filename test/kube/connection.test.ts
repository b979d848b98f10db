import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api } from '@kubernetes/client-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import { connect, type KubeConnection } from '../../src/kube/connection.ts';
import { CONFIGMAPS, NAMESPACES, PODS } from '../../src/kube/resource.ts';
import { systemClock } from '../../src/registry/clock.ts';
import { type ApiServerOptions, startApiServer } from '../support/api-server/server.ts';
import { freePorts } from '../support/free-ports.ts';
import { eventually } from '../support/eventually.ts';
import { startKube } from '../support/kube.ts';

const signal = new AbortController().signal;

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-connection-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A CA and a certificate of it for 127.0.0.1, PEM. */
function authority(folder: string, name: string): NonNullable<ApiServerOptions['tls']> {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-subj', `/CN=${name}`);
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('key'),
    '-out',
    at('crt'),
    '-subj',
    '/CN=api',
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  const read = (file: string): string => readFileSync(at(file), 'utf8');
  return { key: read('key'), cert: read('crt'), ca: read('ca.crt') };
}

interface Files {
  readonly folder: string;
  readonly token?: string;
  readonly ca?: string;
}

/** A kubeconfig that names files, as a Pod's ServiceAccount does. */
function connectByFiles(
  server: string,
  { folder, token, ca }: Files,
  refreshMs: number,
): { connection: KubeConnection; client: KubeClient } {
  if (token !== undefined) writeFileSync(join(folder, 'token'), token);
  if (ca !== undefined) writeFileSync(join(folder, 'ca.crt'), ca);
  const cluster = { server, ...(ca === undefined ? {} : { 'certificate-authority': 'ca.crt' }) };
  const document = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: token === undefined ? {} : { tokenFile: 'token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(document));
  const connection = connect({ kubeconfig: join(folder, 'kubeconfig'), clock: systemClock, refreshMs });
  onTestFinished(() => connection.close());
  return { connection, client: createKubeClient(connection) };
}

describe('connections are kept', () => {
  test.each([
    ['plain', () => undefined],
    ['TLS', () => authority(scratch(), 'one')],
  ])(
    '200 calls one after the other take one or two of them (the second while the first is not idle yet): %s',
    async (_, tls) => {
      const settings = tls();
      await using kube = await startKube(settings === undefined ? {} : { tls: settings });
      for (let call = 0; call < 200; call++) await kube.client.listPage(NAMESPACES, { signal });
      expect(kube.api.connections()).toBeLessThanOrEqual(2);
    },
  );

  test('200 calls at once share a bounded number, and watches have their own', async () => {
    await using kube = await startKube();
    const stop = new AbortController();
    const watches = Array.from({ length: 5 }, async () => {
      for await (const event of kube.client.watch(PODS, {
        signal: stop.signal,
        resourceVersion: '1',
        timeoutSeconds: 60,
      }))
        void event;
    });
    await eventually(() => expect(kube.api.watches.size).toBe(5));
    await Promise.all(Array.from({ length: 200 }, () => kube.client.listPage(NAMESPACES, { signal })));
    expect(kube.api.connections()).toBeLessThanOrEqual(5 + 16);
    stop.abort();
    await Promise.allSettled(watches);
    await eventually(() => expect(kube.api.watches.size).toBe(0));
  });

  test('the typed API of client-node takes them too', async () => {
    await using kube = await startKube();
    const api = kube.connection.config.makeApiClient(CoreV1Api);
    for (let call = 0; call < 20; call++) await api.listNamespace();
    expect(kube.api.connections()).toBeLessThanOrEqual(2);
  });
});

describe('credentials that change under us', () => {
  test('a token that was replaced is read before its time when the server refuses the old one', async () => {
    const folder = scratch();
    const user = { username: 'system:serviceaccount:x:y', groups: ['system:masters'] };
    await using api = await startApiServer({ tokens: { first: user } });
    const { client } = connectByFiles(api.url, { folder, token: 'first\n' }, 3_600_000);
    await client.listPage(NAMESPACES, { signal });
    api.access.tokens.clear();
    api.access.tokens.set('second', user);
    writeFileSync(join(folder, 'token'), 'second\n');
    await client.listPage(NAMESPACES, { signal });
    const pods = client.apply(
      CONFIGMAPS,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } },
      { fieldManager: 'm', signal },
    );
    expect((await pods).metadata.name).toBe('a');
    expect(api.requests.map(({ status }) => status)).toEqual([200, 401, 200, 201]);
  });

  test('a token is read again when it is old, and kept while its file is missing or empty', async () => {
    const folder = scratch();
    const user = { username: 'u', groups: ['system:masters'] };
    await using api = await startApiServer({ tokens: { first: user, second: user } });
    const { client, connection } = connectByFiles(api.url, { folder, token: 'first' }, 0);
    const token = async (): Promise<string | undefined> => (await connection.access('calls')).headers.Authorization;
    expect(await token()).toBe('Bearer first');
    rmSync(join(folder, 'token'));
    expect(await token()).toBe('Bearer first');
    writeFileSync(join(folder, 'token'), '\n');
    expect(await token()).toBe('Bearer first');
    writeFileSync(join(folder, 'token'), 'second\n');
    expect(await token()).toBe('Bearer second');
    await client.listPage(NAMESPACES, { signal });
    expect(api.requests.map(({ status }) => status)).toEqual([200]);
  });

  test('a token that stays wrong is unauthorized, after one more try', async () => {
    await using api = await startApiServer({ tokens: { right: { username: 'u', groups: [] } } });
    const { client } = connectByFiles(api.url, { folder: scratch(), token: 'wrong' }, 0);
    await expect(client.listPage(NAMESPACES, { signal })).rejects.toMatchObject({
      detail: { kind: 'unauthorized', status: 401 },
    });
    expect(api.requests).toHaveLength(2);
  });

  test('no token at all is an error that names the file', async () => {
    const folder = scratch();
    await using api = await startApiServer();
    const { client } = connectByFiles(api.url, { folder, token: 'x' }, 0);
    rmSync(join(folder, 'token'));
    await expect(client.listPage(NAMESPACES, { signal })).rejects.toMatchObject({
      detail: { kind: 'unavailable' },
      message: expect.stringContaining('ENOENT'),
    });
  });

  test('a CA that was rotated is trusted from the next request on, the old one no more', async () => {
    const folder = scratch();
    const [before, after] = [authority(folder, 'before'), authority(folder, 'after')];
    const [port = 0] = await freePorts(1);
    const old = await startApiServer({ tls: before, port });
    const { client } = connectByFiles(old.url, { folder, ca: before.ca }, 3_600_000);
    await client.listPage(NAMESPACES, { signal });
    await old[Symbol.asyncDispose]();
    await using api = await startApiServer({ tls: after, port });
    await expect(client.listPage(NAMESPACES, { signal })).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
    writeFileSync(join(folder, 'ca.crt'), after.ca);
    await eventually(() => client.listPage(NAMESPACES, { signal }));
    expect(api.requests.length).toBeGreaterThan(0);
  });

  test('a server whose certificate nobody vouches for gets no request', async () => {
    const folder = scratch();
    const [trusted, other] = [authority(folder, 'trusted'), authority(folder, 'other')];
    await using api = await startApiServer({ tls: other, tokens: { secret: { username: 'u', groups: [] } } });
    const { client } = connectByFiles(api.url, { folder, ca: trusted.ca, token: 'secret' }, 0);
    await expect(client.listPage(NAMESPACES, { signal })).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
    expect(api.requests).toEqual([]);
  });
});
