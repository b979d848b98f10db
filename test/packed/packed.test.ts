/** What `npm pack` ships: installed into an empty folder it works, and under a Node that is too old it says so. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
let folder: string;
let bin: string;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function imageTrust(args: readonly string[], node: readonly string[] = []): Promise<Ended> {
  return run(process.execPath, [...node, bin, ...args], { cwd: root, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-trust-packed-'));
  await run('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], { cwd: root, timeout: 120_000 });
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{"private": true}');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', `./${tarball}`];
  await run('npm', install, { cwd: folder, timeout: 240_000 });
  bin = join(folder, 'node_modules/.bin/image-trust');
}, 400_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed command line', () => {
  const mirror = ['--mirror', 'registry.example.com/app=oci:test/fixtures/legacy2-k1'];

  test('judges an image', async () => {
    const key = ['--key', 'test/fixtures/keys/k1.pub', '--insecure-ignore-tlog'];
    const { code, stdout, stderr } = await imageTrust(['verify', 'registry.example.com/app:v1', ...key, ...mirror]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/registry\.example\.com\/app:v1 +verified +Verified/);
  });

  test('rejects with exit code 1', async () => {
    const key = ['--key', 'test/fixtures/keys/other.pub', '--insecure-ignore-tlog'];
    expect((await imageTrust(['verify', 'registry.example.com/app:v1', ...key, ...mirror])).code).toBe(1);
  });

  test('says its version', async () => {
    expect((await imageTrust(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each(['v12.22.0', 'v20.20.2', 'v22.22.1', 'v23.11.0', 'v24.14.9', 'v25.9.0'])(
    'under Node %s says in one line what it needs',
    async (version) => {
      const preload = join(folder, `${version}.cjs`);
      await writeFile(preload, `Object.defineProperty(process, 'version', { value: ${JSON.stringify(version)} });`);
      const { code, stdout, stderr } = await imageTrust(['--version'], ['--require', preload]);
      expect([code, stdout]).toEqual([64, '']);
      expect(stderr).toBe(`image-trust: needs Node 22.22.2, 24.15.0 or 26.0.0 and later, found ${version}\n`);
    },
  );

  test.each(['v22.22.2', 'v24.15.0', 'v26.0.0', 'v28.1.0'])('under Node %s runs', async (version) => {
    const preload = join(folder, `${version}.cjs`);
    await writeFile(preload, `Object.defineProperty(process, 'version', { value: ${JSON.stringify(version)} });`);
    expect((await imageTrust(['--version'], ['--require', preload])).code).toBe(0);
  });
});
