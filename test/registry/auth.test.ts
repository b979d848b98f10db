/** Who gets in, and above all who never sees a credential. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createRegistrySource, type RegistrySource } from '../../src/registry/client.ts';
import type { Credential, CredentialProvider } from '../../src/registry/credential.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import { fakeClock } from '../support/clock.ts';
import { failureOf, kindOf } from '../support/failures.ts';
import { CA, EC256, openPki, type Pki } from '../support/pki.ts';
import { addBlob, addImage, startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';
import { basicOf } from '../support/registry-auth.ts';

const options = { signal: AbortSignal.timeout(20_000) };
const USER: Credential = { type: 'basic', username: 'ci', password: 's3cret:ü' };
const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((it) => it.close())));

async function registryWith(more: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await startRegistry(more);
  open.push(registry);
  addImage(registry.repository('team/app'), 'a', ['v1']);
  addImage(registry.repository('team/other'), 'b', ['v1']);
  return registry;
}

function client(credentials: CredentialProvider | undefined, more: RegistryOptions = {}): RegistrySource {
  const source = createRegistrySource({ credentials, limits: { tries: 1 }, ...more });
  open.push(source);
  return source;
}

const always =
  (...credentials: readonly Credential[]): CredentialProvider =>
  () =>
    Promise.resolve(credentials);
const at = (registry: TestRegistry, path = 'team/app') => ({ registry: registry.host, path });
const secrets = (registry: TestRegistry) =>
  registry.requests.filter(({ authorization }) => authorization !== undefined);

describe('getting in', () => {
  test('by password, once a registry has asked for one', async () => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    const source = client(always(USER));
    await source.manifest(at(registry), 'v1', options);
    await source.manifest(at(registry), 'v1', options);
    expect(registry.requests.map(({ status }) => status)).toEqual([401, 200, 304]);
    expect(registry.requests[0]?.authorization).toBeUndefined();
  });

  test('by an anonymous token', async () => {
    const registry = await registryWith({ auth: { type: 'bearer' } });
    await client(undefined).manifest(at(registry), 'v1', options);
    expect(registry.requests.map(({ path, status }) => [path.split('?')[0], status])).toEqual([
      ['/v2/team/app/manifests/v1', 401],
      ['/token', 200],
      ['/v2/team/app/manifests/v1', 200],
    ]);
    expect(new URL(registry.requests[1]?.path ?? '', registry.url).searchParams.get('service')).toBe(
      'test, "registry"',
    );
  });

  test('by a token per repository, kept; the next repository needs no challenge', async () => {
    const registry = await registryWith({ auth: { type: 'bearer', username: 'ci', password: 's3cret:ü' } });
    const source = client(always(USER));
    for (const path of ['team/app', 'team/app', 'team/other', 'team/other'])
      await source.manifest(at(registry, path), 'v1', options);
    expect(registry.gatekeeper.issued).toBe(2);
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('by one token for many lookups at the same time', async () => {
    const registry = await registryWith({ auth: { type: 'bearer' } });
    const source = client(undefined);
    await Promise.all(Array.from({ length: 10 }, (_, i) => kindOf(source.manifest(at(registry), `n${i}`, options))));
    expect(registry.gatekeeper.issued).toBe(1);
  });

  test('by a new token before the old one expires', async () => {
    const clock = fakeClock();
    const registry = await registryWith({ auth: { type: 'bearer', expiresIn: 100, now: () => clock.now() } });
    const source = client(undefined, { clock });
    await source.manifest(at(registry), 'v1', options);
    clock.advance(89_000);
    await source.manifest(at(registry), 'v1', options);
    expect(registry.gatekeeper.issued).toBe(1);
    clock.advance(2_000);
    await source.manifest(at(registry), 'v1', options);
    expect(registry.gatekeeper.issued).toBe(2);
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test('by a new token where the registry forgot the old one', async () => {
    const clock = fakeClock();
    const registry = await registryWith({ auth: { type: 'bearer', expiresIn: 100, now: () => clock.now() } });
    const source = client(undefined, { clock: { ...clock, now: () => 0 } });
    await source.manifest(at(registry), 'v1', options);
    clock.advance(200_000);
    await source.manifest(at(registry), 'v1', options);
    expect(registry.gatekeeper.issued).toBe(2);
  });

  test('by an identity token, which is sent in a body and never in a header', async () => {
    const registry = await registryWith({
      auth: { type: 'bearer', username: 'x', password: 'y', identityToken: 'refresh-me' },
    });
    await client(always({ type: 'identity-token', token: 'refresh-me' })).manifest(at(registry), 'v1', options);
    expect(registry.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
    expect(registry.requests[1]?.path).toBe('/token');
  });
});

describe('of several credentials', () => {
  const user = (username: string, password = 'p'): Credential => ({ type: 'basic', username, password });
  const RIGHT = user('ci', 's3cret:ü');
  const AUTHS = [
    { type: 'basic', username: 'ci', password: 's3cret:ü' },
    { type: 'bearer', username: 'ci', password: 's3cret:ü' },
  ] as const;

  test.each(AUTHS)('the one that opens is found and kept ($type)', async (auth) => {
    const registry = await registryWith({ auth });
    const source = client(always(user('a'), user('b'), RIGHT, user('c')));
    await source.manifest(at(registry), 'v1', options);
    const before = registry.requests.length;
    const shown = secrets(registry).map(({ authorization }) => authorization);
    expect(shown).not.toContain(basicOf('c', 'p'));
    await kindOf(source.manifest(at(registry), 'v2', options));
    expect(registry.requests.slice(before).map(({ status }) => status)).toEqual([404]);
  });

  test.each(AUTHS)('none opens: the refusal is told ($type)', async (auth) => {
    const registry = await registryWith({ auth });
    const failure = await failureOf(client(always(user('a'), user('b'))).manifest(at(registry), 'v1', options));
    expect(failure.detail.kind).toBe('unauthorized');
  });

  test('one that sees nothing does not speak for one that sees', async () => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    const blind = basicOf('blind', 'p');
    registry.fault({ match: '/v2/', authorization: blind, status: 404 });
    const source = client(always(user('blind'), RIGHT));
    await source.manifest(at(registry), 'v1', options);
    const before = registry.requests.length;
    expect(await kindOf(source.manifest(at(registry), 'gone', options))).toBe('not-found');
    expect(registry.requests.slice(before).map(({ status }) => status)).toEqual([404]);
  });

  test('"not found" for one and a refusal for the other is a refusal', async () => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    registry.fault({ match: '/v2/', authorization: basicOf('blind', 'p'), status: 404 });
    const lookUp = client(always(user('blind'), user('other'))).manifest(at(registry), 'v1', options);
    expect(await kindOf(lookUp)).toBe('unauthorized');
  });

  test('one that is forbidden leaves the others their chance', async () => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    registry.fault({ match: '/v2/', authorization: basicOf('a', 'p'), status: 403 });
    await client(always(user('a'), RIGHT)).manifest(at(registry), 'v1', options);
    expect(registry.requests.map(({ status }) => status)).toEqual([401, 403, 200]);
  });

  test('a password that changes is replaced by the next', async () => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    let known: readonly Credential[] = [RIGHT];
    const source = client(() => Promise.resolve(known));
    await source.manifest(at(registry), 'v1', options);
    known = [user('old'), RIGHT];
    await source.manifest(at(registry), 'v1', options);
    registry.fault({ match: '/v2/', authorization: basicOf('ci', 's3cret:ü'), status: 401 });
    expect(await kindOf(source.manifest(at(registry), 'v1', options))).toBe('unauthorized');
  });
});

describe('being kept out', () => {
  test.each([
    ['a wrong password', { type: 'basic', username: 'ci', password: 'other' } as const],
    ['no credential', undefined],
  ])('%s is unauthorized, after two requests', async (_, credential) => {
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    const failure = await failureOf(
      client(() => Promise.resolve(credential === undefined ? [] : [credential])).manifest(at(registry), 'v1', options),
    );
    expect(failure.detail.kind).toBe('unauthorized');
    expect(failure.message).not.toContain('other');
    expect(registry.requests.length).toBeLessThanOrEqual(2);
  });

  test('a token service that refuses is unauthorized', async () => {
    const registry = await registryWith({ auth: { type: 'bearer', username: 'ci', password: 'p' } });
    expect(await kindOf(client(always(USER)).manifest(at(registry), 'v1', options))).toBe('unauthorized');
  });

  test('a token service that is down is unavailable, one that is busy is rate-limited', async () => {
    const registry = await registryWith({ auth: { type: 'bearer' } });
    const undo = registry.fault({ match: '/token', status: 500 });
    expect(await kindOf(client(undefined).manifest(at(registry), 'v1', options))).toBe('unavailable');
    undo();
    registry.fault({ match: '/token', status: 429 });
    expect(
      await kindOf(client(undefined, { limits: { rateLimitedTries: 1 } }).manifest(at(registry), 'v1', options)),
    ).toBe('rate-limited');
  });

  test.each(['{}', '[]', '{"token":5}', '{"token":"a\\nb"}', 'no json'])(
    'a token service that answers %s is invalid',
    async (body) => {
      const registry = await registryWith({ auth: { type: 'bearer' } });
      registry.fault({ match: '/token', status: 200, body });
      expect(await kindOf(client(undefined).manifest(at(registry), 'v1', options))).toBe('invalid');
    },
  );
});

describe('thieves', () => {
  let pki: Pki;
  let tls: { key: string; cert: string };
  let ca: string;
  beforeAll(() => {
    pki = openPki();
    const root = pki.issue({ subject: '/CN=root', extensions: CA, key: EC256 });
    const server = pki.issue({
      subject: '/CN=server',
      issuer: root,
      key: EC256,
      extensions: ['subjectAltName=IP:127.0.0.1'],
    });
    tls = { key: server.key.export({ type: 'pkcs8', format: 'pem' }), cert: server.pem };
    ca = root.pem;
  });
  afterAll(() => pki.dispose());

  test('a realm on another host in plain HTTP gets nothing from a registry on https', async () => {
    const thief = await registryWith({ auth: { type: 'bearer' } });
    const registry = await registryWith({ tls, auth: { type: 'bearer', realm: `${thief.url}/token` } });
    const failure = await failureOf(client(always(USER), { ca: { all: ca } }).manifest(at(registry), 'v1', options));
    expect(failure.detail.kind).toBe('unauthorized');
    expect(thief.requests).toEqual([]);
  });

  test('a realm on another host over https gets the credential: so docker.io works', async () => {
    const realm = await registryWith({ tls, auth: { type: 'bearer', username: 'ci', password: 's3cret:ü' } });
    const registry = await registryWith({ tls, auth: { type: 'bearer', realm: `${realm.url}/token` } });
    await kindOf(
      client(always(USER), { ca: { hosts: { [registry.host]: ca, [realm.host]: ca } } }).manifest(
        at(registry),
        'v1',
        options,
      ),
    );
    expect(secrets(realm).map(({ path, authorization }) => [path.split('?')[0], authorization])).toEqual([
      ['/token', basicOf('ci', 's3cret:ü')],
    ]);
  });

  test('a redirect to another origin takes neither password nor token along', async () => {
    const thief = await registryWith({});
    const registry = await registryWith({ auth: { type: 'bearer' } });
    const layer = addBlob(registry.repository('team/app'), 'payload');
    addBlob(thief.repository('cdn'), 'payload');
    registry.fault({
      match: /GET .*blobs.*/,
      status: 307,
      headers: { location: `${thief.url}/v2/cdn/blobs/${layer.digest}` },
    });
    const source = client(undefined);
    await source.manifest(at(registry), 'v1', options);
    const blob = {
      mediaType: 'text/plain',
      digest: layer.digest as `sha256:${string}`,
      size: layer.size,
      annotations: {},
    };
    expect(Buffer.from(await source.blob(at(registry), blob, options)).toString()).toBe('payload');
    expect(thief.requests).toHaveLength(1);
    expect(secrets(thief)).toEqual([]);
  });

  test('a redirect to a place that asks for a password is refused, and it learns nothing', async () => {
    const thief = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    const registry = await registryWith({ auth: { type: 'basic', username: 'ci', password: 's3cret:ü' } });
    registry.fault({
      match: '/manifests/v1',
      status: 302,
      headers: { location: `${thief.url}/v2/team/app/manifests/v1` },
    });
    expect(await kindOf(client(always(USER)).manifest(at(registry), 'v1', options))).toBe('unauthorized');
    expect(secrets(thief)).toEqual([]);
  });

  test('a token service cannot pass the password on by a redirect', async () => {
    const thief = await registryWith({ auth: { type: 'bearer' } });
    const registry = await registryWith({ auth: { type: 'bearer', username: 'ci', password: 's3cret:ü' } });
    registry.fault({ match: '/token', status: 307, headers: { location: `${thief.url}/token` } });
    await kindOf(client(always(USER)).manifest(at(registry), 'v1', options));
    expect(secrets(thief)).toEqual([]);
  });

  test('a next page of referrers on another host is refused', async () => {
    const thief = await registryWith({});
    const registry = await registryWith({ auth: { type: 'bearer' } });
    registry.fault({ match: '/referrers/', headers: { link: `<${thief.url}/v2/x/referrers/y>; rel="next"` } });
    const lookup = client(undefined).referrers(at(registry), `sha256:${'1'.repeat(64)}`, options);
    expect(await kindOf(lookup)).toBe('invalid');
    expect(thief.requests).toEqual([]);
  });

  test('https never becomes http, not even on the same host', async () => {
    const plain = await registryWith({});
    const registry = await registryWith({ tls });
    registry.fault({
      match: '/manifests/v1',
      status: 302,
      headers: { location: `${plain.url}/v2/team/app/manifests/v1` },
    });
    const failure = await failureOf(client(undefined, { ca: { all: ca } }).manifest(at(registry), 'v1', options));
    expect(failure.detail).toMatchObject({ kind: 'invalid', found: 'one to plain http' });
    expect(plain.requests).toEqual([]);
  });

  test('a certificate of an authority that we do not know is refused, loopback or not, and nothing is sent in plain', async () => {
    const registry = await registryWith({ tls });
    const failure = await failureOf(client(always(USER)).manifest(at(registry), 'v1', options));
    expect(failure.detail.kind).toBe('unavailable');
    expect(failure.message).toContain('certificate');
    expect(registry.requests).toEqual([]);
  });
});
