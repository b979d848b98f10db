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
  FORMATS.flatMap((format) =>
    MODES.map((mode) => ({ name, spec, format, mode, file: `${name}.${format}.${mode}.yaml` })),
  ),
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
    const again = CASES.map(({ spec, format, mode }) => shown(render(structuredClone(spec), format, mode)));
    expect(again).toEqual(CASES.map(({ file }) => readFileSync(new URL(file, FOLDER), 'utf8')));
  });

  test('each case can be expressed in one of the kinds at least', () => {
    const lost = Object.entries(GOLDEN).filter(([, spec]) =>
      FORMATS.every((format) => render(spec, format).kind === 'not-expressible'),
    );
    expect(lost).toEqual([]);
  });
});
