/**
 * `image-trust scan`: flags in, result out. Reads everything and refuses everything that is wrong with it before it
 * verifies anything.
 */
import { type Command, Option } from 'commander';
import { readWorld, type ManifestWorld } from '../core/manifests/world.ts';
import type { LoadedManifests } from '../core/manifests/load.ts';
import { loadManifestChunks } from '../core/manifests/load-chunks.ts';
import { formatProblem } from '../core/manifests/problem.ts';
import { type ScanResult, stateOf } from '../core/scan-result.ts';
import { createPass } from '../registry/pass.ts';
import { FAMILIES } from '../verify/families.ts';
import { createProofMemo } from '../verify/engine/memo.ts';
import { EXIT, exitCodeOf, type ExitCode, UsageError } from './exit.ts';
import { readInputs } from './files.ts';
import { concurrency, moment, repeated, timeout } from './flags.ts';
import type { PassContext } from './pass.ts';
import { type Progress, startProgress } from './progress.ts';
import { declareRegistryFlags, type RegistryFlags } from './registry-flags.ts';
import { openSources } from './policy-sources.ts';
import { renderScan, SCAN_FORMATS, type ScanFormat } from './formats.ts';
import { scan } from './scan.ts';
import { materialsOfWorld } from './world-materials.ts';
import { signersOfWorld } from './world-signers.ts';
import type { Terminal } from './terminal.ts';

interface ScanFlags extends RegistryFlags {
  readonly filename: readonly string[];
  readonly output: ScanFormat;
  readonly policy: readonly string[];
  readonly withoutKey: readonly string[];
  readonly at?: Date;
  readonly trustedRoot?: string;
  readonly timeout?: number;
  readonly concurrency: number;
}

const EXAMPLES = `
Examples:
  # What would the policies in these manifests say of what runs in the cluster?
  kubectl get pods,deployments,replicasets -A -o yaml | image-trust scan -f policies/ -f -

  # What would fall if this key went, and what at the end of next year?
  image-trust scan -f cluster/ --without-key release-2025
  image-trust scan -f cluster/ --at 2027-12-31

  # Without a network: images from OCI layouts
  image-trust scan -f cluster/ --mirror registry.example.com=oci:/var/images -o policyreport`;

/** Declares the command. `end` is told the exit code. */
export function declareScan(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = program
    .command('scan')
    .summary('judge all images of a cluster that manifests describe')
    .description(
      'Judges every image that the workloads in the given manifests use by the ImageTrustPolicies in them. Read-only.',
    )
    .requiredOption(
      '-f, --filename <FILE|DIR|->',
      'manifests: policies, keys, what they refer to, workloads (repeatable)',
      repeated,
      [],
    )
    .addOption(new Option('-o, --output <FORMAT>', 'how the result is written').choices(SCAN_FORMATS).default('table'))
    .option('--policy <NAME>', 'only this ImageTrustPolicy (repeatable)', repeated, [])
    .option('--without-key <NAME>', 'as if this TrustedKey were revoked: what would fall? (repeatable)', repeated, [])
    .option('--at <TIME>', 'judge as of this time (RFC 3339 or a date)', moment)
    .option('--trusted-root <FILE>', 'Sigstore trusted_root.json for keys that do not name one')
    .option('--timeout <DURATION>', 'for one image, in place of the policies’ own', timeout)
    .option('--concurrency <N>', 'images under way at once', concurrency, 16);
  declareRegistryFlags(command)
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ScanFlags) => end(await runScan(flags, terminal)));
}

async function runScan(flags: ScanFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.filename.length === 0) throw new UsageError('scan: give manifests with -f FILE, -f DIR or -f -');
  const world = select(await readManifests(flags, terminal), flags);
  const materials = materialsOfWorld(world);
  const signers = await signersOfWorld(world, materials, flags, terminal);
  const sources = await openSources(world, materials, flags, terminal);
  const passes = new Map(sources.all.map((source) => [source, createPass(source)]));
  const ctx: PassContext = {
    sourceFor: (policy) => passes.get(sources.sourceFor(policy)) ?? sources.sourceFor(policy),
    signers,
    families: FAMILIES,
    memo: createProofMemo(),
    now: flags.at ?? terminal.now(),
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
    terminal.stdout.write(renderScan(result, flags.output, { terminal, now: ctx.now }));
    return codeOf(result);
  } finally {
    await sources.close();
  }
}

/** Everything that is wrong with the manifests is said at once, and then nothing is verified. */
async function readManifests(flags: ScanFlags, terminal: Terminal): Promise<ManifestWorld> {
  const inputs = await readInputs(flags.filename, terminal);
  const loaded: LoadedManifests[] = [];
  for (const { name, chunks } of inputs) loaded.push(await loadManifestChunks(chunks, name));
  const { world, problems } = readWorld(loaded.flatMap(({ documents }) => documents));
  const all = [...loaded.flatMap((file) => file.problems), ...problems];
  if (all.length === 0) return world;
  const count = all.length === 1 ? '1 problem' : `${all.length} problems`;
  throw new UsageError(`${count} in the manifests, nothing was verified\n${all.map(formatProblem).join('\n')}`);
}

function select(world: ManifestWorld, flags: ScanFlags): ManifestWorld {
  demandKnown(
    '--policy',
    flags.policy,
    world.policies.map((policy) => policy.metadata.name),
  );
  demandKnown(
    '--without-key',
    flags.withoutKey,
    world.trustedKeys.map((key) => key.metadata.name),
  );
  if (world.policies.length === 0)
    throw new UsageError('the manifests hold no ImageTrustPolicy, so there is nothing to judge by');
  if (flags.policy.length === 0) return world;
  return { ...world, policies: world.policies.filter((policy) => flags.policy.includes(policy.metadata.name)) };
}

function demandKnown(flag: string, asked: readonly string[], known: readonly string[]): void {
  const strange = asked.find((name) => !known.includes(name));
  if (strange === undefined) return;
  const there = known.length === 0 ? 'there is none' : `there is ${known.toSorted().join(', ')}`;
  throw new UsageError(`${flag} ${strange}: no such object in the manifests (${there})`);
}

function codeOf(result: ScanResult): ExitCode {
  const states = result.rows.map(stateOf).filter((state) => state !== 'excepted');
  return states.length === 0 ? EXIT.trusted : exitCodeOf(states);
}
