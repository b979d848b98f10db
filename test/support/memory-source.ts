/** An ImageSource in memory for tests of the engine: what is there, what fails, and what was asked for. */
import { createHash } from 'node:crypto';
import type { Digest } from '../../src/core/digest.ts';
import { Failure, type FailureKind } from '../../src/core/failure.ts';
import type { Descriptor, ImageSource, Manifest, Referrers, Repository } from '../../src/registry/source.ts';

export function sha256(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A manifest made of its parts; the digest is that of the JSON of those parts. */
export function manifestOf(parts: Partial<Omit<Manifest, 'digest' | 'bytes'>> & { readonly salt?: string }): Manifest {
  const { salt, ...rest } = parts;
  const bytes = Buffer.from(JSON.stringify({ salt, ...rest }));
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    layers: [],
    manifests: [],
    annotations: {},
    ...rest,
    digest: sha256(bytes),
    bytes,
  };
}

export function descriptorOf(bytes: string, mediaType: string, annotations: Record<string, string> = {}): Descriptor {
  return { mediaType, digest: sha256(bytes), size: Buffer.byteLength(bytes), annotations };
}

/** The source; `put…` fill it, `fail` makes look-ups whose key contains a text fail. Keys: `repo@reference`. */
export class MemorySource implements ImageSource {
  readonly asked: string[] = [];
  readonly #manifests = new Map<string, Manifest>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #referrers = new Map<string, Descriptor[]>();
  readonly #failures: { match: string; detail: FailureKind }[] = [];
  truncated = false;

  putManifest(repository: string, manifest: Manifest, ...tags: string[]): Manifest {
    for (const reference of [manifest.digest, ...tags]) this.#manifests.set(`${repository}@${reference}`, manifest);
    return manifest;
  }

  putBlob(repository: string, bytes: string): void {
    this.#blobs.set(`${repository}@${sha256(bytes)}`, Buffer.from(bytes));
  }

  putReferrer(repository: string, subject: Digest, manifest: Manifest): void {
    this.putManifest(repository, manifest);
    const key = `${repository}@${subject}`;
    const descriptor = {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: manifest.digest,
      size: 1,
      annotations: {},
    };
    this.#referrers.set(key, [...(this.#referrers.get(key) ?? []), descriptor]);
  }

  fail(match: string, detail: FailureKind): void {
    this.#failures.push({ match, detail });
  }

  async manifest(repository: Repository, reference: string): Promise<Manifest> {
    return this.#look(this.#manifests, repository, reference);
  }

  async blob(repository: Repository, descriptor: Descriptor): Promise<Uint8Array> {
    return this.#look(this.#blobs, repository, descriptor.digest);
  }

  async referrers(repository: Repository, subject: Digest): Promise<Referrers> {
    const key = this.#ask(repository, subject, 'referrers ');
    return { descriptors: this.#referrers.get(key) ?? [], via: 'referrers-api', truncated: this.truncated };
  }

  #look<T>(map: Map<string, T>, repository: Repository, reference: string): T {
    const key = this.#ask(repository, reference, '');
    const found = map.get(key);
    if (found === undefined) throw new Failure({ kind: 'not-found' }, `${key}: not found`);
    return found;
  }

  #ask(repository: Repository, reference: string, prefix: string): string {
    const key = `${repository.registry}/${repository.path}@${reference}`;
    this.asked.push(prefix + key);
    const failure = this.#failures.find(({ match }) => (prefix + key).includes(match));
    if (failure !== undefined) throw new Failure(failure.detail, `${key}: ${failure.detail.kind}`);
    return key;
  }
}
