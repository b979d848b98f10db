/**
 * The operator as a process of its own, as it runs in a Pod: `image-trust operator` with its flags. Gives what it says
 * (logs, metrics, probes) and ends it; nothing here looks into it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePorts } from '../free-ports.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

/** A sample of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Operator extends AsyncDisposable {
  readonly pid: number;
  readonly metricsUrl: string;
  readonly probesUrl: string;
  /** Everything that was printed, as text. */
  output(): string;
  /** Lines of the log that are JSON, as objects. */
  logs(): readonly Readonly<Record<string, unknown>>[];
  metrics(): Promise<readonly Sample[]>;
  /** The sum of the samples of a metric with these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  isReady(): Promise<boolean>;
  /** Sends a signal and waits for the end; gives the exit code, null after a signal that kills. */
  end(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

/** Starts the operator; it is ready when this returns, unless `ready` is false. */
export async function startOperator(options: {
  /** Path of a kubeconfig, as the operator finds it. */
  readonly kubeconfig: string;
  /** What starts `image-trust`. Default: this Node with the sources. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
}): Promise<Operator> {
  const [metricsPort, probesPort] = await freePorts(2);
  const flags = [
    `--kubeconfig=${options.kubeconfig}`,
    `--metrics-bind-address=127.0.0.1:${metricsPort}`,
    `--health-probe-bind-address=127.0.0.1:${probesPort}`,
  ];
  const [program = '', ...own] = options.command ?? [process.execPath, MAIN];
  const child = spawn(program, [...own, 'operator', ...flags, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const chunks: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const operator = handle(child, chunks, `http://127.0.0.1:${metricsPort}`, `http://127.0.0.1:${probesPort}`);
  if (options.ready !== false) await untilReady(child, operator);
  return operator;
}

async function untilReady(child: ChildProcess, operator: Operator): Promise<void> {
  const settled = async (): Promise<void> => {
    if (child.exitCode === null && !(await operator.isReady())) throw new Error('/readyz does not say so');
  };
  try {
    await eventually(settled, { within: START_LIMIT_MS });
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
  } catch (error) {
    await operator.end('SIGKILL');
    throw new Error(`the operator does not get ready:\n${operator.output()}`, { cause: error });
  }
}

function handle(child: ChildProcess, chunks: readonly string[], metricsUrl: string, probesUrl: string): Operator {
  const metrics = async (): Promise<readonly Sample[]> =>
    samplesOf(await (await fetch(`${metricsUrl}/metrics`)).text());
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; tookMs: number }> => {
    const began = Date.now();
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    }
    return { code: child.exitCode, tookMs: Date.now() - began };
  };
  return {
    pid: child.pid ?? 0,
    metricsUrl,
    probesUrl,
    output: () => chunks.join(''),
    logs: () => jsonLines(chunks.join('')),
    metrics,
    async metric(name, labels = {}) {
      const fits = (sample: Sample): boolean =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
      return (await metrics()).filter(fits).reduce((sum, { value }) => sum + value, 0);
    },
    isReady: () =>
      fetch(`${probesUrl}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

function jsonLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The text format of Prometheus, as far as samples go. */
export function samplesOf(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found === null) return [];
    const [, name = '', list = '', value = ''] = found;
    const labels = [...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, key = '', text_ = '']) => [key, text_] as const,
    );
    return [{ name, labels: Object.fromEntries(labels), value: Number(value) }];
  });
}
