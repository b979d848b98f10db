/**
 * Trust roots for the command line: from `--trusted-root`, or from the ConfigMaps in the manifests.
 */
import { Failure } from '../core/failure.ts';
import type { TrustRoot } from '../verify/signer.ts';
import { type MaterialLookup, staticTrustRoots, type TrustRoots } from '../verify/trust/material.ts';
import { parseTrustedRoot } from '../verify/trust/trusted-root.ts';
import { UsageError } from './exit.ts';
import { readText } from './files.ts';

/** Trust roots where `file`, if given, stands for keys that name none. Throws UsageError. */
export async function trustRootsOf(file: string | undefined, lookup: MaterialLookup, cwd: string): Promise<TrustRoots> {
  return staticTrustRoots(lookup, file === undefined ? undefined : await readTrustRoot(file, cwd));
}

/** A trusted root from a file. Throws UsageError. */
export async function readTrustRoot(file: string, cwd: string): Promise<TrustRoot> {
  const text = await readText(file, cwd);
  try {
    return parseTrustedRoot(text);
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
