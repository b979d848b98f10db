/** The referrers API, its pages, its absence, and the fallback tag. */
import { afterEach, expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { createRegistrySource, type RegistrySource } from '../../src/registry/client.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import { fakeClock } from '../support/clock.ts';
import { kindOf } from '../support/failures.ts';
import {
  addImage,
  addManifest,
  addReferrer,
  startRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from '../support/registry.ts';

const options = { signal: AbortSignal.timeout(20_000) };
const INDEX = 'application/vnd.oci.image.index.v1+json';
const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((it) => it.close())));

async function setUp(registryOptions: TestRegistryOptions = {}, more: RegistryOptions = {}) {
  const registry = await startRegistry(registryOptions);
  const source = createRegistrySource({ plainHttp: [registry.host], limits: { tries: 1 }, ...more });
  open.push(source, registry);
  const content = registry.repository('team/app');
  const image = addImage(content, 'a', ['v1']);
  return { registry, source, content, image, look: () => look(source, registry, image.digest as Digest) };
}

async function look(source: RegistrySource, registry: TestRegistry, subject: Digest, path = 'team/app') {
  const { descriptors, ...rest } = await source.referrers({ registry: registry.host, path }, subject, options);
  return { digests: descriptors.map(({ digest }) => digest), ...rest };
}

const paths = (registry: TestRegistry) => registry.requests.map(({ path }) => path.replace(/sha256[:-][0-9a-f]+/, 'X'));

test('pages are followed to the end', async () => {
  const { content, image, look: ask, registry } = await setUp({ pageSize: 3 });
  const all = Array.from({ length: 8 }, (_, i) => addReferrer(content, image, `${i}`).digest).sort();
  expect(await ask()).toEqual({ digests: all, truncated: false, via: 'referrers-api' });
  expect(registry.requests).toHaveLength(3);
});

test('at 128 the list is cut, said so, and no further page is asked for', async () => {
  const { content, image, look: ask, registry } = await setUp({ pageSize: 50 });
  for (let i = 0; i < 200; i++) addReferrer(content, image, `${i}`);
  const { digests, truncated } = await ask();
  expect([digests.length, truncated, registry.requests.length]).toEqual([128, true, 3]);
});

test('pages without end are given up, and said so', async () => {
  const { look: ask, registry, image } = await setUp();
  registry.fault({
    match: '/referrers/',
    headers: { link: `</v2/team/app/referrers/${image.digest}?n=0>; rel="next"` },
  });
  expect(await ask()).toMatchObject({ digests: [], truncated: true });
  expect(registry.requests).toHaveLength(16);
});

test('a list that has not changed costs one conditional request', async () => {
  const { content, image, look: ask, registry } = await setUp();
  const signature = addReferrer(content, image, 's').digest;
  await ask();
  expect((await ask()).digests).toEqual([signature]);
  expect(registry.requests.map(({ status }) => status)).toEqual([200, 304]);
  const later = addReferrer(content, image, 't').digest;
  expect((await ask()).digests).toEqual([signature, later].sort());
});

test('without the API the fallback tag is read, and the API not asked for again until that may have changed', async () => {
  const clock = fakeClock();
  const { content, image, look: ask, registry } = await setUp({ referrersApi: false }, { clock });
  const signature = addReferrer(content, image, 's');
  addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [signature] }, [
    `sha256-${image.digest.slice(7)}`,
  ]);
  const expected = { digests: [signature.digest], truncated: false, via: 'referrers-tag' };
  expect(await ask()).toEqual(expected);
  expect(await ask()).toEqual(expected);
  expect(paths(registry)).toEqual(['/v2/team/app/referrers/X', '/v2/team/app/manifests/X', '/v2/team/app/manifests/X']);
  clock.advance(600_001);
  await ask();
  expect(paths(registry).filter((path) => path.includes('referrers'))).toHaveLength(2);
});

test.each([400, 404, 405, 406, 501])('status %d means that there is no API', async (status) => {
  const { look: ask, registry } = await setUp();
  registry.fault({ match: '/referrers/', status });
  expect(await ask()).toEqual({ digests: [], truncated: false, via: 'referrers-tag' });
});

test('a page for people in place of a list means that there is no API', async () => {
  const { look: ask, registry } = await setUp();
  registry.fault({ match: '/referrers/', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });
  expect((await ask()).via).toBe('referrers-tag');
});

test.each([
  [500, 'unavailable'],
  [403, 'unauthorized'],
] as const)('status %d is %s, and never an empty list', async (status, kind) => {
  const { look: ask, registry } = await setUp();
  registry.fault({ match: '/referrers/', status });
  expect(await kindOf(ask())).toBe(kind);
});

test('an unknown repository says nothing about the API of its neighbours', async () => {
  const { content, image, look: ask, registry, source } = await setUp();
  const signature = addReferrer(content, image, 's');
  expect((await look(source, registry, image.digest as Digest, 'team/nothing')).digests).toEqual([]);
  expect(await ask()).toMatchObject({ digests: [signature.digest], via: 'referrers-api' });
});

test('what was signed before the registry learned the API is found under the fallback tag', async () => {
  const { content, image, look: ask } = await setUp();
  const old = addImage(content, 'old signature without subject');
  addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [old] }, [`sha256-${image.digest.slice(7)}`]);
  expect(await ask()).toMatchObject({ digests: [old.digest], via: 'referrers-tag' });
});

test('a fallback tag that leads to an image lists nothing; one that is garbage is invalid', async () => {
  const { content, image, look: ask } = await setUp({ referrersApi: false, etags: false });
  const tag = `sha256-${image.digest.slice(7)}`;
  addImage(content, 'b', [tag]);
  expect((await ask()).digests).toEqual([]);
  addManifest(content, 'garbage', [tag]);
  expect(await kindOf(ask())).toBe('invalid');
});
