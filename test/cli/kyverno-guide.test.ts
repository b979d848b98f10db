/** docs/migrating-from-kyverno.md, command by command: what it says is what happens. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { guideSteps, isAsTold } from '../support/guide.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const STEPS = guideSteps(readFileSync(join(ROOT, 'docs/migrating-from-kyverno.md'), 'utf8'));
const COMMAND = `image-trust() { ${process.execPath} ${join(ROOT, 'src/main.ts')} "$@"; }`;
const execute = promisify(execFile);

test('the guide has commands', () => {
  expect(STEPS.length).toBeGreaterThanOrEqual(4);
});

test.each(STEPS.map((step) => [step.line, step.command, step] as const))(
  'line %i: %s',
  async (_line, command, step) => {
    const printed = await output(command);
    expect({ expected: step.expected, told: isAsTold(step, printed) || printed }).toEqual({
      expected: step.expected,
      told: true,
    });
  },
);

/** `audit` and `scan` end with 1 where there is something to tell. */
async function output(command: string): Promise<string> {
  try {
    return (await execute('/bin/bash', ['-c', `${COMMAND}; ${command}`], { cwd: ROOT, timeout: 60_000 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1 && 'stdout' in error) return String(error.stdout);
    throw error;
  }
}
