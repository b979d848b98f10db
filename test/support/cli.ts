/** Runs the product's own command line in this process, with streams that remember what was written. */
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: Date;
  readonly signal?: AbortSignal;
  readonly isTerminal?: boolean;
}

/** `image-trust ARGS`, ended. */
export async function imageTrust(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const isTerminal = options.isTerminal ?? false;
  const terminal: Terminal = {
    stdout: { write: (text) => void (stdout += text), isTerminal },
    stderr: { write: (text) => void (stderr += text), isTerminal },
    // No docker config of whoever runs the tests.
    env: { DOCKER_CONFIG: '/nonexistent', ...options.env },
    cwd: options.cwd ?? process.cwd(),
    stdin: () => chunksOf(options.stdin ?? ''),
    now: () => options.now ?? new Date('2026-11-21T12:00:00Z'),
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await runProgram(args, terminal, '0.0.0-test');
  return { code, stdout, stderr };
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  if (text !== '') yield Buffer.from(text);
}
