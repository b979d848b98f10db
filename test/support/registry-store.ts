/**
 * What the test registry holds: repositories with manifests, tags and blobs. It believes what it is given: a layout
 * whose blob does not match its name is served as it lies, since lying registries are what tests are about.
 */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

export interface StoredRepository {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Buffer>;
}

export type Store = Map<string, StoredRepository>;

interface JsonDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
}

export interface JsonManifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: JsonDescriptor;
  readonly layers?: readonly JsonDescriptor[];
  readonly manifests?: readonly JsonDescriptor[];
  readonly subject?: JsonDescriptor;
  readonly annotations?: Record<string, string>;
}

export const sha256 = (bytes: Uint8Array | string): string => `sha256:${hash('sha256', bytes, 'hex')}`;

export function repositoryIn(store: Store, name: string): StoredRepository {
  const existing = store.get(name);
  if (existing !== undefined) return existing;
  const repository: StoredRepository = { manifests: new Map(), tags: new Map(), blobs: new Map() };
  store.set(name, repository);
  return repository;
}

export function readManifest(bytes: Buffer): JsonManifest | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Loads one OCI layout folder under a repository name: blobs, every manifest reachable from the index, tags. */
export function loadLayout(store: Store, name: string, folder: string): void {
  const repository = repositoryIn(store, name);
  const blobs = join(folder, 'blobs');
  for (const algorithm of readdirSync(blobs)) {
    for (const hex of readdirSync(join(blobs, algorithm))) {
      repository.blobs.set(`${algorithm}:${hex}`, readFileSync(join(blobs, algorithm, hex)));
    }
  }
  const index = readManifest(readFileSync(join(folder, 'index.json')));
  for (const descriptor of index?.manifests ?? []) {
    addManifests(repository, descriptor);
    const tag = descriptor.annotations?.['org.opencontainers.image.ref.name'];
    if (tag !== undefined) repository.tags.set(tag, descriptor.digest);
  }
}

function addManifests(repository: StoredRepository, descriptor: JsonDescriptor): void {
  const bytes = repository.blobs.get(descriptor.digest);
  if (bytes === undefined || repository.manifests.has(descriptor.digest)) return;
  repository.manifests.set(descriptor.digest, { bytes, mediaType: descriptor.mediaType });
  for (const child of readManifest(bytes)?.manifests ?? []) addManifests(repository, child);
}

/** Every layout folder below `root`, as `prefix/<folder>` → path: what `startRegistry({layouts})` takes. */
export function layoutsBelow(root: string, prefix: string): Record<string, string> {
  const folders = readdirSync(root).filter((name) => existsSync(join(root, name, 'index.json')));
  return Object.fromEntries(folders.map((name) => [`${prefix}/${name}`, join(root, name)]));
}

/** The descriptors that the referrers API lists for a subject, in order of digest as a registry may have it. */
export function referrersOf(repository: StoredRepository, subject: string): readonly JsonDescriptor[] {
  return [...repository.manifests]
    .flatMap(([digest, { bytes, mediaType }]) => {
      const manifest = readManifest(bytes);
      if (manifest?.subject?.digest !== subject) return [];
      const artifactType = manifest.artifactType ?? manifest.config?.mediaType ?? '';
      const annotations = manifest.annotations === undefined ? {} : { annotations: manifest.annotations };
      return [{ mediaType, digest, size: bytes.length, artifactType, ...annotations }];
    })
    .sort((a, b) => a.digest.localeCompare(b.digest));
}

/** Adds a blob and gives its descriptor. */
export function addBlob(
  repository: StoredRepository,
  content: Uint8Array | string,
  mediaType = 'application/octet-stream',
): JsonDescriptor {
  const bytes = Buffer.from(content);
  const digest = sha256(bytes);
  repository.blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Adds a manifest (an object is written as JSON) under tags and gives its descriptor. */
export function addManifest(
  repository: StoredRepository,
  manifest: object | string,
  tags: readonly string[] = [],
): JsonDescriptor {
  const bytes = Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  const digest = sha256(bytes);
  const mediaType = readManifest(bytes)?.mediaType ?? 'application/vnd.oci.image.manifest.v1+json';
  repository.manifests.set(digest, { bytes, mediaType });
  for (const tag of tags) repository.tags.set(tag, digest);
  return { mediaType, digest, size: bytes.length };
}

/** Adds a small image and gives its descriptor. `seed` makes it differ from others. */
export function addImage(repository: StoredRepository, seed: string, tags: readonly string[] = []): JsonDescriptor {
  const config = addBlob(
    repository,
    JSON.stringify({ architecture: 'amd64', os: 'linux', seed }),
    'application/vnd.oci.image.config.v1+json',
  );
  const layer = addBlob(repository, `layer ${seed}`, 'application/vnd.oci.image.layer.v1.tar');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return addManifest(repository, { schemaVersion: 2, mediaType, config, layers: [layer] }, tags);
}

/** Adds an artifact that refers to a subject and gives its descriptor. */
export function addReferrer(repository: StoredRepository, subject: JsonDescriptor, seed: string): JsonDescriptor {
  const config = addBlob(repository, '{}', 'application/vnd.oci.empty.v1+json');
  const layer = addBlob(repository, `referrer ${seed}`, 'application/vnd.example');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return addManifest(repository, {
    schemaVersion: 2,
    mediaType,
    artifactType: 'application/vnd.example',
    config,
    layers: [layer],
    subject,
  });
}
