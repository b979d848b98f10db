/**
 * How the real tools come onto the machine: the environment, else a cache outside the checkout keyed by version, else
 * a Go build into that cache. The one place that knows; every suite that needs a real tool asks here.
 * Must never download a binary, and never build the same version twice on one machine.
 */
import { execFile, spawn } from 'node:child_process';
import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A tool: the Go module beside this file that pins it, and the package that is its main or a file that it ships. */
interface Tool {
  readonly module: string;
  /** A package to build, or a path below `versionOf` to copy. */
  readonly package: string;
  /** The module path whose version in go.mod is the tool's version. */
  readonly versionOf: string;
  /** The folder in the cache, without its version, where several tools share one. Default: the tool's name. */
  readonly folder?: string;
  /** Further linker flags. */
  readonly ldflags?: (version: string) => string;
  /** Minutes of a cold build on two cores. */
  readonly minutes: number;
}

/** What calls itself v0.0.0 fails the version checks of clients. */
const kubernetesVersion = (version: string): string => {
  const [major, minor] = version.split('.');
  const at = 'k8s.io/component-base/version';
  return `-X ${at}.gitVersion=v${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`;
};
const kyvernoModule = {
  module: 'kyverno',
  versionOf: 'github.com/kyverno/kyverno',
  folder: 'kyverno',
  ldflags: (version: string): string => `-X github.com/kyverno/kyverno/pkg/version.BuildVersion=v${version}`,
} as const;
const controlPlane = { module: 'controlplane', versionOf: 'k8s.io/kubernetes', folder: 'controlplane' } as const;

/** The tools that can be had. */
export const TOOLS = {
  'kube-apiserver': {
    ...controlPlane,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    ldflags: kubernetesVersion,
    minutes: 4,
  },
  'kube-controller-manager': {
    ...controlPlane,
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    ldflags: kubernetesVersion,
    minutes: 1,
  },
  kubectl: { ...controlPlane, package: 'k8s.io/kubernetes/cmd/kubectl', ldflags: kubernetesVersion, minutes: 1 },
  etcd: { ...controlPlane, package: 'go.etcd.io/etcd/server/v3', minutes: 1 },
  kyverno: { ...kyvernoModule, package: 'github.com/kyverno/kyverno/cmd/kyverno', minutes: 4 },
  'kyverno-install.yaml': {
    module: 'kyverno',
    versionOf: 'github.com/kyverno/kyverno',
    folder: 'kyverno',
    package: 'config/install-latest-testing.yaml',
    minutes: 1,
  },
  'kubectl-kyverno': { ...kyvernoModule, package: 'github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno', minutes: 1 },
  'reports-controller': { ...kyvernoModule, package: 'github.com/kyverno/kyverno/cmd/reports-controller', minutes: 1 },
  promtool: {
    module: 'prometheus',
    package: 'github.com/prometheus/prometheus/cmd/promtool',
    versionOf: 'github.com/prometheus/prometheus',
    minutes: 4,
  },
  prometheus: {
    module: 'prometheus',
    package: 'github.com/prometheus/prometheus/cmd/prometheus',
    versionOf: 'github.com/prometheus/prometheus',
    minutes: 1,
  },
  glua: {
    module: 'lua',
    package: 'github.com/yuin/gopher-lua/cmd/glua',
    versionOf: 'github.com/yuin/gopher-lua',
    minutes: 1,
  },
  cosign: {
    module: 'oracles',
    package: 'github.com/sigstore/cosign/v3/cmd/cosign',
    versionOf: 'github.com/sigstore/cosign/v3',
    minutes: 2,
  },
  notation: {
    module: 'oracles',
    package: 'github.com/notaryproject/notation/cmd/notation',
    versionOf: 'github.com/notaryproject/notation',
    minutes: 1,
  },
  crane: {
    module: 'oracles',
    package: 'github.com/google/go-containerregistry/cmd/crane',
    versionOf: 'github.com/google/go-containerregistry',
    minutes: 1,
  },
  registry: {
    module: 'oracles',
    package: 'github.com/distribution/distribution/v3/cmd/registry',
    versionOf: 'github.com/distribution/distribution/v3',
    minutes: 1,
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** Paths of the tools, or why they cannot be had. */
export type Toolbox<N extends ToolName> =
  | { readonly ready: true; readonly path: (name: N) => string }
  | { readonly ready: false; readonly why: string };

const run = promisify(execFile);
const BUILD_LIMIT_MS = 30 * 60_000;
const LOCK_POLL_MS = 500;

/** The tools, built where they are missing. With CI=true it throws where they cannot be had; else it says so loudly. */
export async function toolbox<N extends ToolName>(...names: readonly N[]): Promise<Toolbox<N>> {
  try {
    const paths = new Map<N, string>();
    for (const name of names) paths.set(name, await pathOf(name));
    return { ready: true, path: (name) => paths.get(name) ?? name };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (process.env['CI'] === 'true') throw new Error(`real tools are required with CI=true: ${why}`, { cause: error });
    process.stderr.write(`\n!!! SKIPPED: no real ${names.join(', ')}: ${why}\n\n`);
    return { ready: false, why };
  }
}

async function pathOf(name: ToolName): Promise<string> {
  const override = process.env[`IMAGE_TRUST_TOOL_${name.toUpperCase().replaceAll('-', '_')}`];
  if (override !== undefined) return override;
  const tool: Tool = TOOLS[name];
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (tool.module === 'controlplane' && assets !== undefined && (await exists(join(assets, name))))
    return join(assets, name);
  const version = await versionOf(tool);
  const folder = join(cacheRoot(), `${tool.folder ?? name}-${version}`);
  const path = join(folder, name);
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, `.${name}.lock`), async () => {
    if (!(await exists(path))) await build(tool, name, { version, path });
    return path;
  });
}

