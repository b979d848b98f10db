/**
 * One pass over a world, for every command that judges one: the flags that say how, and the parts that it takes.
 * Composition; decides nothing itself.
 */
import type { Command } from 'commander';
import type { ManifestWorld } from '../core/manifests/world.ts';
import type { ScanResult } from '../core/scan-result.ts';
import { createPass } from '../registry/pass.ts';
import { createProofMemo } from '../verify/engine/memo.ts';
import { FAMILIES } from '../verify/families.ts';
import { concurrency, moment, repeated, timeout } from './flags.ts';
import type { PassContext } from './pass.ts';
import { openSources } from './policy-sources.ts';
import { type Progress, startProgress } from './progress.ts';
import { declareRegistryFlags, openRevocation, type RegistryFlags } from './registry-flags.ts';
import { scan } from './scan.ts';
import type { ScanWorld } from './scan-world.ts';
import type { Terminal } from './terminal.ts';
import { doorsOf } from './world-doors.ts';
import { materialsOfWorld } from './world-materials.ts';
import { declareTrustRootFlags, type TrustRootFlags } from './trust-roots.ts';
import { signersOfWorld, type WorldSigners } from './world-signers.ts';

/** How a world is judged. */
export interface JudgingFlags extends RegistryFlags, TrustRootFlags {
  readonly withoutKey: readonly string[];
  readonly at?: Date;
  readonly timeout?: number;
  readonly concurrency: number;
}

/** What a pass came to, and by whose keys. */
export interface Judged extends WorldSigners {
  readonly result: ScanResult;
  /** The time as of which it was judged. */
  readonly now: Date;
}

/** Declares the flags. */
export function declareJudgingFlags(command: Command): Command {
  declareTrustRootFlags(
    command
      .option('--without-key <NAME>', 'as if this TrustedKey were revoked: what would fall? (repeatable)', repeated, [])
      .option('--at <TIME>', 'judge as of this time (RFC 3339 or a date)', moment),
  );
  return declareRegistryFlags(
    command
      .option('--timeout <DURATION>', 'for one image, in place of the policies’ own', timeout)
      .option('--concurrency <N>', 'images under way at once', concurrency, 16),
  );
}

/** Judges everything that runs in the world. Throws UsageError. */
export async function judgeWorld(
  world: ManifestWorld & Pick<ScanWorld, 'podCredentials'>,
  flags: JudgingFlags,
  terminal: Terminal,
): Promise<Judged> {
  const materials = materialsOfWorld(world);
  const opened = await signersOfWorld(world, materials, flags, terminal);
  const sources = await openSources(world, materials, flags, terminal);
  const revocation = await openRevocation(flags, terminal);
  const now = flags.at ?? terminal.now();
  const passes = new Map(sources.all.map((source) => [source, createPass(source)]));
  const ctx: PassContext = {
    sourceFor: (policy) => passes.get(sources.sourceFor(policy)) ?? sources.sourceFor(policy),
    signers: opened.signers,
    doorOf: doorsOf(world, { materials, withoutKey: flags.withoutKey, now }),
    families: FAMILIES,
    memo: createProofMemo(),
    revocationSource: revocation.source,
    now,
    signal: terminal.signal,
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    concurrency: flags.concurrency,
  };
  let progress: Progress | undefined;
  try {
    const result = await scan(world, ctx, {
      planned: (tasks) => (progress = startProgress(tasks, 'verifying', terminal)),
      decided: () => progress?.done(),
    });
    progress?.end();
    return { ...opened, result, now };
  } finally {
    await Promise.all([sources.close(), revocation.close()]);
  }
}
