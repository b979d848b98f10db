/**
 * The command line as a whole: commands, help, exit codes. Composition only; each command has a file of its own.
 */
import { Argument, Command, CommanderError, type Option } from 'commander';
import { isKubeFailure } from '../kube/failure.ts';
import { declareAudit } from './audit-command.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { declareGenerate } from './generate-declaration.ts';
import { declareImport } from './import-command.ts';
import { declareKeys } from './keys-command.ts';
import { declareOperator } from './operator-declaration.ts';
import { declareScan } from './scan-command.ts';
import type { Terminal } from './terminal.ts';
import { declareVerify } from './verify-command.ts';

const EXIT_CODES = `
Exit codes:
  0   every image that was looked at is trusted
  1   at least one is rejected
  2   none is rejected, at least one could not be checked
  64  wrong usage or wrong input; nothing was verified`;

/** Runs the command line to its end. Never throws for what a user can give. */
export async function runProgram(args: readonly string[], terminal: Terminal, version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.trusted;
  const program = createProgram(terminal, version, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return codeOfError(error, terminal);
  }
}

function createProgram(terminal: Terminal, version: string, end: (code: ExitCode) => void): Command {
  const program = new Command('image-trust')
    .description(
      'Says whether container images are signed by those whom you trust: now, not only when they were admitted.',
    )
    .version(version)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES);
  declareVerify(program, terminal, end);
  declareScan(program, terminal, end);
  declareKeys(program, terminal, end);
  declareGenerate(program, terminal, end);
  declareImport(program, terminal, end);
  declareAudit(program, terminal, end);
  declareOperator(program, terminal, end);
  const shell = new Argument('<shell>', 'the shell to complete for').choices(SHELLS);
  program
    .command('completion')
    .summary('print a shell completion script')
    .description('Prints a completion script. bash: source <(image-trust completion bash)')
    .addArgument(shell)
    .action((name: Shell) => terminal.stdout.write(completionScript(program, name)));
  return program;
}

/** A repeatable flag starts empty: that is no default worth a word. */
function describeOption(option: Option): string {
  const choices = option.argChoices === undefined ? [] : [`one of ${option.argChoices.join(', ')}`];
  const { defaultValue, defaultValueDescription = String(defaultValue) } = option;
  const empty =
    defaultValue === undefined || (typeof defaultValue === 'object' && Object.keys(defaultValue).length === 0);
  const variable = option.envVar === undefined ? [] : [`env ${option.envVar}`];
  const notes = [...choices, ...(empty ? [] : [`default ${defaultValueDescription}`]), ...variable];
  return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

function codeOfError(error: unknown, terminal: Terminal): ExitCode {
  // commander has printed what was wrong; its code 0 is that of --help and --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.trusted : EXIT.usage;
  if (error instanceof UsageError) {
    terminal.stderr.write(`image-trust: ${error.message}\n`);
    return EXIT.usage;
  }
  if (isKubeFailure(error)) {
    terminal.stderr.write(`image-trust: the cluster could not be read, nothing was verified: ${error.message}\n`);
    return EXIT.unknown;
  }
  if (terminal.signal.aborted) {
    terminal.stderr.write('image-trust: interrupted\n');
    return EXIT.interrupted;
  }
  throw error;
}
