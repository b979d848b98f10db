/**
 * The registry client: OCI distribution over HTTP as an ImageSource. Owns what is cached and for how long, and the
 * hashing of everything that is handed out. Must never hand out bytes that were not hashed against what was asked for.
 */
import { algorithmOf, type Digest, isDigest } from '../core/digest.ts';
import { invalid } from '../core/failure.ts';
import { demandRunning } from './abort.ts';
import { headerOf } from './answer.ts';
import { createAuthorizer } from './authorizer.ts';
import { createFlights, type Flight } from './flights.ts';
import { demandDigest, demandSize, digestOf } from './hash.ts';
import { demandAddressable, keyOf, whereOf } from './host.ts';
import type { LimiterState } from './limiter.ts';
import { type ByteCache, createByteCache } from './lru.ts';
import { parseManifest } from './manifest.ts';
import { ACCEPT_MANIFESTS, essenceOf } from './media-type.ts';
import { completeOptions, type RegistryOptions } from './options.ts';
import { createPass } from './pass.ts';
import { createReach } from './reach.ts';
import { createReferrers } from './referrers.ts';
import { createSender, type Sender } from './sender.ts';
import {
  type Descriptor,
  type ImageSource,
  LIMITS,
  type LookupOptions,
  type Manifest,
  type Repository,
} from './source.ts';
import type { HttpAnswer } from './transport.ts';
import { createTransport } from './transport.ts';
import { createWire } from './wire.ts';

/** A registry client with a life: close it, or its connections keep the process alive. */
export interface RegistrySource extends ImageSource {
  /**
   * A view for one pass: a tag or a referrers list is asked for once, and what was not found stays so. Without it,
   * each lookup of a tag or a list costs one conditional request. Content by digest is cached either way.
   */
  withPass(): ImageSource;
  /** Requests in flight, waiting and allowed, by host. */
  limiters(): ReadonlyMap<string, LimiterState>;
  close(): Promise<void>;
}

/** A tag as last seen, with what the registry calls that state of it. */
interface TagState {
  readonly manifest: Manifest;
  readonly etag: string;
}

interface Caches {
  readonly manifests: ByteCache<Manifest>;
  readonly tags: ByteCache<TagState>;
  readonly blobs: ByteCache<Uint8Array>;
}

/** Makes a client. Nothing is contacted until something is asked for. */
export function createRegistrySource(options: RegistryOptions = {}): RegistrySource {
  const context = completeOptions(options);
  const { limits } = context;
  const transport = createTransport({
    connectionsPerHost: limits.maxInFlight,
    connectTimeoutMs: limits.connectTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    ca: options.ca,
    proxy: options.proxy,
    reach: createReach(options.lookup),
    allowPrivate: new Set(options.allowPrivate?.map((host) => host.toLowerCase())),
  });
  const wire = createWire(transport, context);
  const sender = createSender(wire, createAuthorizer(wire, context), context);
  const { manifest, blob } = createLookups(sender, limits.cacheBytes);
  const referrers = createReferrers({ sender, limits, clock: context.clock, manifest });
  const all: ImageSource = { manifest, blob, referrers };
  return { ...all, withPass: () => createPass(all), limiters: () => sender.limiters(), close: () => transport.close() };
}

function createLookups(sender: Sender, cacheBytes: number): Pick<ImageSource, 'manifest' | 'blob'> {
  const manifests = createFlights<Manifest>();
  const blobs = createFlights<Uint8Array>();
  const caches: Caches = {
    manifests: createByteCache(cacheBytes / 2),
    tags: createByteCache(cacheBytes / 4),
    blobs: createByteCache(cacheBytes / 4),
  };

  function manifest(repository: Repository, reference: string, { signal }: LookupOptions): Promise<Manifest> {
    return guarded(repository, reference, signal, (where) => {
      const key = `${keyOf(repository)}|${reference}`;
      const cached = isDigest(reference) ? caches.manifests.get(key) : undefined;
      if (cached !== undefined) return cached;
      const fetch = isDigest(reference) ? fetchByDigest : fetchByTag;
      return manifests.join(key, { signal, where }, (flight) =>
        fetch({ sender, caches, repository, reference, where, key }, flight),
      );
    });
  }

  function blob(repository: Repository, descriptor: Descriptor, { signal }: LookupOptions): Promise<Uint8Array> {
    return guarded(repository, descriptor.digest, signal, (where) => {
      demandSize(descriptor, where);
      const key = `${keyOf(repository)}|${descriptor.digest}|${descriptor.size}`;
      const cached = caches.blobs.get(key);
      if (cached !== undefined) return cached;
      return blobs.join(key, { signal, where }, async (flight) => {
        const bytes = await fetchBlob({ sender, repository, descriptor, where }, flight);
        caches.blobs.set(key, bytes, bytes.length);
        return bytes;
      });
    });
  }

  return { manifest, blob };
}

