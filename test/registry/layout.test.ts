/** OCI layouts as tools write them, and as nobody should. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { Failure } from '../../src/core/failure.ts';
import { openLayout } from '../../src/registry/layout.ts';
import { failureOf, kindOf } from '../support/failures.ts';
import { addImage, addManifest, addReferrer, sha256 } from '../support/registry.ts';
import type { StoredRepository } from '../support/registry-store.ts';

const options = { signal: AbortSignal.timeout(20_000) };
const root = mkdtempSync(join(tmpdir(), 'image-trust-layout-'));
afterAll(() => rmSync(root, { recursive: true }));

const INDEX = 'application/vnd.oci.image.index.v1+json';
const REF = 'org.opencontainers.image.ref.name';
const repository = { registry: 'registry.example.com', path: 'team/app' };
let content: StoredRepository;
let folder: string;
let count = 0;

beforeEach(() => {
  content = { manifests: new Map(), tags: new Map(), blobs: new Map() };
  count += 1;
  folder = join(root, `${count}`);
});

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Record<string, string>;
}

/** Writes what `content` holds as a layout whose index.json lists these entries. */
function write(entries: readonly Entry[], oddities: { marker?: string; index?: string } = {}): void {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
  const blobs = new Map([
    ...content.blobs,
    ...[...content.manifests].map(([digest, { bytes }]) => [digest, bytes] as const),
  ]);
  for (const [digest, bytes] of blobs) writeFileSync(join(folder, 'blobs', 'sha256', digest.slice(7)), bytes);
  writeFileSync(join(folder, 'oci-layout'), oddities.marker ?? '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), oddities.index ?? JSON.stringify({ schemaVersion: 2, manifests: entries }));
}

const named = (entry: Entry, annotations: Record<string, string>): Entry => ({ ...entry, annotations });
const tagged = (entry: Entry, tag: string): Entry => named(entry, { [REF]: tag });
const digestOf = (entry: Entry): Digest => entry.digest as Digest;
const resolved = async (tag: string, of = repository) => (await openLayout(folder).manifest(of, tag, options)).digest;

describe('names', () => {
  test('a full reference wins over a tag, and one layout may hold several images of one tag', async () => {
    const mine = addImage(content, 'mine');
    const other = addImage(content, 'other');
    write([
      named(other, { [REF]: 'v1', 'io.containerd.image.name': 'registry.example.com/team/other:v1' }),
      named(mine, { [REF]: 'v1', 'io.containerd.image.name': 'registry.example.com/team/app:v1' }),
    ]);
    expect(await resolved('v1')).toBe(mine.digest);
    expect(await resolved('v1', { ...repository, path: 'team/other' })).toBe(other.digest);
    expect(
      (await failureOf(openLayout(folder).manifest({ ...repository, path: 'third' }, 'v1', options))).message,
    ).toContain('one manifest of this name');
  });

  test.each([
    ['a full reference in ref.name', { [REF]: 'registry.example.com/team/app:v1' }],
    ['that of another registry: the layout was copied from there', { [REF]: 'docker.io/library/app:v1' }],
    ["docker's short form", { 'io.containerd.image.name': 'docker.io/team/app:v1' }],
  ])('%s', async (_, annotations) => {
    const image = addImage(content, 'a');
    write([named(image, annotations)]);
    expect(await resolved('v1')).toBe(image.digest);
    expect(await kindOf(resolved('v'))).toBe('not-found');
    expect(await kindOf(resolved('latest'))).toBe('not-found');
  });

  test('the same manifest under one tag twice is one', async () => {
    const image = addImage(content, 'a');
    write([tagged(image, 'v1'), tagged(image, 'v1')]);
    expect(await resolved('v1')).toBe(image.digest);
  });

  test('tags in an index within the index are found', async () => {
    const image = addImage(content, 'a');
    const nested = addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [tagged(image, 'deep')] });
    write([nested]);
    expect(await resolved('deep')).toBe(image.digest);
  });

  test('signatures in a layout by cosign save', async () => {
    const image = addImage(content, 'a');
    const signatures = addImage(content, 'signatures');
    write([
      named(image, { kind: 'dev.cosignproject.cosign/image' }),
      named(signatures, { kind: 'dev.cosignproject.cosign/sigs' }),
    ]);
    expect(await resolved(`sha256-${image.digest.slice(7)}.sig`)).toBe(signatures.digest);
    expect(await kindOf(resolved(`sha256-${image.digest.slice(7)}.att`))).toBe('not-found');
  });
});

