/**
 * `image-trust operator` as the program declares it. What it runs on (the Kubernetes client, metrics, logs) is loaded
 * when it runs: that is a third of a second and 50 MB that no other command has to carry.
 */
import type { Command } from 'commander';
import { withoutGeneratedPart } from '../kube/lean-loading.ts';
import type { ExitCode } from './exit.ts';
import { declareOperatorFlags, type OperatorFlags } from './operator-flags.ts';
import type { Terminal } from './terminal.ts';

/** Declares the command. `end` is told the exit code. */
export function declareOperator(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = program
    .command('operator')
    .summary('run the controllers in a cluster')
    .description(
      'Runs the controllers: verifies the images that run, again and again, and publishes what it finds. Every flag can be given as a variable.',
    );
  declareOperatorFlags(command)
    .addHelpText('after', EXIT_CODES)
    .action(async (flags: OperatorFlags) => {
      const { runOperator } = await withoutGeneratedPart(() => import('./operator-command.ts'));
      end(await runOperator(flags, terminal, program.version() ?? ''));
    });
}

const EXIT_CODES = `
Exit codes of this command:
  0   ended by SIGTERM or SIGINT
  1   the Lease was lost to another replica: start again
  64  wrong usage, or a kubeconfig that cannot be used`;
