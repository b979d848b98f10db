/**
 * The container image, without a container: the Dockerfile's steps in a scratch folder, and the program started in it
 * as the image's user, with nothing writable. As root the folder is the root of the process (chroot), so that what the
 * image lacks is lacking here too.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { manifestsIn, texts, valueAt } from '../config/kustomization.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { startOperator } from '../support/cluster/operator.ts';
import { eventually } from '../support/eventually.ts';
import { configOf, type ImageConfig, readDockerfile, replay, type Stage } from './dockerfile.ts';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');
const IS_ROOT = process.getuid?.() === 0;

let folder: string;
let root: string;
let stages: readonly Stage[];
let config: ImageConfig;
let files: readonly string[];
let cluster: Cluster;
const stack = new AsyncDisposableStack();

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A path in the image, as the program that runs in it finds it. */
function inside(path: string): string {
  return IS_ROOT ? path : join(root, path);
}

/** What starts the image's program, as the image's user. */
function command(): readonly string[] {
  const own = config.entrypoint.map(inside);
  return IS_ROOT ? ['chroot', `--userspec=${config.user}`, root, ...own] : own;
}

/** Nothing of this machine's environment but where `chroot` is. */
function environment(): Readonly<Record<string, string>> {
  return { ...config.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
}

/** Starts the image with these arguments in place of its CMD. */
async function start(args: readonly string[]): Promise<Ended> {
  const [file = '', ...rest] = [...command(), ...args];
  return run(file, rest, { env: environment(), timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  );
}

/** The arguments of the manager in config/manager. */
function deploymentArgs(): readonly string[] {
  const [deployment] = manifestsIn('config/manager/manager.yaml');
  return texts(valueAt(deployment?.object, 'spec', 'template', 'spec', 'containers', 0, 'args'));
}

async function setWritable(writable: boolean): Promise<void> {
  for (const path of [root, ...files.map((file) => join(root, file))]) {
    const { mode } = await stat(path);
    await chmod(path, writable ? mode | 0o200 : mode & ~0o222);
  }
}

async function filesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-trust-image-'));
  await chmod(folder, 0o755);
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  stages = readDockerfile(await readFile(join(project, 'Dockerfile'), 'utf8'));
  root = await replay(stages, project, folder);
  const last = stages.at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  config = configOf(last);
  await cp(join(project, 'test/fixtures/legacy2-k1'), join(root, 'tmp/layout'), { recursive: true });
  await cp(join(project, 'test/fixtures/keys/k1.pub'), join(root, 'tmp/k1.pub'));
  const embedded = await startCluster('embedded');
  if (embedded === undefined) throw new Error('the embedded cluster can always be had');
  cluster = stack.use(embedded);
  await cp(cluster.kubeconfig, join(root, 'tmp/kubeconfig'));
  await chmod(join(root, 'tmp/kubeconfig'), 0o644);
  files = await filesIn(root);
  await setWritable(false);
  stack.defer(() => setWritable(true));
}, 600_000);

afterAll(() => stack.disposeAsync());

