/** Child processes of the benchmark: each is bounded in time, and ended by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A registry in a process of its own. */
export interface RegistryProcess extends AsyncDisposable {
  /** 127.0.0.1:PORT. */
  readonly host: string;
}

/** What a measured run of the product used. Times in milliseconds, memory in bytes. */
export interface Usage {
  readonly code: number;
  readonly stdout: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRss: number;
}

const START_MS = 20_000;
const RUN_MS = 120_000;
const USAGE = fileURLToPath(new URL('usage.mjs', import.meta.url));

/**
 * `crane registry serve`: a real registry in memory, of other people's making, that both tools ask. It logs every
 * request, a line each, to nowhere or to a file: somebody who reads would be a third process on the machine's cores.
 */
export async function startCraneRegistry(crane: string, log?: string): Promise<RegistryProcess> {
  const host = `127.0.0.1:${await freePort()}`;
  const output = log === undefined ? 'ignore' : openSync(log, 'w');
  const child = spawn(crane, ['registry', 'serve', '--address', host], { stdio: ['ignore', output, output] });
  if (typeof output === 'number') closeSync(output);
  const registry = { host, [Symbol.asyncDispose]: () => ended(child) };
  const deadline = performance.now() + START_MS;
  while (!(await answers(host))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await ended(child);
      throw new Error(`the registry did not start on ${host} (exit code ${child.exitCode})`);
    }
    await setTimeout(20);
  }
  return registry;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

/** Runs the product's command line, `image-trust ARGS`, as a user's shell would: a new process each time. */
export async function runImageTrust(entry: string, args: readonly string[]): Promise<Usage> {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', USAGE, entry, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    timeout: RUN_MS,
  });
  const [stdout, usage] = [textOf(child.stdout), textOf(child.stdio[3] as NodeJS.ReadableStream)];
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => resolve(status ?? 255));
  });
  const wallMs = performance.now() - start;
  const { maxRSS, cpu } = JSON.parse(await usage) as { maxRSS: number; cpu: number };
  return { code, stdout: await stdout, wallMs, cpuMs: cpu / 1000, peakRss: maxRSS * 1024 };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
