/**
 * What lies in a registry, over plain HTTP: images are pushed, and signatures are moved, altered and taken away as
 * somebody with the right to push could do it. Knows no signing tool and nothing of the product.
 */
import { hash } from 'node:crypto';

/** A repository of one of the registries. */
export interface Repository {
  readonly host: string;
  readonly name: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Readonly<Record<string, string>>;
}

/** A manifest or an index, as far as these tests look at it. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const LIMIT_MS = 10_000;

/** `sha256:` and hex. */
export const sha256 = (bytes: Uint8Array | string): string => `sha256:${hash('sha256', bytes, 'hex')}`;
/** The tag under which registries without the referrers API keep referrers. */
export const fallbackTag = (digest: string): string => digest.replace(':', '-');
/** `host/name`. */
export const nameOf = ({ host, name }: Repository): string => `${host}/${name}`;

interface Sent {
  readonly body?: Buffer<ArrayBuffer> | string;
  readonly type?: string;
  /** Statuses that are an answer, not a failure of the test. */
  readonly also?: readonly number[];
}

async function send({ host, name }: Repository, method: string, path: string, sent: Sent = {}): Promise<Response> {
  const url = path.startsWith('http') ? path : `http://${host}/v2/${name}/${path}`;
  const response = await fetch(url, {
    method,
    headers: {
      accept: [MANIFEST, INDEX, DOCKER_MANIFEST].join(', '),
      ...(sent.type === undefined ? {} : { 'content-type': sent.type }),
    },
    ...(sent.body === undefined ? {} : { body: sent.body }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (response.ok || (sent.also ?? []).includes(response.status)) return response;
  throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
}

/** Pushes a blob. */
export async function putBlob(repository: Repository, content: Uint8Array | string, mediaType: string) {
  const bytes = Buffer.from(content);
  const digest = sha256(bytes);
  const started = await send(repository, 'POST', 'blobs/uploads/', { body: '' });
  const location = new URL(started.headers.get('location') ?? '', `http://${repository.host}`);
  location.searchParams.set('digest', digest);
  await send(repository, 'PUT', location.href, { body: bytes, type: 'application/octet-stream' });
  return { mediaType, digest, size: bytes.length } satisfies Descriptor;
}

/** Pushes a manifest by its digest, and under a tag where one is given. */
export async function putManifest(repository: Repository, manifest: Manifest, tag?: string): Promise<Descriptor> {
  const bytes = JSON.stringify(manifest);
  const digest = sha256(bytes);
  const response = await send(repository, 'PUT', `manifests/${tag ?? digest}`, {
    body: bytes,
    type: manifest.mediaType,
  });
  const descriptor = { mediaType: manifest.mediaType, digest, size: Buffer.byteLength(bytes) };
  const { subject } = manifest;
  if (subject !== undefined && response.headers.get('oci-subject') === null) {
    await addToFallback(repository, subject.digest, descriptor);
  }
  return descriptor;
}

// OCI distribution-spec 1.1, "Pushing Manifests with Subject": without OCI-Subject in the answer the client keeps the index.
async function addToFallback(repository: Repository, subject: string, referrer: Descriptor): Promise<void> {
  const index = await findManifest(repository, fallbackTag(subject));
  const manifests = [...(index?.manifests ?? []), referrer];
  await putManifest(repository, { schemaVersion: 2, mediaType: INDEX, manifests }, fallbackTag(subject));
}

/** A manifest by tag or digest; undefined where there is none. */
export async function findManifest(repository: Repository, reference: string): Promise<Manifest | undefined> {
  const response = await send(repository, 'GET', `manifests/${reference}`, { also: [404] });
  return response.status === 404 ? undefined : ((await response.json()) as Manifest);
}

/** A manifest that must be there. */
export async function getManifest(repository: Repository, reference: string): Promise<Manifest> {
  const manifest = await findManifest(repository, reference);
  if (manifest === undefined) throw new Error(`${nameOf(repository)} has no manifest ${reference}`);
  return manifest;
}

/** A blob that must be there. */
export async function getBlob(repository: Repository, digest: string): Promise<Buffer> {
  return Buffer.from(await (await send(repository, 'GET', `blobs/${digest}`)).arrayBuffer());
}

/** The manifests that refer to a subject: from the API, else from the fallback tag. */
export async function referrersOf(repository: Repository, subject: string): Promise<readonly Descriptor[]> {
  const response = await send(repository, 'GET', `referrers/${subject}`, { also: [404] });
  if (response.status !== 404) return ((await response.json()) as Manifest).manifests ?? [];
  return (await findManifest(repository, fallbackTag(subject)))?.manifests ?? [];
}

/** Takes a manifest, or a tag, away. */
export async function remove(repository: Repository, reference: string): Promise<void> {
  await send(repository, 'DELETE', `manifests/${reference}`, { also: [404] });
}

/** Pushes a small image that differs from others by its seed. */
export async function pushImage(repository: Repository, seed: string, tag?: string): Promise<Descriptor> {
  const config = await putBlob(repository, JSON.stringify({ architecture: 'amd64', os: 'linux', seed }), CONFIG);
  const layer = await putBlob(repository, `layer of ${seed}`, LAYER);
  return putManifest(repository, { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }, tag);
}

/** The same in Docker's format (schema 2). */
export async function pushDockerImage(repository: Repository, seed: string, tag?: string): Promise<Descriptor> {
  const container = 'application/vnd.docker.container.image.v1+json';
  const config = await putBlob(repository, JSON.stringify({ architecture: 'amd64', os: 'linux', seed }), container);
  const layer = await putBlob(repository, `layer of ${seed}`, 'application/vnd.docker.image.rootfs.diff.tar');
  return putManifest(repository, { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers: [layer] }, tag);
}

/** Pushes an index of two images, and gives it and its first child. */
export async function pushIndex(repository: Repository, seed: string, tag: string) {
  const platforms = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ];
  const manifests: Descriptor[] = [];
  for (const platform of platforms) {
    manifests.push({ ...(await pushImage(repository, `${seed} ${platform.architecture}`)), platform });
  }
  const index = await putManifest(repository, { schemaVersion: 2, mediaType: INDEX, manifests }, tag);
  return { index, child: manifests[0] ?? index };
}
