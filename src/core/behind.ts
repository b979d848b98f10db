/**
 * What the tags of an image lead to by now, where that is not what runs any more: judged, for a Pod that is created
 * again pulls it. Shape only.
 */
import type { Digest } from './digest.ts';
import type { Verdict } from './verdict.ts';

/** Verdicts on the digests behind tags that moved. */
export type Behind = ReadonlyMap<Digest, Verdict>;
