/**
 * The digest that runs, read from what the kubelet reports. Owns the spellings of container runtimes;
 * must never take an image ID (the digest of a config) for the digest of a manifest, which is what gets signed.
 */
import { type Digest, isDigest } from './digest.ts';

/** `docker-pullable://`, and whatever else a runtime may put in front. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * The manifest digest that an `imageID` proves, or undefined where it proves none.
 * containerd, CRI-O: `docker.io/library/nginx@sha256:…`. Docker: `docker-pullable://nginx@sha256:…`.
 * Without a repository it is the ID of a config, which no registry serves as a manifest: `docker://sha256:…`,
 * `sha256:…` (CRI-O from OpenShift 4.15 on; containerd for imported images), 64 bare hex digits.
 * The repository may be another than the spec's that holds the same content; the digest counts all the same.
 */
export function digestOfImageID(imageID: string): Digest | undefined {
  const name = imageID.replace(SCHEME, '');
  const at = name.lastIndexOf('@');
  if (at <= 0) return undefined;
  const digest = name.slice(at + 1);
  return isDigest(digest) ? digest : undefined;
}
