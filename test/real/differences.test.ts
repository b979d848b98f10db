/** The table of differences, the rows that show them, and the page that explains them: all three say the same. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REASONS, type VerdictState } from '../../src/api/reasons.ts';
import { type Difference, DIFFERENCES, type DifferenceId } from './differences.ts';
import { FIXTURE_ROWS } from './fixtures.table.ts';
import { COSIGN_ROWS, NOTATION_ROWS } from './rows.ts';

const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');
const ids = Object.keys(DIFFERENCES) as readonly DifferenceId[];
const tables = { cosign: [...COSIGN_ROWS, ...FIXTURE_ROWS], notation: NOTATION_ROWS };

test('there are rows enough, and no two of a tool have one name', () => {
  for (const rows of Object.values(tables)) {
    expect(rows.length).toBeGreaterThan(60);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  }
});

test.each(ids)('%s is shown by a row of its tool and of its kind', (id) => {
  const { tool, kind } = DIFFERENCES[id];
  const shown = tables[tool].filter((row) => row.difference === id);
  const kinds = shown.map(({ theirs, ours }) =>
    kindOf(theirs, ours === 'WrongInput' ? 'rejected' : REASONS[ours].state),
  );
  expect([...new Set(kinds)]).toEqual([kind]);
  const others = Object.entries(tables).filter(([name]) => name !== tool);
  expect(others.flatMap(([, rows]) => rows.filter((row) => row.difference === id))).toEqual([]);
});

test('docs/differences.md explains each difference, under its tool and kind, and no other', () => {
  const explained = [...page.matchAll(/^\| `([a-z-]+)` \| ([a-z ]+) \|/gm)].map(([, id, kind]) => ({ id, kind }));
  const toolOf = (id: string) => (page.indexOf(`\`${id}\``) > page.indexOf('## notation') ? 'notation' : 'cosign');
  expect(explained.map((row) => ({ ...row, tool: toolOf(row.id ?? '') }))).toEqual(
    ids.map((id) => ({ id, kind: DIFFERENCES[id].kind, tool: DIFFERENCES[id].tool })),
  );
});

function kindOf(theirs: 'accept' | 'refuse', state: VerdictState): Difference['kind'] | 'none' {
  if (state === 'unknown') return 'unknown instead';
  if (theirs === 'accept') return state === 'rejected' ? 'stricter' : 'none';
  return state === 'verified' ? 'more capable' : 'none';
}
