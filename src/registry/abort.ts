/**
 * What it means when a signal ends a lookup. A time-out of the task is a Failure (and says what it waited for);
 * a cancel by the user is not ours to explain and passes through.
 */
import { Failure } from '../core/failure.ts';

/** The last thing that stood in the way of a lookup that is still trying: what it says when its time is up. */
export interface Trouble {
  last?: Failure;
}

/** The error to throw for a signal that has fired. */
export function errorOfAbort(signal: AbortSignal, where: string, trouble: Trouble = {}): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Failure) return reason;
  if (!isTimeout(reason))
    return reason instanceof Error ? reason : new DOMException('The lookup was cancelled', 'AbortError');
  return trouble.last ?? new Failure({ kind: 'timeout' }, `${where}: no answer before the time-out of the check`);
}

/** Throws where the signal has fired already. */
export function demandRunning(signal: AbortSignal, where: string, trouble: Trouble = {}): void {
  if (signal.aborted) throw errorOfAbort(signal, where, trouble);
}

/** Settles as the promise does, unless the signal fires first. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal, explain: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(explain());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const done = (): void => signal.removeEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(done).catch(reject);
  });
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}
