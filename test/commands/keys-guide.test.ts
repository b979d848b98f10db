/** docs/keys.md, command by command, on the demo's cluster: what it says is what happens. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROL_PLANE_TOOLS } from '../support/control-plane.ts';
import { guideSteps } from '../support/guide.ts';
import { type HeldDemo, holdDemo } from '../support/held-demo.ts';
import { toolbox } from '../toolbox/toolbox.ts';

const box = await toolbox(...CONTROL_PLANE_TOOLS);
const steps = guideSteps(readFileSync(join(import.meta.dirname, '../../docs/keys.md'), 'utf8'));

describe.skipIf(!box.ready)('the guide to the life of a key', () => {
  let demo: HeldDemo;

  beforeAll(async () => {
    demo = await holdDemo();
  }, 130_000);
  afterAll(() => demo[Symbol.asyncDispose](), 30_000);

  test('has commands', () => {
    expect(steps.length).toBeGreaterThan(10);
  });

  test.each(steps.map((step) => [step.line, step.command, step] as const))(
    'line %i: %s',
    async (_line, _command, step) => expect(await demo.follow(step)).not.toBe(''),
    60_000,
  );
});
