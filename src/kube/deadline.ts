/**
 * One signal out of a caller's and a time limit, without leaving a listener on the caller's: that one lives as long
 * as the process, and AbortSignal.any would hang one more dependent on it with every request.
 */

/** A bound on something that waits. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True once the time is up, as opposed to the caller having had enough. */
  expired(): boolean;
  /** Lets go of the caller's signal and of the timer. */
  release(): void;
}

/** Starts a deadline `ms` from now. */
export function createDeadline(outer: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  let expired = false;
  const onAbort = (): void => controller.abort(outer.reason);
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new DOMException('The time limit of the request has passed', 'TimeoutError'));
  }, ms);
  if (outer.aborted) onAbort();
  else outer.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    release: () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', onAbort);
    },
  };
}
