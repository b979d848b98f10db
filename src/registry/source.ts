/**
 * What the engine asks of a place that holds images: a registry over HTTP, or an OCI layout on disk.
 * Two implementations, one conformance test. Owns the interface; must never know what a signature is.
 */
import type { Digest } from '../core/digest.ts';

/** A repository in canonical form. `registry` is host[:port] as in references (`docker.io`, `[::1]:5000`). */
export interface Repository {
  readonly registry: string;
  /** Path without registry, tag or digest: `library/nginx`. */
  readonly path: string;
}

/** OCI descriptor, as far as we read it. Its `artifactType` and `annotations` are hints and never trusted. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A manifest as the raw bytes that its digest covers, and the parts of it that we read. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** Top-level artifactType of the manifest itself (not of a descriptor). */
  readonly artifactType?: string;
  readonly config?: Descriptor;
  /** Layers of an image manifest; empty for an index. */
  readonly layers: readonly Descriptor[];
  /** Children of an index; empty for an image manifest. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The manifests that refer to a subject. */
export interface Referrers {
  readonly descriptors: readonly Descriptor[];
  readonly via: 'referrers-api' | 'referrers-tag';
  /** True where the cap cut the list. */
  readonly truncated: boolean;
}

/** What every call takes: a signal that ends it, and credentials' owner where they differ by caller. */
export interface LookupOptions {
  readonly signal: AbortSignal;
}

/** Limits that hold for every source. Sizes in bytes. */
export const LIMITS = {
  manifestBytes: 4 * 1024 * 1024,
  blobBytes: 16 * 1024 * 1024,
  referrersPerSubject: 128,
  signaturesPerImage: 64,
  signatureBytesPerImage: 64 * 1024 * 1024,
} as const;

/**
 * A place that holds images. Every method throws `Failure` and nothing else for what a registry or a disk can do;
 * what it returns has been hashed against the digest that was asked for.
 */
export interface ImageSource {
  /** The manifest behind a tag or a digest. Throws not-found, invalid (bytes do not hash to the digest), … */
  manifest(repository: Repository, reference: string, options: LookupOptions): Promise<Manifest>;
  /**
   * A blob, checked against the descriptor's digest and size. `LIMITS.blobBytes` is the cap.
   * Bytes that do not hash to the digest are `invalid`.
   */
  blob(repository: Repository, descriptor: Descriptor, options: LookupOptions): Promise<Uint8Array>;
  /** Referrers API, else the fallback tag; an empty list where there is neither. */
  referrers(repository: Repository, subject: Digest, options: LookupOptions): Promise<Referrers>;
}
