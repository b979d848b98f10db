/**
 * Hashing of what was fetched. Owns the comparisons on which everything else rests: do these bytes have
 * the digest that was asked for, and is what was asked for small enough to ask for? Must never parse them.
 */
import { hash } from 'node:crypto';
import { algorithmOf, type Digest } from '../core/digest.ts';
import { invalid } from '../core/failure.ts';
import { type Descriptor, LIMITS } from './source.ts';

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`;
}

/** Throws invalid, with both digests, unless the bytes hash to the one that was asked for. */
export function demandDigest(bytes: Uint8Array, expected: Digest, where: string): void {
  const found = digestOf(bytes, algorithmOf(expected));
  if (found !== expected) throw invalid(where, `content with digest ${expected}`, `content with digest ${found}`);
}

/** Throws invalid for a blob larger than the cap on blobs: it is not fetched at all. */
export function demandSize(descriptor: Descriptor, where: string): void {
  if (descriptor.size <= LIMITS.blobBytes) return;
  throw invalid(where, `a blob of at most ${LIMITS.blobBytes} bytes`, `one of ${descriptor.size}`);
}
