/**
 * Where the real tools work: one folder with a home of its own, and two registries. Owns the folder and what runs;
 * `close` ends both. Nothing of the machine's own configuration reaches a tool.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, runTool } from '../toolbox/toolbox.ts';
import { type Registries, startRegistries } from './registries.ts';

const COMMAND_LIMIT_MS = 30_000;

export interface Lab {
  readonly folder: string;
  readonly registries: Registries;
  /** Runs a tool in the folder, bounded; a non-zero end is a value. */
  run(path: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same where a non-zero end is a failure of the test. */
  must(path: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  close(): Promise<void>;
}

/** Opens the folder and starts the registries. */
export async function openLab(distributionPath: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'image-trust-real-'));
  const home = join(folder, 'home');
  await mkdir(home);
  const surroundings = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    DOCKER_CONFIG: join(home, '.docker'),
    COSIGN_PASSWORD: '',
  };
  const run = async (path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runTool(path, args, { cwd: folder, env: { ...surroundings, ...env }, timeoutMs: COMMAND_LIMIT_MS });
  const registries = await startRegistries(distributionPath, folder);
  return {
    folder,
    registries,
    run,
    must: async (path, args, env) => {
      const ended = await run(path, args, env);
      if (ended.code === 0) return ended;
      throw new Error(`${path} ${args.join(' ')}\nended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
    },
    close: async () => {
      await registries.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
