/** A source where nothing can be looked at. Owns that every question ends the same way; must never answer one. */
import type { Failure } from '../core/failure.ts';
import type { ImageSource } from './source.ts';

/** Every lookup throws this failure. */
export function failingSource(failure: Failure): ImageSource {
  const fail = (): Promise<never> => Promise.reject(failure);
  return { manifest: fail, blob: fail, referrers: fail };
}
