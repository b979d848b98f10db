/**
 * `image-trust scan`: flags in, result out. Reads everything and refuses everything that is wrong with it before it
 * verifies anything.
 */
import { type Command, Option } from 'commander';
import { type ScanResult, stateOf } from '../core/scan-result.ts';
import { EXIT, exitCodeOf, type ExitCode, UsageError } from './exit.ts';
import { repeated } from './flags.ts';
import { declareJudgingFlags, type JudgingFlags, judgeWorld } from './judging.ts';
import { renderScan, SCAN_FORMATS, type ScanFormat } from './formats.ts';
import {
  declarePullFlag,
  declareWorldFlags,
  type PullFlags,
  readScanWorld,
  type ScanWorld,
  type WorldFlags,
} from './scan-world.ts';
import type { Terminal } from './terminal.ts';

interface ScanFlags extends WorldFlags, PullFlags, JudgingFlags {
  readonly output: ScanFormat;
  readonly policy: readonly string[];
}

const EXAMPLES = `
Examples:
  # What would the policies in these manifests say of what runs in the cluster?
  kubectl get pods,deployments,replicasets -A -o yaml | image-trust scan -f policies/ -f -

  # What would fall if this key went, and what at the end of next year?
  image-trust scan -f cluster/ --without-key release-2025
  image-trust scan -f cluster/ --at 2027-12-31

  # What runs in a live cluster; and what would a policy say that is not applied yet?
  image-trust scan --context production
  image-trust scan --context production -f policies/next.yaml

  # Without a network: images from OCI layouts
  image-trust scan -f cluster/ --mirror registry.example.com=oci:/var/images -o policyreport`;

/** Declares the command. `end` is told the exit code. */
export function declareScan(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = declareWorldFlags(
    program
      .command('scan')
      .summary('judge all images of a cluster, live or described by manifests')
      .description(
        'Judges every image that the workloads of a cluster use by its ImageTrustPolicies. The cluster is a live one, or what the given manifests describe. Read-only.',
      ),
  )
    .addOption(new Option('-o, --output <FORMAT>', 'how the result is written').choices(SCAN_FORMATS).default('table'))
    .option('--policy <NAME>', 'only this ImageTrustPolicy (repeatable)', repeated, []);
  declareJudgingFlags(declarePullFlag(command))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ScanFlags) => end(await runScan(flags, terminal)));
}

async function runScan(flags: ScanFlags, terminal: Terminal): Promise<ExitCode> {
  const read = await readScanWorld(flags, terminal, 'scan');
  try {
    const { result, now } = await judgeWorld(select(read, flags), flags, terminal);
    terminal.stdout.write(renderScan(result, flags.output, { terminal, now }));
    return codeOf(result);
  } finally {
    await read.close();
  }
}

function select(world: ScanWorld, flags: ScanFlags): ScanWorld {
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
    throw new UsageError(
      'there is no ImageTrustPolicy, in the manifests or in the cluster that was given, so there is nothing to judge by',
    );
  if (flags.policy.length === 0) return world;
  return { ...world, policies: world.policies.filter((policy) => flags.policy.includes(policy.metadata.name)) };
}

function demandKnown(flag: string, asked: readonly string[], known: readonly string[]): void {
  const strange = asked.find((name) => !known.includes(name));
  if (strange === undefined) return;
  const there = known.length === 0 ? 'there is none' : `there is ${known.toSorted().join(', ')}`;
  throw new UsageError(`${flag} ${strange}: no such object (${there})`);
}

function codeOf(result: ScanResult): ExitCode {
  const states = result.rows.map(stateOf).filter((state) => state !== 'excepted');
  return states.length === 0 ? EXIT.trusted : exitCodeOf(states);
}
