/** `image-trust generate` as the program declares it: flags, help, examples. */
import { type Command, Option } from 'commander';
import type { ExitCode } from './exit.ts';
import { repeated } from './flags.ts';
import { type GenerateFlags, runGenerate } from './generate.ts';
import { declareWorldFlags } from './scan-world.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Examples:
  # The Kyverno policies of everything in a folder, as the operator would write them
  image-trust generate -f policies/

  # What one policy needs of a cluster that has ClusterPolicy alone, applied
  image-trust generate -f policies/ --policy production --format ClusterPolicy | kubectl apply -f -

  # What would be enforced, and what Kyverno lets in or refuses otherwise, is told on standard error
  image-trust generate -f policies/ --mode Enforce > /dev/null

Exit codes of this command:
  0   every policy was printed
  1   at least one cannot be expressed in the format: why is said on standard error, the others were printed
  64  wrong usage or wrong input; nothing was printed`;

/** Declares the command. `end` is told the exit code. */
export function declareGenerate(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  declareWorldFlags(
    program
      .command('generate')
      .summary('print the Kyverno policies that enforce ImageTrustPolicies')
      .description(
        'Prints the Kyverno policy of each ImageTrustPolicy in the given manifests or cluster: what the operator keeps in a cluster. No registry is contacted.',
      ),
  )
    .addOption(
      new Option(
        '--format <KIND>',
        'kind of the policies, in place of the policies’ own (Auto: ImageValidatingPolicy)',
      ).choices(['ClusterPolicy', 'ImageValidatingPolicy']),
    )
    .addOption(
      new Option('--mode <MODE>', 'in place of the policies’ own (Progressive and Disabled: Audit)').choices([
        'Audit',
        'Enforce',
      ]),
    )
    .option('--policy <NAME>', 'only this ImageTrustPolicy (repeatable)', repeated, [])
    .addOption(
      new Option('-o, --output <FORMAT>', 'how the policies are written').choices(['yaml', 'json']).default('yaml'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (flags: GenerateFlags) => end(await runGenerate(flags, terminal)));
}
