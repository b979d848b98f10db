/**
 * Errors are kinds: what kept us from looking. Made where the fact is known, mapped to a reason in one place
 * (`reasonOfFailure`), never matched by text. A Failure never says anything about trust: it can only make `unknown`.
 */
import type { UnknownReason } from '../api/reasons.ts';

/** What went wrong. Times in milliseconds. */
export type FailureKind =
  | { readonly kind: 'unavailable'; readonly retryAfterMs?: number }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs?: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'timeout' }
  /** Something answered, but not what its specification or its digest promises. */
  | { readonly kind: 'invalid'; readonly where: string; readonly expected: string; readonly found: string };

/** A failure to look. The message is stable (no times, durations, request ids) and holds no secret. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly detail: FailureKind;

  constructor(detail: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.detail = detail;
  }
}

/**
 * A failure of kind `not-found`. Without a stack: where signatures are looked for in several places, most looks end
 * here, and collecting the frames of a look that nobody will read costs more than the look (measured, make bench).
 */
export function notFound(message: string): Failure {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new Failure({ kind: 'not-found' }, message);
  } finally {
    Error.stackTraceLimit = depth;
  }
}

/** A failure of kind `invalid`, with the sentence made of its three parts. */
export function invalid(where: string, expected: string, found: string): Failure {
  return new Failure({ kind: 'invalid', where, expected, found }, `${where}: expected ${expected}, found ${found}`);
}

/** The one place where a kind of failure becomes a reason. */
export function reasonOfFailure(detail: FailureKind): UnknownReason {
  switch (detail.kind) {
    case 'unavailable':
    case 'invalid':
      return 'RegistryUnavailable';
    case 'unauthorized':
      return 'RegistryUnauthorized';
    case 'rate-limited':
      return 'RegistryRateLimited';
    case 'not-found':
      return 'ImageNotFound';
    case 'timeout':
      return 'Timeout';
  }
}
