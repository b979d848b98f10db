/** The alerts as the real promtool reads and tries them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runTool, toolbox } from '../toolbox/toolbox.ts';

const FOLDER = join(import.meta.dirname, '../../config/prometheus');
const box = await toolbox('promtool');

describe.skipIf(!box.ready)('the alerts', () => {
  const promtool = (...args: readonly string[]): ReturnType<typeof runTool> =>
    runTool(box.ready ? box.path('promtool') : '', args, { cwd: FOLDER });

  test('are rules that Prometheus takes', async () => {
    const { code, stdout, stderr } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/SUCCESS: 1\d rules found/);
  });

  test('are told when they should be, once, and not otherwise', async () => {
    const { code, stdout, stderr } = await promtool('test', 'rules', 'rules_test.yaml');
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('SUCCESS');
  });
});
