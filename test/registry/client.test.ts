/** The registry client against a registry that lies, forgets and repeats itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { createRegistrySource, type RegistrySource } from '../../src/registry/client.ts';
import type { RequestEvent } from '../../src/registry/options.ts';
import type { Repository } from '../../src/registry/source.ts';
import { failureOf, kindOf } from '../support/failures.ts';
import { addBlob, addImage, addManifest, addReferrer, startRegistry, type TestRegistry } from '../support/registry.ts';

const signal = AbortSignal.timeout(20_000);
const options = { signal };
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

let registry: TestRegistry;
let source: RegistrySource;
let events: RequestEvent[];
let repository: Repository;

beforeEach(async () => {
  registry = await startRegistry();
  events = [];
  source = createRegistrySource({
    plainHttp: [registry.host],
    limits: { tries: 1 },
    onRequest: (event) => events.push(event),
  });
  repository = { registry: registry.host, path: 'team/app' };
});
afterEach(async () => {
  await source.close();
  await registry.close();
});

const stored = () => registry.repository('team/app');
const digestIn = (descriptor: { digest: string }): Digest => descriptor.digest as Digest;

describe('what a manifest must be', () => {
  test('bytes that are not the digest asked for are invalid', async () => {
    const image = addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/', action: 'corrupt' });
    const failure = await failureOf(source.manifest(repository, image.digest, options));
    expect(failure.detail).toMatchObject({ kind: 'invalid', expected: `content with digest ${image.digest}` });
  });

  test('a tag whose Docker-Content-Digest is not that of the bytes is invalid', async () => {
    addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/v1', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } });
    expect(await kindOf(source.manifest(repository, 'v1', options))).toBe('invalid');
  });

  test('a manifest by digest is judged by its bytes, whatever the header says', async () => {
    const image = addImage(stored(), 'a');
    registry.fault({ match: '/manifests/', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } });
    expect((await source.manifest(repository, image.digest, options)).digest).toBe(image.digest);
  });

  test('an image that the registry calls an index is invalid, and so is one that is both', async () => {
    addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/v1', headers: { 'content-type': INDEX } });
    expect(await kindOf(source.manifest(repository, 'v1', options))).toBe('invalid');
    const config = addBlob(stored(), '{}');
    addManifest(stored(), { schemaVersion: 2, mediaType: OCI, config, layers: [], manifests: [config] }, ['both']);
    expect((await failureOf(source.manifest(repository, 'both', options))).message).toContain('both');
  });

  test('duplicate keys are invalid', async () => {
    addManifest(stored(), `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[],"manifests":[]}`, ['twice']);
    expect(await kindOf(source.manifest(repository, 'twice', options))).toBe('invalid');
  });

  test('a manifest that never ends is given up at 4 MiB', async () => {
    addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/v1', action: 'oversize' });
    expect((await failureOf(source.manifest(repository, 'v1', options))).message).toContain('4194304');
  });

  test('a blob that grows beyond its descriptor is given up there', async () => {
    const layer = addBlob(stored(), 'payload');
    registry.fault({ match: '/blobs/', action: 'oversize' });
    const blob = { mediaType: 'text/plain', digest: digestIn(layer), size: layer.size, annotations: {} };
    expect((await failureOf(source.blob(repository, blob, options))).message).toContain('at most 7 bytes');
  });

  test('a digest by sha512 is checked as such', async () => {
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    const { hash } = await import('node:crypto');
    const digest = `sha512:${hash('sha512', manifest, 'hex')}`;
    stored().manifests.set(digest, { bytes: Buffer.from(manifest), mediaType: INDEX });
    expect((await source.manifest(repository, digest, options)).digest).toBe(digest);
    stored().manifests.set(digest, { bytes: Buffer.from(`${manifest} `), mediaType: INDEX });
    expect(await kindOf(source.withPass().manifest({ ...repository, path: 'other' }, digest, options))).toBe(
      'not-found',
    );
  });
});

describe('what is asked for again', () => {
  test('content by digest is fetched once', async () => {
    const image = addImage(stored(), 'a');
    await source.manifest(repository, image.digest, options);
    await source.manifest(repository, image.digest, options);
    expect(registry.requests).toHaveLength(1);
  });

  test('a tag that has not changed costs one conditional request, and 304 has no body', async () => {
    const image = addImage(stored(), 'a', ['v1']);
    await source.manifest(repository, 'v1', options);
    expect((await source.manifest(repository, 'v1', options)).digest).toBe(image.digest);
    expect(registry.requests.map(({ status }) => status)).toEqual([200, 304]);
  });

  test('a tag that has moved is seen at once', async () => {
    addImage(stored(), 'a', ['v1']);
    await source.manifest(repository, 'v1', options);
    const moved = addImage(stored(), 'b', ['v1']);
    expect((await source.manifest(repository, 'v1', options)).digest).toBe(moved.digest);
  });

  test('lookups at the same time share one request, and one waiter that leaves takes nothing from the other', async () => {
    addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/v1', delayMs: 40 });
    const leaver = new AbortController();
    const left = source.manifest(repository, 'v1', { signal: leaver.signal });
    const stayed = source.manifest(repository, 'v1', options);
    leaver.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await stayed;
    expect(registry.requests).toHaveLength(1);
  });

  test('when all waiters have left, the request ends', async () => {
    addImage(stored(), 'a', ['v1']);
    registry.fault({ match: '/manifests/v1', action: 'hang' });
    const late = AbortSignal.timeout(30);
    expect(await kindOf(source.manifest(repository, 'v1', { signal: late }))).toBe('timeout');
    expect(source.limiters().get(registry.host)?.inFlight).toBe(0);
  });

  test('within a pass a tag, a list and what is not there are asked for once', async () => {
    const image = addImage(stored(), 'a', ['v1']);
    const pass = source.withPass();
    for (let i = 0; i < 3; i++) {
      await pass.manifest(repository, 'v1', options);
      await pass.referrers(repository, digestIn(image), options);
      expect(await kindOf(pass.manifest(repository, 'gone', options))).toBe('not-found');
    }
    expect(registry.requests.map(({ path }) => path.replace(/sha256.*/, 'X'))).toEqual([
      '/v2/team/app/manifests/v1',
      '/v2/team/app/referrers/X',
      '/v2/team/app/manifests/X',
      '/v2/team/app/manifests/gone',
    ]);
  });

  test('a second pass over what has not changed costs one conditional request per place where a signature may lie', async () => {
    const image = addImage(stored(), 'a', ['v1']);
    const bundle = addReferrer(stored(), image, 'signature');
    const lookAt = async (): Promise<void> => {
      const pass = source.withPass();
      await pass.manifest(repository, image.digest, options);
      await kindOf(pass.manifest(repository, `sha256-${image.digest.slice(7)}.sig`, options));
      const { descriptors } = await pass.referrers(repository, digestIn(image), options);
      for (const { digest } of descriptors) await pass.manifest(repository, digest, options);
      expect(descriptors.map(({ digest }) => digest)).toEqual([bundle.digest]);
    };
    await lookAt();
    registry.requests.length = 0;
    await lookAt();
    expect(registry.requests.map(({ status }) => status)).toEqual([404, 304]);
  });

  test('what was not found is looked for again in the next pass', async () => {
    const pass = source.withPass();
    expect(await kindOf(pass.manifest(repository, 'v1', options))).toBe('not-found');
    const image = addImage(stored(), 'a', ['v1']);
    expect(await kindOf(pass.manifest(repository, 'v1', options))).toBe('not-found');
    expect((await source.withPass().manifest(repository, 'v1', options)).digest).toBe(image.digest);
  });

  test('an outage is not remembered by a pass', async () => {
    addImage(stored(), 'a', ['v1']);
    const pass = source.withPass();
    registry.fault({ match: '/manifests/v1', times: 1, status: 500 });
    expect(await kindOf(pass.manifest(repository, 'v1', options))).toBe('unavailable');
    await pass.manifest(repository, 'v1', options);
  });
});