/** Where tools are kept, and what else a suite fetches once. */
export function cacheRoot(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'image-trust');
}

async function versionOf(tool: Tool): Promise<string> {
  const goMod = await readFile(join(import.meta.dirname, tool.module, 'go.mod'), 'utf8');
  // `require module vX`, or a line of a block of them.
  const line = goMod.split('\n').find((text) =>
    text
      .trim()
      .replace(/^require /, '')
      .startsWith(`${tool.versionOf} v`),
  );
  const version = line
    ?.trim()
    .replace(/^require /, '')
    .split(/\s+/)[1]
    ?.slice(1);
  if (version === undefined) throw new Error(`test/toolbox/${tool.module}/go.mod does not require ${tool.versionOf}`);
  return version;
}

async function build(tool: Tool, name: string, to: { version: string; path: string }): Promise<void> {
  const cwd = join(import.meta.dirname, tool.module);
  await run('go', ['version']).catch(() => {
    throw new Error(
      `${name} ${to.version} is not in ${cacheRoot()}, and there is no Go to build it: install Go >= 1.26`,
    );
  });
  process.stderr.write(
    `==> Building ${name} ${to.version} with Go into ${to.path} (about ${tool.minutes} min, once per machine)\n`,
  );
  const temporary = `${to.path}.${process.pid}`;
  if (name.endsWith('.yaml')) {
    const { stdout } = await run('go', ['mod', 'download', '-json', tool.versionOf], { cwd, timeout: BUILD_LIMIT_MS });
    await writeFile(temporary, await readFile(join((JSON.parse(stdout) as { Dir: string }).Dir, tool.package)));
    await rename(temporary, to.path);
    return;
  }
  const ldflags = ['-s -w', ...(tool.ldflags === undefined ? [] : [tool.ldflags(to.version)])].join(' ');
  const args = ['build', '-trimpath', `-ldflags=${ldflags}`, '-o', temporary, tool.package];
  await run('go', args, {
    cwd,
    timeout: BUILD_LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  await rename(temporary, to.path);
}

/** One builder at a time per tool; a lock whose builder has ended, or that is older than any build, is left behind. */
async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + BUILD_LIMIT_MS;
  while (!(await taken(lock))) {
    if (await isLeftBehind(lock)) await rm(lock, { recursive: true, force: true });
    if (Date.now() > deadline) throw new Error(`waited for another builder that holds ${lock}`);
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  return mkdir(lock).then(
    () => writeFile(join(lock, 'pid'), String(process.pid)).then(() => true),
    () => false,
  );
}

async function isLeftBehind(lock: string): Promise<boolean> {
  const age = await stat(lock).then(
    (s) => Date.now() - s.mtimeMs,
    () => 0,
  );
  if (age > BUILD_LIMIT_MS) return true;
  const pid = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => '0'));
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A finished command: what it printed and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool to its end, bounded in time; a non-zero end is a value, not an error. */
export async function runTool(
  path: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>>; timeoutMs?: number; input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs ?? 60_000,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 255, stdout, stderr }));
    // A tool that ends without reading its input breaks the pipe; how it ended says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