describe('referrers', () => {
  test('are found by subject and by fallback tag, each once', async () => {
    const image = addImage(content, 'a');
    const first = addReferrer(content, image, 'first');
    const second = addReferrer(content, image, 'second');
    const stranger = addReferrer(content, addImage(content, 'b'), 'stranger');
    const fallback = addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [first] });
    write([tagged(image, 'v1'), second, stranger, tagged(fallback, `sha256-${image.digest.slice(7)}`)]);
    const found = await openLayout(folder).referrers(repository, digestOf(image), options);
    expect(found.descriptors.map(({ digest }) => digest)).toEqual([first.digest, second.digest]);
  });

  test('a damaged manifest may refer to anything: it is listed, and fails when it is read', async () => {
    const image = addImage(content, 'a');
    const damaged = addReferrer(content, image, 'damaged');
    content.manifests.set(damaged.digest, { bytes: Buffer.from('{}'), mediaType: '' });
    write([tagged(image, 'v1'), damaged]);
    const layout = openLayout(folder);
    const { descriptors } = await layout.referrers(repository, digestOf(image), options);
    expect(descriptors.map(({ digest }) => digest)).toEqual([damaged.digest]);
    expect(await kindOf(layout.manifest(repository, damaged.digest, options))).toBe('invalid');
  });

  test('a fallback tag that is listed and missing is invalid, not empty', async () => {
    const image = addImage(content, 'a');
    write([
      tagged(image, 'v1'),
      tagged({ mediaType: INDEX, digest: sha256('gone'), size: 4 }, `sha256-${image.digest.slice(7)}`),
    ]);
    expect(await kindOf(openLayout(folder).referrers(repository, digestOf(image), options))).toBe('invalid');
  });

  test('indexes that contain each other end', async () => {
    const a = addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [] });
    let nested = a;
    for (let i = 0; i < 20; i++)
      nested = addManifest(content, { schemaVersion: 2, mediaType: INDEX, manifests: [nested, a] });
    write([nested]);
    expect((await openLayout(folder).referrers(repository, digestOf(a), options)).descriptors).toEqual([]);
  });
});

