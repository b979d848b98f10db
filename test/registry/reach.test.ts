/** Where registries may send us: by literal address, by name, and by a name that changes its mind. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { type AddressKind, kindOfAddress } from '../../src/registry/address.ts';
import { createRegistrySource } from '../../src/registry/client.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import { createReach } from '../../src/registry/reach.ts';
import { failureOf } from '../support/failures.ts';
import { addImage, startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';

describe('what an address is', () => {
  test.each<[AddressKind, readonly string[]]>([
    ['public', ['1.1.1.1', '172.15.255.255', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12::1', 'fc00::1']],
    ['private', ['::ffff:10.0.0.1', '::ffff:a00:1', '64:ff9b::10.0.0.1', '2002:a00:1::', '2002:0a00:0001:5::7']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1']],
    ['link-local', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', '::ffff:169.254.1.1']],
    ['metadata', ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '::ffff:a9fe:a9fe']],
    ['metadata', ['fd00:ec2::254', 'fd00:0ec2:0:0:0:0:0:0254', '2002:a9fe:a9fe::1', '64:ff9b::169.254.169.254']],
    ['reserved', ['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '192.0.2.1']],
    ['reserved', ['', 'registry.example.com', '10.0.0', '1.2.3.4.5', '::zz']],
  ])('%s: %j', (kind, addresses) => {
    expect(addresses.map((address) => [address, kindOfAddress(address)])).toEqual(
      addresses.map((address) => [address, kind]),
    );
  });

  test('an IPv4 address is the same in every dress', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(kindOfAddress(`::ffff:${address}`)).toBe(kindOfAddress(address));
        expect(kindOfAddress(`64:ff9b::${address}`)).toBe(kindOfAddress(address));
      }),
    );
  });
});

/** Answers in turn; the last one for ever. */
function names(table: Readonly<Record<string, readonly (readonly string[])[]>>): LookupFunction {
  const asked = new Map<string, number>();
  return (hostname, _, callback) => {
    const turn = asked.get(hostname) ?? 0;
    asked.set(hostname, turn + 1);
    const answers = table[hostname];
    if (answers === undefined) return callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    const found = answers[Math.min(turn, answers.length - 1)] ?? [];
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('a name is checked when it is connected to', () => {
  const ask = (registryAt: string | undefined, answers: readonly string[], all = true) => {
    const reach = createReach(names({ 'target.example': [answers] }));
    if (registryAt !== undefined) reach.connected('registry.example:5000', registryAt);
    const errand = { hostname: 'target.example', kinds: reach.kindsFor('REGISTRY.example'), where: 'w' };
    return new Promise<string | readonly LookupAddress[] | Error>((resolve) => {
      reach.lookup(errand)('target.example', { all }, (error, found) => resolve(error ?? found));
    });
  };
  const PUBLIC = '8.8.8.8';
  test.each([
    ['a public registry, a public place', PUBLIC, ['1.1.1.1', '2606:4700::1'], ['1.1.1.1', '2606:4700::1']],
    ['a public registry, a private place', PUBLIC, ['10.0.0.1'], undefined],
    ['a public registry, loopback', PUBLIC, ['127.0.0.1', '::1'], undefined],
    ['a public registry, a metadata service', PUBLIC, ['169.254.169.254'], undefined],
    ['a public registry, a private address in IPv6 dress', PUBLIC, ['::ffff:192.168.0.1'], undefined],
    ['a public registry, a mixture', PUBLIC, ['10.0.0.1', '1.1.1.1', 'fe80::1'], ['1.1.1.1']],
    ['a private registry, another private place', '10.1.1.1', ['192.168.0.1'], ['192.168.0.1']],
    ['a private registry, a metadata service', '10.1.1.1', ['169.254.169.254'], undefined],
    ['a private registry, loopback', '10.1.1.1', ['127.0.0.1'], undefined],
    ['a private registry, a public place', '10.1.1.1', ['1.1.1.1'], ['1.1.1.1']],
    ['a link-local registry, a metadata service', '169.254.7.7', ['169.254.169.254'], undefined],
    ['a loopback registry, loopback', '127.0.0.1', ['127.0.0.2'], ['127.0.0.2']],
    ['a loopback registry, a private place', '127.0.0.1', ['10.0.0.1'], undefined],
    ['a registry behind a proxy, a private place', undefined, ['10.0.0.1'], undefined],
  ])('%s', async (_, registryAt, answers, expected) => {
    const found = await ask(registryAt, answers);
    const one = await ask(registryAt, answers, false);
    const got = Array.isArray(found) ? found.map(({ address }: LookupAddress) => address) : found;
    const refused = expect.objectContaining({ name: 'Failure', detail: expect.objectContaining({ kind: 'invalid' }) });
    expect([got, one]).toEqual(expected === undefined ? [refused, refused] : [expected, expected[0]]);
  });

  test('a name that nobody knows stays what it is', async () => {
    const lookup = createReach(names({})).lookup({ hostname: 'x', kinds: ['public'], where: 'w' });
    const error = await new Promise((resolve) => lookup('x', { all: true }, (failed) => resolve(failed)));
    expect(error).not.toBeInstanceOf(Failure);
    expect(error).toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a registry that sends us where it may not', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((it) => it.close())));
  const options = { signal: AbortSignal.timeout(20_000) };

  async function scene(more: TestRegistryOptions, clientOptions: RegistryOptions = {}) {
    const registry = await startRegistry(more);
    addImage(registry.repository('team/app'), 'a', ['v1']);
    const credentials = () => Promise.resolve([{ type: 'basic', username: 'ci', password: 's3cret' } as const]);
    const source = createRegistrySource({ credentials, limits: { tries: 1 }, ...clientOptions });
    open.push(registry, source);
    return { registry, ask: () => source.manifest({ registry: registry.host, path: 'team/app' }, 'v1', options) };
  }
  const redirect = (registry: TestRegistry, location: string) =>
    registry.fault({ match: '/manifests/v1', status: 307, headers: { location } });

  test.each([
    ['the metadata service', 'http://169.254.169.254/latest/meta-data/iam/', 'a metadata service'],
    ['it in hexadecimal', 'http://0xa9fea9fe/latest/', 'a metadata service'],
    ['it as one number', 'http://2852039166/latest/', 'a metadata service'],
    ['it in IPv6 dress', 'http://[::ffff:169.254.169.254]/', 'a metadata service'],
    ['it over IPv6', 'http://[fd00:ec2::254]/', 'a metadata service'],
    ['a private address', 'https://10.0.0.1/v2/', 'a private address'],
    ['an address of the cable', 'http://169.254.1.1/', 'a link-local address'],
    ['all addresses of the machine', 'http://0.0.0.0:10250/', 'a reserved address'],
    ['a name of the metadata service', 'http://metadata.example/', 'a metadata service'],
    ['a name that is private by now', 'http://rebinding.example/', 'a private address'],
  ])('by redirect to %s', async (_, location, place) => {
    const lookup = names({
      'metadata.example': [['169.254.169.254']],
      'rebinding.example': [['10.9.9.9'], ['127.0.0.1']],
    });
    const { registry, ask } = await scene({}, { lookup });
    redirect(registry, location);
    const { message, detail } = await failureOf(ask());
    expect(detail.kind).toBe('invalid');
    expect(message).toMatch(new RegExp(`expected a loopback address or a public address.* is at .*${place.slice(2)}`));
  });

  test.each([
    ['the metadata service', 'https://169.254.169.254/token'],
    ['a private address', 'https://192.168.0.1/token'],
    ['a name for one', 'https://token.example/token'],
  ])('by a token service at %s, and no credential leaves', async (_, realm) => {
    const { registry, ask } = await scene(
      { auth: { type: 'bearer', realm } },
      { lookup: names({ 'token.example': [['172.16.0.9']] }) },
    );
    const { message, detail } = await failureOf(ask());
    expect(detail.kind).toBe('invalid');
    expect(message).toContain('say --allow-private');
    expect(message).not.toContain('s3cret');
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('by a chain that begins well', async () => {
    const { registry, ask } = await scene({});
    redirect(registry, `${registry.url}/v2/team/app/manifests/v2`);
    registry.fault({ match: '/manifests/v2', status: 302, headers: { location: 'http://10.0.0.1/' } });
    expect((await failureOf(ask())).message).toContain('a private address');
  });

  test('a place that the operator of this program allows is asked, by name and by address', async () => {
    const elsewhere = await startRegistry({});
    open.push(elsewhere);
    const port = new URL(elsewhere.url).port;
    addImage(elsewhere.repository('team/app'), 'a', ['v1']);
    const { registry, ask } = await scene({}, { allowPrivate: ['localhost'] });
    redirect(registry, `http://localhost:${port}/v2/team/app/manifests/v1`);
    await ask();
    expect(elsewhere.requests.map(({ status }) => status)).toEqual([200]);
  });
});
