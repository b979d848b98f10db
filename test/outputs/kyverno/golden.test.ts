import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderYaml } from '../../../src/outputs/json.ts';
import type { AdmissionMode, KyvernoFormat, Rendering } from '../../../src/outputs/kyverno/rendering.ts';
import { GOLDEN } from './golden.table.ts';
import { render } from './samples.ts';

const FOLDER = new URL('../../golden/kyverno/', import.meta.url);
const FORMATS: readonly KyvernoFormat[] = ['ClusterPolicy', 'ImageValidatingPolicy'];
const MODES: readonly AdmissionMode[] = ['Audit', 'Enforce'];

const CASES = Object.entries(GOLDEN).flatMap(([name, spec]) =>
  FORMATS.flatMap((format) => MODES.map((mode) => ({ name, spec, format, mode, file: `${name}.${format}.${mode}.yaml` }))),
);

/** The object; or, as comments, why there is none. */
function shown(rendering: Rendering): string {
  if (rendering.kind === 'rendered') return renderYaml([rendering.object]);
  return rendering.problems.map(({ name, where, message }) => `# ${name}: ${where}: ${message}\n`).join('');
}

describe('renderings in test/golden/kyverno', () => {
  test.for(CASES)('$file', async ({ spec, format, mode, file }) => {
    await expect(shown(render(spec, format, mode))).toMatchFileSnapshot(new URL(file, FOLDER).pathname);
  });

  test('every file there is of a case', () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(CASES.map(({ file }) => file).toSorted());
  });

  test('the same request gives the same bytes', () => {
    for (const { spec, format, mode, file } of CASES)
      expect(shown(render(structuredClone(spec), format, mode)), file).toBe(readFileSync(new URL(file, FOLDER), 'utf8'));
  });

  test('each case can be expressed in one of the kinds at least', () => {
    for (const [name, spec] of Object.entries(GOLDEN))
      expect(
        FORMATS.map((format) => render(spec, format).kind),
        name,
      ).toContain('rendered');
  });
});
