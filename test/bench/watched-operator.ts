/** The operator as a process of its own that tells what it uses while it runs. Ended by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { configOf, readDockerfile } from '../packed/dockerfile.ts';

/** What the process used, at a moment. Milliseconds and bytes; the stall is the longest since the sample before. */
export interface Sample {
  /** As Date.now(). */
  readonly at: number;
  readonly rss: number;
  readonly peakRss: number;
  readonly cpuMs: number;
  readonly stallMs: number;
  /** Requests begun so far, by origin. */
  readonly requests: Readonly<Record<string, number>>;
}

/** A line of the log. */
export interface LogLine {
  readonly at: number;
  readonly message: string;
}

export interface WatchedOperator extends AsyncDisposable {
  readonly pid: number;
  /** When it was started, as Date.now(). */
  readonly startedAt: number;
  readonly samples: readonly Sample[];
  readonly log: readonly LogLine[];
  /** The end of what it printed. */
  tail(): string;
  /** Throws where the process has ended. */
  demandAlive(): void;
}

const WATCH = fileURLToPath(new URL('watch-process.mjs', import.meta.url));
const DOCKERFILE = new URL('../../Dockerfile', import.meta.url);
const STOP_LIMIT_MS = 15_000;
const TAIL_LINES = 20;

/** Starts `image-trust operator`, without servers: ports are not what is measured. */
export function startWatchedOperator(entry: string, args: readonly string[]): WatchedOperator {
  const startedAt = Date.now();
  const servers = ['--metrics-bind-address=0', '--health-probe-bind-address=0'];
  const child = spawn(process.execPath, ['--import', WATCH, entry, 'operator', ...servers, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environmentOfImage() },
  });
  const samples: Sample[] = [];
  const log: LogLine[] = [];
  const last: string[] = [];
  const each = (stream: unknown, take: (line: string) => void): void =>
    void createInterface({ input: stream as NodeJS.ReadableStream }).on('line', take);
  const printed = (line: string): void => {
    last.push(line);
    if (last.length > TAIL_LINES) last.shift();
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
    if (message !== undefined) log.push({ at: Date.now(), message });
  };
  each(child.stdout, printed);
  each(child.stderr, printed);
  each(child.stdio[3], (line) => samples.push(JSON.parse(line) as Sample));
  return {
    pid: child.pid ?? 0,
    startedAt,
    samples,
    log,
    tail: () => last.join('\n'),
    demandAlive(): void {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the operator ended with ${child.exitCode ?? child.signalCode}:\n${last.join('\n')}`);
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** The process runs as the image runs it: what the Dockerfile sets decides about memory. */
function environmentOfImage(): Readonly<Record<string, string>> {
  const last = readDockerfile(readFileSync(DOCKERFILE, 'utf8')).at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  return configOf(last).env;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
