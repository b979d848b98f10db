/** docs/keys.md, command by command, on the demo's cluster: what it says is what happens. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROL_PLANE_TOOLS } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { guideSteps, isAsTold } from '../support/guide.ts';
import { toolbox } from '../toolbox/toolbox.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const box = await toolbox(...CONTROL_PLANE_TOOLS);
const steps = guideSteps(readFileSync(join(ROOT, 'docs/keys.md'), 'utf8'));
const execute = promisify(execFile);

describe.skipIf(!box.ready)('the guide to the life of a key', () => {
  let demo: ChildProcess;
  let settings: string;
  let said = '';

  beforeAll(async () => {
    const env = { ...process.env, CLUSTER: 'real', HOLD: '1' };
    demo = spawn(process.execPath, [join(ROOT, 'test/demo/demo.ts')], { cwd: ROOT, env, stdio: 'pipe' });
    for (const stream of [demo.stdout, demo.stderr]) stream?.on('data', (part: Buffer) => (said += part.toString()));
    settings = await eventually(
      () => {
        const file = /^ {2}\. (\S+settings\.sh)$/m.exec(said)?.[1];
        if (file === undefined) throw new Error(`the demo says:\n${said.slice(-2000)}`);
        return file;
      },
      { within: 120_000, every: 200 },
    );
  }, 130_000);

  afterAll(async () => {
    if (demo.exitCode !== null || !demo.kill('SIGTERM')) return;
    await once(demo, 'exit');
  }, 30_000);

  test('has commands', () => {
    expect(steps.length).toBeGreaterThan(10);
  });

  // What only looks is asked again until the operator has caught up; what changes something is done once.
  test.each(steps.map((step) => [step.line, step.command, step] as const))(
    'line %i: %s',
    async (_line, command, step) => {
      const looks = /^(?:kubectl get|image-trust) /.test(command);
      const printed = await eventually(
        async () => {
          const found = await output(`. ${settings}; ${command}`);
          if (!isAsTold(step, found)) throw new Error(`expected:\n${step.expected}\nfound:\n${found}`);
          return found;
        },
        { within: looks ? 20_000 : 0, every: 500 },
      );
      expect(printed).not.toBe('');
    },
    60_000,
  );
});

/**
 * bash, since the settings hold functions. What counts is what is printed: `scan` ends with 1 where something is
 * rejected, `keys` with 2 where something could not be looked at, and the demo has one of each.
 */
async function output(script: string): Promise<string> {
  try {
    return (await execute('/bin/bash', ['-c', script], { cwd: ROOT, timeout: 30_000 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 1 || error.code === 2) && 'stdout' in error)
      return String(error.stdout);
    throw error;
  }
}
