/** Builders of test data: short names for values whose details a test does not care about. */
import type { Digest } from '../../src/core/digest.ts';

/** A digest of one hex digit repeated. */
export function digestOf(hexDigit: string): Digest {
  return `sha256:${hexDigit.repeat(64)}`;
}
