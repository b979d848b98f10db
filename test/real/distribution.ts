/**
 * The real distribution registry as a process on loopback: it takes pushes and has no referrers API, so that clients
 * write the fallback tag. Owns the process; ends only what it started.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;

export interface Distribution {
  /** host:port, plain HTTP. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts it on a port that the system picks, which its log names. Throws with its log where it does not come up. */
export async function startDistribution(path: string, folder: string): Promise<Distribution> {
  const config = join(folder, 'distribution.yml');
  const lines = [
    'version: 0.1',
    'log: {level: info, accesslog: {disabled: true}}',
    'storage: {inmemory: {}, delete: {enabled: true}}',
    'http: {addr: "127.0.0.1:0", secret: not-a-secret}',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const child = spawn(path, ['serve', config], {
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(hard);
  };
  let log = '';
  const host = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the distribution registry ${why}: ${log.slice(-1000)}`));
    const limit = setTimeout(() => fail('did not come up in time'), START_LIMIT_MS);
    child.once('error', reject);
    child.once('close', () => fail('ended at once'));
    child.stderr.on('data', (chunk: Buffer) => {
      // Only the start of the log is of use; the rest is read so that the pipe never fills.
      if (log.length < 20_000) log += chunk.toString();
      const listening = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (listening === undefined) return;
      clearTimeout(limit);
      resolve(listening);
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { host, stop };
}
