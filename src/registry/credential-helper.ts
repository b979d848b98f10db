/**
 * Runs `docker-credential-NAME get`. Owns the protocol (server on stdin, JSON on stdout), a time-out and a bound on the
 * output; must never let what the helper prints reach a message: it may be the secret.
 */
import { spawn } from 'node:child_process';
import { Failure } from '../core/failure.ts';
import { errorOfAbort } from './abort.ts';
import type { Credential } from './credential.ts';
import { isObject } from './json.ts';

/** Asks a helper for the credential of a server; undefined where it has none. */
export type HelperRunner = (helper: string, server: string, signal: AbortSignal) => Promise<Credential | undefined>;

interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds; default 10 s. */
  readonly timeoutMs?: number;
}

interface Output {
  readonly code: number | null;
  readonly stdout: string;
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT = 64 * 1024;
/** What helpers print when they have nothing (docker-credential-helpers, `ErrCredentialsNotFound`). */
const NOT_FOUND = 'credentials not found in native keychain';

/** Runs a helper. Throws unauthorized where it fails: what was configured could not be had. */
export async function runHelper(helper: string, server: string, options: RunOptions): Promise<Credential | undefined> {
  const output = await run(`docker-credential-${helper}`, server, options);
  if (output.code === null) throw failed(helper, 'was ended, or printed too much');
  if (output.code === 0) return parseOutput(helper, output.stdout);
  if (output.stdout.trim() === NOT_FOUND) return undefined;
  throw failed(helper, `ended with code ${output.code}`);
}

function parseOutput(helper: string, stdout: string): Credential | undefined {
  const json = parse(stdout);
  if (!isObject(json) || typeof json['Username'] !== 'string' || typeof json['Secret'] !== 'string') {
    throw failed(helper, 'printed something that is not Username and Secret');
  }
  const { Username: username, Secret: password } = json;
  if (password === '') return undefined;
  return username === '<token>' ? { type: 'identity-token', token: password } : { type: 'basic', username, password };
}

function parse(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

/** Settles at once in every case: a child of the helper may hold its output open for ever. */
function run(program: string, input: string, { env, signal, timeoutMs = TIMEOUT_MS }: RunOptions): Promise<Output> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      signal: both,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      if (stdout.length <= MAX_OUTPUT) return;
      child.kill('SIGKILL');
      child.stdout.destroy();
      resolve({ code: null, stdout: '' });
    });
    child.on('error', (error) => {
      child.stdout.destroy();
      reject(signal.aborted ? errorOfAbort(signal, program) : notRun(program, both.aborted, error));
    });
    child.on('close', (code) => resolve({ code, stdout }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${input}\n`);
  });
}

function notRun(program: string, late: boolean, cause: Error): Failure {
  const why = late ? 'no answer in time' : 'cannot be run';
  return new Failure({ kind: 'unauthorized' }, `${program}: ${why}; it is named in the registry configuration`, {
    cause,
  });
}

function failed(helper: string, how: string): Failure {
  return new Failure(
    { kind: 'unauthorized' },
    `docker-credential-${helper}: ${how}; it is named in the registry configuration`,
  );
}
