/**
 * Replays a Dockerfile without Docker: the steps of each stage in a folder of its own, with the programs of this
 * machine in place of the base images. Owns reading and replaying; throws on whatever it does not know, so that a step
 * is never skipped in silence.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

/** One instruction, its continuation lines joined. */
export interface Instruction {
  readonly line: number;
  readonly name: string;
  readonly rest: string;
}

/** A stage as it stands in the file; `base` has its arguments put in. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Instruction[];
}

/** What the last stage says of how it runs. */
export interface ImageConfig {
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const STEP_LIMIT_MS = 300_000;

/** Reads a Dockerfile into its stages. */
export function readDockerfile(text: string): readonly Stage[] {
  const args = new Map<string, string>();
  const stages: { name: string; base: string; steps: Instruction[] }[] = [];
  for (const step of instructionsOf(text)) {
    if (step.name === 'ARG' && stages.length === 0) {
      const [name, value] = splitOnce(step.rest, '=');
      args.set(name, value);
    } else if (step.name === 'FROM') {
      const words = substitute(step.rest, args)
        .split(/\s+/)
        .filter((word) => !word.startsWith('--'));
      stages.push({ name: words[2] ?? String(stages.length), base: words[0] ?? '', steps: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`Dockerfile:${step.line}: ${step.name} before FROM`);
      stage.steps.push(step);
    }
  }
  return stages;
}

/** Replays every stage below `folder`, with `context` as the build context. Returns the folder of the last stage. */
export async function replay(stages: readonly Stage[], context: string, folder: string): Promise<string> {
  const allowed = await allowedByIgnoreFile(context);
  const rootOf = (name: string): string => join(folder, name);
  for (const { name, steps } of stages) {
    let workdir = '/';
    await mkdir(rootOf(name), { recursive: true });
    for (const step of steps) {
      if (step.name === 'WORKDIR') workdir = join(workdir, step.rest);
      else if (step.name === 'COPY') await copy(step, { root: rootOf(name), workdir, context, allowed, rootOf });
      else if (step.name === 'RUN') await shell(step, join(rootOf(name), workdir));
      else if (!['ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD', 'LABEL'].includes(step.name))
        throw new Error(`Dockerfile:${step.line}: the replay does not know ${step.name}`);
      if (step.name === 'WORKDIR') await mkdir(join(rootOf(name), workdir), { recursive: true });
    }
  }
  return rootOf(stages.at(-1)?.name ?? '');
}

/** How the image of a stage runs. */
export function configOf({ steps }: Stage): ImageConfig {
  const last = (name: string): string => steps.findLast((step) => step.name === name)?.rest ?? '';
  const settings = steps.filter((step) => step.name === 'ENV').flatMap(({ rest }) => rest.split(/\s+/));
  const env = settings.map((setting) => splitOnce(setting, '='));
  return {
    user: last('USER'),
    entrypoint: execForm(last('ENTRYPOINT')),
    cmd: execForm(last('CMD')),
    workdir: last('WORKDIR'),
    env: Object.fromEntries(env),
  };
}

interface CopyPlace {
  readonly root: string;
  readonly workdir: string;
  readonly context: string;
  readonly allowed: readonly string[];
  readonly rootOf: (stage: string) => string;
}

async function copy(step: Instruction, place: CopyPlace): Promise<void> {
  const words = step.rest.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  const to = join(place.root, target.startsWith('/') ? target : join(place.workdir, target));
  for (const path of paths) {
    if (from === undefined && !place.allowed.some((each) => path === each || path.startsWith(`${each}/`)))
      throw new Error(`Dockerfile:${step.line}: .dockerignore keeps ${path} out of the build`);
    const source = join(from === undefined ? place.context : place.rootOf(from), path);
    const into = !(await stat(source)).isDirectory() && target.endsWith('/') ? join(to, basename(path)) : to;
    await cp(source, into, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
}

async function shell({ rest, line }: Instruction, cwd: string): Promise<void> {
  // The packages that `make` fetched are in npm's cache.
  const env = { ...process.env, npm_config_prefer_offline: 'true', NODE_ENV: undefined };
  await run('/bin/sh', ['-euc', rest], { cwd, env, timeout: STEP_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 }).catch(
    (error: { readonly stdout?: string; readonly stderr?: string }) => {
      throw new Error(`Dockerfile:${line}: RUN ${rest}\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
    },
  );
}

/** The file keeps everything out (`*`) and lets single paths in (`!path`). */
async function allowedByIgnoreFile(context: string): Promise<readonly string[]> {
  const lines = (await readFile(join(context, '.dockerignore'), 'utf8')).split('\n').map((line) => line.trim());
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (rules[0] !== '*' || rules.slice(1).some((rule) => !rule.startsWith('!')))
    throw new Error('.dockerignore: expected * and then what is let in, each as !path');
  return rules.slice(1).map((rule) => rule.slice(1));
}

function instructionsOf(text: string): readonly Instruction[] {
  const found: { line: number; name: string; rest: string }[] = [];
  let open = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const body = line.replace(/\\$/, '').trim();
    const last = found.at(-1);
    if (open && last !== undefined) last.rest = `${last.rest} ${body}`;
    else found.push({ line: index + 1, name: body.split(/\s+/, 1)[0] ?? '', rest: body.replace(/^\S+\s*/, '') });
    open = line.endsWith('\\');
  }
  return found;
}

/** `${NAME}` and `${NAME:-default}`. */
function substitute(text: string, args: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, fallback?: string) => {
    const value = args.get(name) ?? fallback;
    if (value === undefined) throw new Error(`Dockerfile: nothing sets \${${name}}`);
    return value;
  });
}

function execForm(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  throw new Error(`Dockerfile: expected the exec form ["program", "argument"], found ${text}`);
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)];
}
