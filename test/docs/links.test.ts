/** The links of our pages lead to pages and headings that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pages } from '../support/documentation.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(pages().map((page) => [page.path, page] as const))(
  '%s leads to pages and headings that are there',
  (_, page) => {
    const links = [...page.text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !link.includes('://'));
    const broken = links.filter((link) => {
      const [file = '', heading] = link.split('#');
      const target = file === '' ? page.path : join(dirname(page.path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return heading !== undefined && !headingsOf(readFileSync(join(ROOT, target), 'utf8')).includes(heading);
    });
    expect(broken).toEqual([]);
  },
);

/** Anchors of the headings of a page, as they are shown by code forges. */
function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