describe('redirects', () => {
  test('a blob that lies elsewhere is followed there', async () => {
    const store = await startRegistry();
    const layer = addBlob(store.repository('cdn'), 'payload');
    const blob = { mediaType: 'text/plain', digest: digestIn(layer), size: layer.size, annotations: {} };
    registry.fault({
      match: '/blobs/',
      status: 307,
      headers: { location: `${store.url}/v2/cdn/blobs/${layer.digest}` },
    });
    expect(Buffer.from(await source.blob(repository, blob, options)).toString()).toBe('payload');
    expect(events.map(({ host, outcome }) => [host, outcome])).toEqual([
      [registry.host, 307],
      [store.host, 200],
    ]);
    await store.close();
  });

  test.each([
    ['a loop ends after 5 hops', '/v2/team/app/manifests/v1', 'at most 5 redirects'],
    ['another scheme is refused', 'file:///etc/passwd', 'file:'],
    ['an address that is none is refused', 'http://[', 'a redirect without'],
  ])('%s', async (_, location, text) => {
    registry.fault({ match: '/manifests/v1', status: 302, headers: { location } });
    const failure = await failureOf(source.manifest(repository, 'v1', options));
    expect(failure.detail.kind).toBe('invalid');
    expect(failure.message).toContain(text);
    expect(registry.requests.length).toBeLessThanOrEqual(6);
  });

  test('a redirect without an address is refused', async () => {
    registry.fault({ match: '/manifests/v1', status: 302 });
    expect(await kindOf(source.manifest(repository, 'v1', options))).toBe('invalid');
  });
});

describe('names that would change where a request goes', () => {
  test.each([
    [{ registry: 'user@evil.example', path: 'app' }, 'a registry'],
    [{ registry: 'host/..', path: 'app' }, 'a registry'],
    [{ registry: 'host', path: '../app' }, 'a repository path'],
    [{ registry: 'host', path: 'App' }, 'a repository path'],
    [{ registry: 'host', path: 'a//b' }, 'a repository path'],
    [{ registry: 'host', path: 'a?b' }, 'a repository path'],
  ])('%j', async (bad, expected) => {
    const failure = await failureOf(source.manifest(bad, 'v1', options));
    expect(failure.detail).toMatchObject({ kind: 'invalid', expected: expect.stringContaining(expected) as string });
    expect(events).toEqual([]);
  });
});
