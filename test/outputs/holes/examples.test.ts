/** docs/kyverno-holes: an example of every hole in every kind that has it, and the very line that the audit names. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { audit } from '../../../src/outputs/holes/audit.ts';
import { exampleFiles } from '../../../.ci/holes-page.ts';
import { HOLES } from '../../../src/outputs/holes/table.ts';

const FOLDER = join(import.meta.dirname, '../../../docs/kyverno-holes');
const EXAMPLES = Object.entries(HOLES).flatMap(([code, row]) =>
  exampleFiles(code, row).map((path) => ({ code, file: path.replace('docs/kyverno-holes/', '') })),
);

test('there is one for each, and no other file', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(EXAMPLES.map(({ file }) => file).toSorted());
});

test.each(EXAMPLES)('$file', ({ code, file }) => {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const { documents } = loadManifests(text, file);
  const lines = audit(documents)
    .holes.filter((hole) => hole.code === code)
    .map(({ line }) => line);
  const marked = text.split('\n').flatMap((line, index) => (line.endsWith(`# <- ${code}`) ? [index + 1] : []));
  expect(marked).toHaveLength(1);
  expect(lines[0]).toBe(marked[0]);
});
