/** A program of the toolbox that runs beside the tests: started when it answers, stopped and started again, ended by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that can be stopped and started again, on the same port. */
export interface Restartable {
  /** Asks it to end, and makes it after `patienceMs`; default 20 s. */
  stop(patienceMs?: number): Promise<void>;
  start(): Promise<void>;
  /** Of the process that runs, or ran last; 0 before the first start. */
  readonly pid: number;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** What to run. */
export interface Program {
  /** Where its output goes, as `NAME.log`. */
  readonly folder: string;
  readonly path: string;
  readonly flags: readonly string[];
  /** Does it answer? */
  readonly ready: () => Promise<boolean>;
  /** Beside the tests' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds from start to ready; default 60,000. */
  readonly within?: number;
}

/** A program that is not running yet; `start` returns when `ready` says so. */
export function program({ folder, path, flags, ready, env = {}, within = START_LIMIT_MS }: Program): Restartable {
  const name = path.split('/').at(-1) ?? path;
  const log = join(folder, `${name}.log`);
  let child: ChildProcess | undefined;
  return {
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const running = spawn(path, flags, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
      child = running;
      const output = createWriteStream(log, { flags: 'a' });
      running.stdout.pipe(output, { end: false });
      running.stderr.pipe(output, { end: false });
      let failed: Error | undefined;
      running.on('error', (error) => (failed = error));
      const deadline = Date.now() + within;
      while (!(await ready())) {
        const ended =
          failed ?? (running.exitCode === null ? undefined : new Error(`it ended with ${running.exitCode}`));
        if (ended !== undefined || Date.now() > deadline)
          throw new Error(
            `${name} does not start: ${(ended ?? new Error(`no answer within ${within / 1000} s`)).message}\n${tail(log)}`,
          );
        await delay(50);
      }
    },
    async stop(patienceMs = STOP_LIMIT_MS) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
}
