import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { digestOf } from '../../src/registry/hash.ts';
import { boundedReferrers, parseManifest, parseReferrerIndex } from '../../src/registry/manifest.ts';

const HEX = 'a'.repeat(64);
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const blob = { mediaType: 'application/octet-stream', digest: `sha256:${HEX}`, size: 1 };
const image = { schemaVersion: 2, mediaType: OCI, config: blob, layers: [blob] };
const index = { schemaVersion: 2, mediaType: INDEX, manifests: [blob] };

function parse(value: object | string, contentType?: string) {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return parseManifest({ bytes, digest: digestOf(bytes), contentType, where: 'r/app:v1' });
}

/** The message of the Failure; anything else that is thrown fails the test. */
function messageOf(read: () => unknown): string {
  try {
    read();
    return 'no failure';
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

describe('what is read', () => {
  test('an image manifest with everything', () => {
    const annotations = { a: 'b', ['__proto__']: 'x' };
    const manifest = parse({ ...image, artifactType: 'application/x', subject: blob, annotations });
    expect(manifest).toMatchObject({
      mediaType: OCI,
      artifactType: 'application/x',
      subject: { digest: blob.digest },
      manifests: [],
    });
    expect(manifest.layers).toEqual([{ ...blob, annotations: {} }]);
    expect(manifest.annotations['a']).toBe('b');
    expect(Object.getPrototypeOf(manifest.annotations)).toBe(Object.prototype);
  });

  test.each([
    ['the media type of the body, where the transport says nothing of worth', image, 'text/plain', OCI],
    ['the media type of the transport, where the body has none', { ...image, mediaType: undefined }, DOCKER, DOCKER],
    ['the shape, where neither has one', { ...image, mediaType: undefined }, undefined, OCI],
    ['the shape of an index', { ...index, mediaType: undefined }, 'application/json', INDEX],
  ])('%s', (_, value, contentType, expected) => {
    expect(parse(value, contentType).mediaType).toBe(expected);
  });

  test('null stands for an empty list', () => {
    expect(parse({ ...index, manifests: null }).manifests).toEqual([]);
    expect(parse({ ...image, annotations: null }).annotations).toEqual({});
  });
});

describe('what is refused', () => {
  test.each([
    ['a document that is both (CVE-2021-41190)', { ...image, manifests: [] }, undefined, 'both'],
    ['an index with a config', { ...index, config: blob }, undefined, 'both'],
    ['an index that the registry calls an image', index, OCI, 'as the registry calls it'],
    [
      'a docker manifest that the registry calls an OCI one',
      { ...image, mediaType: DOCKER },
      OCI,
      'as the registry calls it',
    ],
    ['an index type without manifests', { schemaVersion: 2, mediaType: INDEX }, undefined, 'manifests, as'],
    ['an image type without layers', { ...image, layers: undefined }, undefined, 'config and layers'],
    ['schema 1', { schemaVersion: 1 }, undefined, 'schemaVersion: expected 2, found 1'],
    ['schema 1 layers', { ...image, fsLayers: [] }, undefined, 'fsLayers'],
    ['neither', { schemaVersion: 2 }, undefined, 'neither'],
    ['a list', '[]', undefined, 'an object'],
    ['duplicate keys', '{"schemaVersion":2,"schemaVersion":2}', undefined, 'r/app:v1'],
    ['bytes after the document', `${JSON.stringify(image)}x`, undefined, 'r/app:v1'],
    ['layers that are no list', { ...image, layers: {} }, undefined, 'layers: expected a list'],
    [
      'a digest in upper case',
      { ...image, layers: [{ ...blob, digest: `sha256:${HEX.toUpperCase()}` }] },
      undefined,
      'layers[0].digest',
    ],
    ['a digest of another algorithm', { ...image, config: { ...blob, digest: 'md5:abc' } }, undefined, 'config.digest'],
    ['a negative size', { ...image, layers: [blob, { ...blob, size: -1 }] }, undefined, 'layers[1].size'],
    ['a size that is none', { ...image, layers: [{ ...blob, size: 1.5 }] }, undefined, 'layers[0].size'],
    ['no media type of a layer', { ...image, layers: [{ ...blob, mediaType: 'x' }] }, undefined, 'layers[0].mediaType'],
    ['annotations that are no text', { ...image, annotations: { a: 1 } }, undefined, 'annotations["a"]'],
    ['a subject that is none', { ...image, subject: 'x' }, undefined, 'subject: expected an object'],
    ['an artifact type that is none', { ...image, artifactType: {} }, undefined, 'artifactType'],
  ])('%s', (_, value, contentType, text) => {
    expect(messageOf(() => parse(value, contentType))).toContain(text);
  });

  test('whatever the bytes, it is a manifest or a Failure', () => {
    const bytes = Buffer.from(JSON.stringify({ ...image, subject: blob, annotations: { a: 'b' } }));
    const mutated = fc
      .array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((edits) => {
        const copy = Buffer.from(bytes);
        for (const [position, value] of edits) copy[position] = value;
        return copy;
      });
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (hostile) => {
          messageOf(() => parseManifest({ bytes: hostile, digest: digestOf(hostile), where: 'x' }));
          messageOf(() => parseReferrerIndex(hostile, 'x'));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('lists of referrers', () => {
  const entry = (i: number) => ({
    ...blob,
    digest: `sha256:${i.toString(16).padStart(64, '0')}`,
    annotations: {} as Record<string, string>,
  });

  test('an entry that nobody could fetch is passed over, and hints are not read', () => {
    const hint = { ...entry(1), artifactType: 'application/lie', annotations: { a: 'b' } };
    const bytes = Buffer.from(
      JSON.stringify({ manifests: [hint, { ...blob, digest: 'sha384:1' }, null, 'x', { ...entry(2), size: 'x' }] }),
    );
    expect(parseReferrerIndex(bytes, 'x')).toEqual([entry(1)]);
  });

  test.each(['{}', '{"manifests":[],"layers":[]}', '{"manifests":{}}', '<html>'])('%s is no list', (text) => {
    expect(messageOf(() => parseReferrerIndex(Buffer.from(text), 'x'))).not.toBe('no failure');
  });

  test('the list is cut at 128, and says so; the same digest counts once', () => {
    const many = Array.from({ length: 129 }, (_, i) => entry(i)) as Parameters<typeof boundedReferrers>[0];
    expect(boundedReferrers(many)).toMatchObject({ truncated: true, descriptors: many.slice(0, 128) });
    expect(boundedReferrers([...many.slice(0, 128), ...many.slice(0, 5)])).toMatchObject({
      truncated: false,
      descriptors: many.slice(0, 128),
    });
  });
});
