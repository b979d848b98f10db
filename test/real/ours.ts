/**
 * Our side of a comparison: the product's own command line, in this process for speed, or as the process that a user
 * starts. Reads the JSON that users read; must never reach into the engine.
 */
import { join } from 'node:path';
import type { Reason, VerdictState } from '../../src/api/reasons.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { runTool } from '../toolbox/toolbox.ts';

/** What our command line said of one image; `WrongInput` where it refused what it was given. */
export interface OurVerdict {
  readonly state: VerdictState | 'none';
  readonly reason: Reason | 'WrongInput';
  readonly message: string;
}

const CODE_OF: Readonly<Record<OurVerdict['state'], number>> = { verified: 0, rejected: 1, unknown: 2, none: 64 };

/** `image-trust verify` with these arguments, in this process. */
export async function judgeHere(args: readonly string[], cwd: string): Promise<OurVerdict> {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    stdout: { write: (text) => void (stdout += text), isTerminal: false },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    env: {},
    cwd,
    stdin: async function* () {},
    now: () => new Date(),
    signal: new AbortController().signal,
  };
  const code = await runProgram(['verify', '-o', 'json', ...args], terminal, '0.0.0-test');
  return verdictIn({ code, stdout, stderr }, args);
}

/** The same as a process of its own. */
export async function judgeInProcess(args: readonly string[], cwd: string): Promise<OurVerdict> {
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  return verdictIn(await runTool(process.execPath, [main, 'verify', '-o', 'json', ...args], { cwd }), args);
}

function verdictIn(ended: { code: number; stdout: string; stderr: string }, args: readonly string[]): OurVerdict {
  const { code, stdout, stderr } = ended;
  if (code === CODE_OF.none) return { state: 'none', reason: 'WrongInput', message: stderr };
  if (code > CODE_OF.unknown) throw new Error(`image-trust verify ${args.join(' ')} ended with ${code}: ${stderr}`);
  const { results } = JSON.parse(stdout) as { results: readonly OurVerdict[] };
  const [result] = results;
  if (result === undefined) throw new Error(`image-trust verify printed no result: ${stdout}`);
  if (CODE_OF[result.state] !== code) throw new Error(`exit code ${code} does not fit the state ${result.state}`);
  return result;
}