describe.skipIf(process.platform !== 'linux')('the container image', () => {
  test('runs the program as an unprivileged user that is named by number', async () => {
    expect(config.user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    const { version }: { readonly version: string } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
    expect(await start(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('verifies a signed image with nothing but what it holds, on a file system that is read-only', async () => {
    const key = ['--key', inside('/tmp/k1.pub'), '--insecure-ignore-tlog', '--mirror'];
    const layout = `registry.example.com/app=oci:${inside('/tmp/layout')}`;
    const ended = await start(['verify', ...key, layout, 'registry.example.com/app:v1']);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toMatch(/registry\.example\.com\/app:v1 +verified +Verified/);
    expect(await filesIn(root)).toEqual(files);
  });

  test('lists every flag of the operator with its variable', async () => {
    const { code, stdout, stderr } = await start([...config.cmd, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    const flags = [...stdout.matchAll(/^ +--([a-z-]+)/gm)].map(([, flag = '']) => flag);
    expect(flags).toContain('leader-elect');
    const variables = flags.map((flag) => `IMAGE_TRUST_${flag.replaceAll('-', '_').toUpperCase()}`);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(variables.filter((variable) => !text.includes(variable))).toEqual([]);
  });

  test('takes the arguments of the Deployment, and says what it misses outside a cluster', async () => {
    const ended = await start(deploymentArgs());
    expect([ended.code, ended.stdout]).toEqual([64, '']);
    expect(ended.stderr).toMatch(/^image-trust: no cluster: expected a kubeconfig .* or a Pod with a ServiceAccount/);
  });

  test('runs the operator until SIGTERM, and writes nothing but to the cluster', async () => {
    const args = deploymentArgs().filter((arg) => arg.startsWith('--') && !arg.includes('bind-address'));
    expect(args).toContain('--leader-elect');
    await using operator = await startOperator({
      command: command(),
      env: environment(),
      kubeconfig: inside('/tmp/kubeconfig'),
      // In a Pod it is the Pod's own.
      args: [...args, '--leader-election-namespace=default'],
    });
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'default',
      name: 'image-trust-operator',
    };
    const holder = async (): Promise<unknown> => valueAt(await cluster.client.get(lease), 'spec', 'holderIdentity');
    await eventually(async () => expect(await holder()).toBeTruthy());
    const { code, tookMs } = await operator.end();
    expect({ code, output: operator.output() }).toMatchObject({ code: 0 });
    expect(tookMs).toBeLessThan(10_000);
    expect(await holder()).toBeFalsy();
    expect(await filesIn(root)).toEqual(files);
  });

  test('holds no shell, no package manager and nothing of the build', async () => {
    const outside = files.filter((file) => !/^(app|lib|lib64|usr\/lib|usr\/lib64)(\/|$)/.test(file));
    const executable: string[] = [];
    for (const file of outside) {
      const { mode } = await stat(join(root, file));
      expect(mode & 0o6000, `${file} is setuid or setgid`).toBe(0);
      if ((mode & 0o170_000) === 0o100_000 && (mode & 0o111) !== 0) executable.push(file);
    }
    expect(executable).toEqual(['usr/local/bin/node']);
    expect(files.filter((file) => ['npm', 'npx', 'corepack', 'yarn'].includes(basename(file)))).toEqual([]);
    const packages = files.filter((file) =>
      /^app\/node_modules\/(typescript|vitest|oxlint|node|@biomejs)\//.test(file),
    );
    expect(packages).toEqual([]);
    expect(files.filter((file) => file.startsWith('app/src') || file.startsWith('app/test'))).toEqual([]);
  });

  test('names every library that it holds to scanners', () => {
    const libraries = files.filter((file) => /\.so(\.\d+)*$/.test(file) && !file.startsWith('app/'));
    expect(libraries.length).toBeGreaterThan(3);
    expect(files).toContain('var/lib/dpkg/status.d/libc6');
    expect(files).toContain('var/lib/dpkg/status.d/libstdc++6');
  });
});

describe('the Dockerfile', () => {
  test('builds on one Node, the one of the packages, pinned by its version', async () => {
    const manifest: { readonly devDependencies: { readonly node: string } } = JSON.parse(
      await readFile(join(project, 'package.json'), 'utf8'),
    );
    const bases = new Set(stages.slice(0, -1).map(({ base }) => base));
    expect([...bases]).toEqual([`node:${manifest.devDependencies.node}-slim`]);
    expect(stages.at(-1)?.base).toBe('scratch');
  });

  test('may build the program on one platform for all: no package of it is native or runs a script', async () => {
    const lock: { readonly packages: Record<string, Record<string, unknown>> } = parse(
      await readFile(join(project, 'package-lock.json'), 'utf8'),
    );
    const native = Object.entries(lock.packages)
      .filter(([, entry]) => entry['dev'] !== true)
      .filter(([, entry]) => ['os', 'cpu', 'libc', 'hasInstallScript'].some((key) => key in entry))
      .map(([name]) => name);
    expect(native).toEqual([]);
    expect(files.filter((file) => file.endsWith('.node'))).toEqual([]);
  });
});