describe('what is no layout', () => {
  test.each([
    ['a newer version', { marker: '{"imageLayoutVersion":"2.0.0"}' }, 'imageLayoutVersion'],
    ['a marker that is no JSON', { marker: 'x' }, 'oci-layout'],
    ['an index that is no JSON', { index: '<html>' }, 'index.json'],
    [
      'an index with a digest that climbs',
      {
        index: JSON.stringify({
          schemaVersion: 2,
          manifests: [{ mediaType: INDEX, digest: 'sha256:../../etc/passwd', size: 1 }],
        }),
      },
      'manifests[0].digest',
    ],
  ])('%s', async (_, oddities, text) => {
    write([], oddities);
    const failure = await failureOf(openLayout(folder).manifest(repository, 'v1', options));
    expect(failure.detail.kind).toBe('invalid');
    expect(failure.message).toContain(text);
  });

  test('nothing at all is unavailable, an empty folder is invalid', async () => {
    expect(await kindOf(openLayout(folder).manifest(repository, 'v1', options))).toBe('unavailable');
    mkdirSync(folder);
    expect(await kindOf(openLayout(folder).manifest(repository, 'v1', options))).toBe('invalid');
  });

  test.each([
    ['plain text', Buffer.from('hello '.repeat(500))],
    ['gzip of nothing', gzipSync('')],
    ['an empty file', Buffer.alloc(0)],
    ['a cut gzip', gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, 60)],
  ])('a file of %s is invalid', async (_, bytes) => {
    writeFileSync(folder, bytes);
    expect(await kindOf(openLayout(folder).manifest(repository, 'v1', options))).toBe('invalid');
  });

  test('an archive by an old docker save is invalid, with advice', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'manifest.json'), '[]');
    execFileSync('tar', ['-cf', `${folder}.tar`, '-C', folder, 'manifest.json']);
    expect((await failureOf(openLayout(`${folder}.tar`).manifest(repository, 'v1', options))).message).toContain(
      'skopeo copy',
    );
  });

  test('a bomb of compressed zeros ends', async () => {
    const image = addImage(content, 'a');
    write([tagged(image, 'v1')]);
    execFileSync('sh', [
      '-c',
      `cd '${folder}' && head -c 60000000 /dev/zero > blobs/sha256/zeros && tar -czf '${folder}.tgz' . && rm blobs/sha256/zeros`,
    ]);
    const outcome = await openLayout(`${folder}.tgz`)
      .manifest(repository, 'v1', options)
      .then(
        ({ digest }) => digest,
        () => 'refused',
      );
    expect([image.digest, 'refused']).toContain(outcome);
  });
});

test('a layout that changes is read anew', async () => {
  const layout = openLayout(folder);
  const first = addImage(content, 'first');
  write([tagged(first, 'v1')]);
  expect((await layout.manifest(repository, 'v1', options)).digest).toBe(first.digest);
  const second = addImage(content, 'second one');
  write([tagged(second, 'v1'), tagged(first, 'v0')]);
  expect((await layout.manifest(repository, 'v1', options)).digest).toBe(second.digest);
});

test('a larger blob of an archive is read when it is asked for, and one caller that cancels takes nothing from another', async () => {
  const image = addImage(content, 'a');
  const payload = Buffer.alloc(2_000_000, 'payload');
  content.blobs.set(sha256(payload), payload);
  write([tagged(image, 'v1')]);
  execFileSync('tar', ['-czf', `${folder}.tar.gz`, '-C', folder, '.']);
  const layout = openLayout(`${folder}.tar.gz`);
  const cancelled = new AbortController();
  const blob = { mediaType: 'text/plain', digest: sha256(payload) as Digest, size: payload.length, annotations: {} };
  const left = layout.blob(repository, blob, { signal: cancelled.signal });
  const stayed = layout.blob(repository, blob, options);
  cancelled.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect(Buffer.compare(await stayed, payload)).toBe(0);
});

test.each(['-cf', '-czf'])(
  'an archive (tar %s) whose bytes are changed gives the image or a Failure, in time',
  async (flags) => {
    const image = addImage(content, 'a');
    write([tagged(image, 'v1')]);
    execFileSync('tar', [flags, `${folder}.tar`, '-C', folder, '.']);
    const bytes = readFileSync(`${folder}.tar`);
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    const edits = fc.tuple(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.nat(bytes.length));
    await fc.assert(
      fc.asyncProperty(edits, async ([changes, length]) => {
        const copy = Buffer.from(bytes);
        for (const [position, value] of changes) copy[position] = value;
        writeFileSync(`${folder}.changed`, length % 3 === 0 ? copy.subarray(0, length) : copy);
        const outcome = await openLayout(`${folder}.changed`)
          .manifest(repository, 'v1', options)
          .then(
            ({ digest }) => digest,
            (error: unknown) => (error instanceof Failure ? 'failure' : error),
          );
        expect([image.digest, 'failure']).toContain(outcome);
      }),
      { numRuns: 150 },
    );
  },
);
