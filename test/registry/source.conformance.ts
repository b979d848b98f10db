/** What every ImageSource owes: one suite, run on registries, layouts and mirrors that hold the same fixtures. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { digestOf } from '../../src/registry/hash.ts';
import { referrersTag } from '../../src/registry/host.ts';
import type { Descriptor, ImageSource, Repository } from '../../src/registry/source.ts';
import { failureOf, kindOf } from '../support/failures.ts';

export interface SourceUnderTest {
  readonly source: ImageSource;
  /** Where a fixture lies, by its folder name. */
  repository(fixture: string): Repository;
  /** Whether a lookup in a repository that does not exist is "not found" (a missing layout is unavailable). */
  readonly missingRepository: 'not-found' | 'unavailable';
  close(): Promise<void>;
}

const IMAGE = 'sha256:3e5025f47a2d0c767a6d296ce8d7d18a33b82bd193417ef7a4601b020ef9bc64';
const ABSENT: Digest = `sha256:${'0'.repeat(64)}`;

export function conformanceOfSource(name: string, open: () => Promise<SourceUnderTest>): void {
  describe(`as every source: ${name}`, () => {
    let it: SourceUnderTest;
    const options = { signal: AbortSignal.timeout(15_000) };
    beforeAll(async () => {
      it = await open();
    });
    afterAll(() => it.close());

    test('a tag leads to the manifest whose bytes have its digest', async () => {
      const manifest = await it.source.manifest(it.repository('bundle3-k1'), 'v1', options);
      expect(manifest.digest).toBe(IMAGE);
      expect(digestOf(manifest.bytes)).toBe(IMAGE);
      expect(manifest.mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
      expect(manifest.layers).toHaveLength(1);
      expect(manifest.manifests).toEqual([]);
    });

    test('a digest leads to the same manifest as its tag', async () => {
      const repository = it.repository('bundle3-k1');
      const [byTag, byDigest] = await Promise.all([
        it.source.manifest(repository, 'v1', options),
        it.source.manifest(repository, IMAGE, options),
      ]);
      expect(byDigest).toEqual(byTag);
    });

    test('an index lists its children, and each child can be had', async () => {
      const repository = it.repository('index-bundle-recursive-k1');
      const index = await it.source.manifest(repository, 'v1', options);
      expect(index.mediaType).toBe('application/vnd.oci.image.index.v1+json');
      expect(index.layers).toEqual([]);
      const children = await Promise.all(
        index.manifests.map((child) => it.source.manifest(repository, child.digest, options)),
      );
      expect(children.map((child) => child.digest)).toEqual(index.manifests.map((child) => child.digest));
    });

    test('blobs of a manifest have their digest and size', async () => {
      const repository = it.repository('legacy2-k1');
      const manifest = await it.source.manifest(repository, 'v1', options);
      const config = manifest.config as Descriptor;
      const bytes = await it.source.blob(repository, config, options);
      expect(bytes).toHaveLength(config.size);
      expect(digestOf(bytes)).toBe(config.digest);
    });

    test('referrers of a signed image lead to manifests that name it as subject', async () => {
      const repository = it.repository('bundle3-k1');
      const { descriptors, truncated } = await it.source.referrers(repository, IMAGE, options);
      expect(truncated).toBe(false);
      expect(descriptors.map(({ digest }) => digest)).toEqual([
        'sha256:45fa060446f33a8f51b1a67e990e6c02e4de37a12d5550642aae38658604ba43',
      ]);
      const referrer = await it.source.manifest(repository, descriptors[0]?.digest ?? '', options);
      expect(referrer.subject?.digest).toBe(IMAGE);
      expect(referrer.artifactType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
    });

    test('an image without referrers has an empty list, and so has a digest that is not there', async () => {
      const repository = it.repository('unsigned');
      const { digest } = await it.source.manifest(repository, 'v1', options);
      expect((await it.source.referrers(repository, digest, options)).descriptors).toEqual([]);
      expect((await it.source.referrers(repository, ABSENT, options)).descriptors).toEqual([]);
    });

    test('the fallback tag can be read like any tag', async () => {
      const index = await it.source.manifest(it.repository('bundle3-k1'), referrersTag(IMAGE), options);
      expect(index.manifests).toHaveLength(1);
    });

    test('a tag, a digest and a blob that are not there are not found', async () => {
      const repository = it.repository('bundle3-k1');
      const blob = { mediaType: 'text/plain', digest: ABSENT, size: 3, annotations: {} };
      expect(await kindOf(it.source.manifest(repository, 'v2', options))).toBe('not-found');
      expect(await kindOf(it.source.manifest(repository, ABSENT, options))).toBe('not-found');
      expect(await kindOf(it.source.blob(repository, blob, options))).toBe('not-found');
    });

    test('a repository that is not there', async () => {
      expect(await kindOf(it.source.manifest(it.repository('no-such-image'), 'v1', options))).toBe(
        it.missingRepository,
      );
    });

    test('a blob whose bytes are not its digest is invalid and says so', async () => {
      const repository = it.repository('neg-blob-corrupt');
      const image = await it.source.manifest(repository, 'v1', options);
      const signature = await it.source.manifest(repository, `sha256-${image.digest.slice(7)}.sig`, options);
      const failure = await failureOf(it.source.blob(repository, signature.layers[0] as Descriptor, options));
      expect(failure.detail.kind).toBe('invalid');
      expect(failure.message).toContain('digest');
    });

    test('a blob of another size than its descriptor says is invalid', async () => {
      const repository = it.repository('bundle3-k1');
      const manifest = await it.source.manifest(repository, IMAGE, options);
      const layer = manifest.layers[0] as Descriptor;
      expect(await kindOf(it.source.blob(repository, { ...layer, size: layer.size - 1 }, options))).toBe('invalid');
      expect(await kindOf(it.source.blob(repository, { ...layer, size: layer.size + 1 }, options))).toBe('invalid');
      expect(await kindOf(it.source.blob(repository, { ...layer, size: 17 * 1024 * 1024 }, options))).toBe('invalid');
    });

    test.each(['../../etc/passwd', 'v1?x=1', 'V 1', '', `sha256:${'A'.repeat(64)}`, 'sha256:abc', 'a'.repeat(129)])(
      'a reference that is none is refused: %s',
      async (reference) => {
        expect(await kindOf(it.source.manifest(it.repository('bundle3-k1'), reference, options))).toBe('invalid');
      },
    );

    test('a time-out that has passed is a timeout, a cancel by the user passes through', async () => {
      const repository = it.repository('bundle3-k1');
      const timedOut = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
      expect(await kindOf(it.source.manifest(repository, 'v1', { signal: timedOut }))).toBe('timeout');
      expect(await kindOf(it.source.referrers(repository, IMAGE, { signal: timedOut }))).toBe('timeout');
      const cancelled = AbortSignal.abort(new Error('Ctrl-C'));
      await expect(it.source.manifest(repository, 'v1', { signal: cancelled })).rejects.toThrow('Ctrl-C');
    });
  });
}
