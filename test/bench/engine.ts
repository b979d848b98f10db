/**
 * The engine within this process, as the operator runs it: caches and memory of proofs stay from pass to pass. Counts
 * what passes cost: requests by status, signatures proven anew.
 */
import { readFile } from 'node:fs/promises';
import { loadManifests } from '../../src/core/manifests/load.ts';
import { type ManifestWorld, readWorld } from '../../src/core/manifests/world.ts';
import { createRegistrySource } from '../../src/registry/client.ts';
import { createPass } from '../../src/registry/pass.ts';
import { createProofMemo } from '../../src/verify/engine/memo.ts';
import { demandsOf } from '../../src/verify/engine/demands.ts';
import { verifyImage } from '../../src/verify/engine/verify.ts';
import { FAMILIES } from '../../src/verify/families.ts';
import type { Signer } from '../../src/verify/signer.ts';
import { type MaterialLookup, trustRootsOf } from '../../src/verify/trust/material.ts';
import { resolveSigner } from '../../src/verify/trust/signer.ts';
import type { PassContext } from '../../src/cli/pass.ts';
import { scan } from '../../src/cli/scan.ts';

/** One pass. */
export interface PassFigures {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly verified: number;
  /** Requests by status code, or `error`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Signatures whose proof was made, not remembered. */
  readonly proven: number;
}

/** An engine that stays. */
export interface Engine extends AsyncDisposable {
  pass(): Promise<PassFigures>;
  /** Milliseconds of one image after the other, each looked at as in a new pass and proven anew. */
  latencies(count: number): Promise<readonly number[]>;
}

const NO_WATCHER = { planned: (): void => undefined, decided: (): void => undefined };

/** Opens an engine over these manifest files. */
export async function openEngine(files: readonly string[], concurrency: number): Promise<Engine> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const { world, problems } = readWorld(texts.flatMap((text, at) => loadManifests(text, files[at] ?? '').documents));
  if (problems.length > 0) throw new Error(`the benchmark's manifests have problems: ${JSON.stringify(problems[0])}`);
  const requests = new Map<string, number>();
  const source = createRegistrySource({
    onRequest: ({ outcome }) => requests.set(String(outcome), (requests.get(String(outcome)) ?? 0) + 1),
  });
  const memo = createProofMemo();
  const context = (): PassContext => {
    const pass = createPass(source);
    const signal = new AbortController().signal;
    return {
      sourceFor: () => pass,
      signers: signersOf(world),
      doorOf: () => 'open',
      families: FAMILIES,
      memo,
      revocationSource: { statusOf: () => Promise.resolve({ state: 'none' }) },
      now: new Date(),
      signal,
      concurrency,
    };
  };
  return {
    async pass() {
      requests.clear();
      const before = memo.counts.made;
      const cpu = process.cpuUsage();
      const start = performance.now();
      const { rows } = await scan(world, context(), NO_WATCHER);
      const wallMs = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      const verified = rows.filter(
        ({ outcome }) => outcome.kind === 'judged' && outcome.verdict.state === 'verified',
      ).length;
      return {
        wallMs,
        cpuMs: (user + system) / 1000,
        verified,
        requests: Object.fromEntries(requests),
        proven: memo.counts.made - before,
      };
    },
    latencies: (count) => latenciesOf(world, context(), count),
    [Symbol.asyncDispose]: () => source.close(),
  };
}

async function latenciesOf(world: ManifestWorld, ctx: PassContext, count: number): Promise<readonly number[]> {
  const [policy] = world.policies;
  if (policy === undefined) throw new Error('no policy');
  const took: number[] = [];
  for (const { digest, reference } of world.uses.slice(0, count)) {
    if (digest === undefined) throw new Error('a use without a digest');
    const start = performance.now();
    const context = { ...ctx, memo: createProofMemo(), source: ctx.sourceFor(policy), followTags: false };
    const { verdict } = await verifyImage({ digest, references: [reference] }, demandsOf(policy), context);
    took.push(performance.now() - start);
    if (verdict.state !== 'verified') throw new Error(`not verified: ${verdict.message}`);
  }
  return took;
}

function signersOf(world: ManifestWorld): ReadonlyMap<string, Signer> {
  const lookup: MaterialLookup = { text: () => ({ ok: false, message: 'the key is given as PEM' }) };
  return new Map(world.trustedKeys.map((key) => [key.metadata.name, resolveSigner(key, lookup, trustRootsOf(lookup))]));
}
