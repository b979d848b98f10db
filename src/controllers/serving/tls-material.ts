/**
 * Certificate and key of a server, from a folder that somebody else keeps up to date (a mounted Secret), re-read while
 * we run. Owns the reading; must never put a pair in place that does not belong together.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../core/clock.ts';

/** PEM texts: the certificate with its chain, and its key. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/** Reads `tls.crt` and `tls.key`. Rejects with a sentence that names the folder where they are missing or no pair. */
export async function readTlsMaterial(folder: string): Promise<TlsMaterial> {
  try {
    const [cert, key] = await Promise.all([
      readFile(join(folder, 'tls.crt'), 'utf8'),
      readFile(join(folder, 'tls.key'), 'utf8'),
    ]);
    // Throws for texts that are no PEM, and for a key that is not the certificate's.
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : 'something else';
    throw new Error(`${folder}: expected tls.crt and its tls.key, found: ${found}`, { cause });
  }
}

/** What looks for a renewed certificate is made of. */
export interface TlsWatchOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onChange: (material: TlsMaterial) => void;
  /** Told once of a pair that cannot be used; the old one stays. */
  readonly onError: (error: unknown) => void;
}

/** A kubelet renews a mounted Secret within about a minute; there is no event to wait for that every file system has. */
const LOOK_MS = 10_000;

/** Looks again and again until the signal fires. Never rejects. */
export async function watchTlsMaterial(current: TlsMaterial, options: TlsWatchOptions): Promise<void> {
  const { folder, clock, signal, onChange, onError } = options;
  let known = current;
  let failed = false;
  const look = async (): Promise<void> => {
    try {
      const material = await readTlsMaterial(folder);
      failed = false;
      if (material.cert === known.cert && material.key === known.key) return;
      known = material;
      onChange(material);
    } catch (error) {
      // Between two writes the pair may not match for a moment: the next look will see.
      if (!failed) onError(error);
      failed = true;
    }
  };
  while (await slept(clock, signal)) await look();
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(LOOK_MS, signal).then(
    () => !signal.aborted,
    () => false,
  );
}
