/** The demo, held: a real cluster with the operator, the samples and their registry, for those who follow a guide. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { type GuideStep, isAsTold } from './guide.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

export interface HeldDemo extends AsyncDisposable {
  /** What a command prints in bash, with the settings that the demo names. */
  output(command: string): Promise<string>;
  /** Does a step of a guide; what only looks is asked again until the operator has caught up. Gives what was printed. */
  follow(step: GuideStep): Promise<string>;
}

/** Starts the demo; it stays until it is disposed of. */
export async function holdDemo(): Promise<HeldDemo> {
  const env = { ...process.env, CLUSTER: 'real', HOLD: '1' };
  const demo = spawn(process.execPath, [join(ROOT, 'test/demo/demo.ts')], { cwd: ROOT, env, stdio: 'pipe' });
  let said = '';
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const settings = await eventually(
    () => {
      const file = /^ {2}\. (\S+settings\.sh)$/m.exec(said)?.[1];
      if (file === undefined) throw new Error(`the demo says:\n${said.slice(-2000)}`);
      return file;
    },
    { within: 120_000, every: 200 },
  );
  const output = (command: string): Promise<string> => printed(`. ${settings}; ${command}`);
  return {
    output,
    follow(step) {
      const looks = /^(?:kubectl get|image-trust) /.test(step.command);
      const look = async (): Promise<string> => {
        const found = await output(step.command);
        if (!isAsTold(step, found)) throw new Error(`expected:\n${step.expected}\nfound:\n${found}`);
        return found;
      };
      return eventually(look, { within: looks ? 20_000 : 0, every: 500 });
    },
    async [Symbol.asyncDispose]() {
      if (demo.exitCode !== null || !demo.kill('SIGTERM')) return;
      await once(demo, 'exit');
    },
  };
}

/**
 * bash, since the settings hold functions. What counts is what is printed: `scan` ends with 1 where something is
 * rejected, `keys` with 2 where something could not be looked at, and the demo has one of each.
 */
async function printed(script: string): Promise<string> {
  try {
    return (await execute('/bin/bash', ['-c', script], { cwd: ROOT, timeout: 30_000 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 1 || error.code === 2) && 'stdout' in error)
      return String(error.stdout);
    throw error;
  }
}
