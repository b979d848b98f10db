/**
 * Content digests as the OCI image specification writes them (`algorithm:hex`).
 * Owns their grammar and nothing else; hashing lies with those who hold the bytes.
 */

/** A digest in canonical form, lower-case: `sha256:` and 64 hex digits, or `sha512:` and 128. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** Is this text a digest of an algorithm that we can check? Upper-case hex is not (OCI image spec, "Digests"). */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** The hash algorithm of a digest, in the spelling of node:crypto. */
export function algorithmOf(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