/** Runs a lookup whose names are sound and whose signal has not fired. */
async function guarded<T>(
  repository: Repository,
  reference: string,
  signal: AbortSignal,
  lookup: (where: string) => T | Promise<T>,
): Promise<T> {
  const where = whereOf(repository, reference);
  demandAddressable(repository, reference);
  demandRunning(signal, where);
  return lookup(where);
}

interface ManifestFetch {
  readonly sender: Sender;
  readonly caches: Caches;
  readonly repository: Repository;
  readonly reference: string;
  readonly where: string;
  readonly key: string;
}

async function fetchByDigest(fetch: ManifestFetch, flight: Flight): Promise<Manifest> {
  const { caches, reference, where, key } = fetch;
  const answer = await fetch.sender.send({ ...manifestRequest(fetch), expected: [200] }, flight);
  if (!isDigest(reference)) throw invalid(where, 'a digest', 'a tag');
  demandDigest(answer.body, reference, where);
  const manifest = manifestOf(answer, reference, where);
  caches.manifests.set(key, manifest, answer.body.length);
  return manifest;
}

/** The tag's last known state is asked for conditionally: 304 costs the registry and us next to nothing. */
async function fetchByTag(fetch: ManifestFetch, flight: Flight): Promise<Manifest> {
  const { caches, repository, where, key } = fetch;
  const known = caches.tags.get(key);
  const answer = await fetch.sender.send(
    { ...manifestRequest(fetch), etag: known?.etag, expected: known === undefined ? [200] : [200, 304] },
    flight,
  );
  if (answer.status === 304 && known !== undefined) return known.manifest;
  const digest = digestOfTag(answer, where);
  const manifest = manifestOf(answer, digest, where);
  caches.manifests.set(`${keyOf(repository)}|${digest}`, manifest, answer.body.length);
  const etag = headerOf(answer, 'etag');
  if (etag === undefined) caches.tags.delete(key);
  else caches.tags.set(key, { manifest, etag }, answer.body.length);
  return manifest;
}

function manifestRequest({
  repository,
  reference,
  where,
}: ManifestFetch): Omit<Parameters<Sender['send']>[0], 'expected'> {
  const target = `/v2/${repository.path}/manifests/${reference}`;
  return { repository, target, accept: ACCEPT_MANIFESTS, maxBytes: LIMITS.manifestBytes, where };
}

/**
 * The digest of what a tag leads to is computed from the bytes. What the registry says it is must agree: where it
 * does not, something between the two altered the content.
 */
function digestOfTag(answer: HttpAnswer, where: string): Digest {
  const said = headerOf(answer, 'docker-content-digest');
  if (said === undefined) return digestOf(answer.body);
  if (!isDigest(said)) throw invalid(`${where}: Docker-Content-Digest`, 'a digest', JSON.stringify(said.slice(0, 100)));
  const found = digestOf(answer.body, algorithmOf(said));
  if (found !== said)
    throw invalid(where, `content with digest ${said}, as the registry says`, `content with digest ${found}`);
  return said;
}

function manifestOf(answer: HttpAnswer, digest: Digest, where: string): Manifest {
  return parseManifest({ bytes: answer.body, digest, contentType: essenceOf(headerOf(answer, 'content-type')), where });
}

interface BlobFetch {
  readonly sender: Sender;
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly where: string;
}

async function fetchBlob({ sender, repository, descriptor, where }: BlobFetch, flight: Flight): Promise<Uint8Array> {
  const target = `/v2/${repository.path}/blobs/${descriptor.digest}`;
  const request = { repository, target, accept: '*/*', expected: [200], maxBytes: descriptor.size, where };
  const { body } = await sender.send(request, flight);
  if (body.length !== descriptor.size) throw invalid(where, `${descriptor.size} bytes`, `${body.length}`);
  demandDigest(body, descriptor.digest, where);
  return body;
}
