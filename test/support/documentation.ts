/** What our pages tell a reader to type or to open: commands in blocks and in the text, options, paths and links. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A page of Markdown. */
export interface Page {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A command as the shell would see it: program and arguments, quotes taken off. */
export interface ToldCommand {
  readonly page: string;
  readonly line: number;
  readonly words: readonly string[];
}

/** A fenced block. */
export interface Block {
  readonly language: string;
  /** Of its first line. */
  readonly line: number;
  readonly text: string;
}

/** README.md, CHANGELOG.md and docs/. */
export function pages(): readonly Page[] {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)].map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));
}

/** The fenced blocks of a page, in order. */
export function blocksOf({ text }: Pick<Page, 'text'>): readonly Block[] {
  const blocks: { language: string; line: number; lines: string[] }[] = [];
  let inside = false;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *```(\w*)$/.exec(line);
    if (fence !== null && !inside) blocks.push({ language: fence[1] ?? '', line: index + 2, lines: [] });
    else if (fence === null && inside) blocks.at(-1)?.lines.push(line);
    if (fence !== null) inside = !inside;
  }
  return blocks.map(({ lines, ...rest }) => ({ ...rest, text: lines.join('\n') }));
}

/** Lines of a shell block, each a whole command line: what is continued on the next line is joined. */
export function commandLines({
  text,
  line: first,
}: Block): readonly { readonly line: number; readonly text: string }[] {
  const whole: { line: number; text: string }[] = [];
  let open = false;
  for (const [index, line] of text.split('\n').entries()) {
    const last = whole.at(-1);
    if (open && last !== undefined) last.text += ` ${line.trim()}`;
    else whole.push({ line: first + index, text: line });
    const now = whole.at(-1);
    open = now !== undefined && /[\\|]$/.test(now.text);
    if (now !== undefined) now.text = now.text.replace(/ *\\$/, '');
  }
  return whole.filter((one) => one.text.trim() !== '');
}

/** Every command of a page: of `sh` blocks, after `$ ` in `console` blocks, and in the text where a program of `inline` is named. */
export function commandsOf(page: Page, inline: readonly string[]): readonly ToldCommand[] {
  const told = (line: number, text: string): readonly ToldCommand[] =>
    simpleCommands(text).map((words) => ({ page: page.path, line, words }));
  const blocks = blocksOf(page).flatMap((block) => {
    const lines = commandLines(block);
    if (block.language === 'sh') return lines;
    return lines
      .filter(({ text }) => block.language === 'console' && text.startsWith('$ '))
      .map(({ line, text }) => ({ line, text: text.slice(2) }));
  });
  const spoken = codesOf(page).filter(({ text }) => inline.some((program) => text.startsWith(`${program} `)));
  return [...blocks, ...spoken].flatMap(({ line, text }) => told(line, text));
}

/** What stands in backquotes outside of blocks. */
export function codesOf({ text }: Pick<Page, 'text'>): readonly { readonly line: number; readonly text: string }[] {
  let inside = false;
  return text.split('\n').flatMap((line, index) => {
    const fence = /^ *```/.test(line);
    if (fence) inside = !inside;
    if (fence || inside) return [];
    return [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({ line: index + 1, text: code }));
  });
}

/** A command line as simple commands; a comment goes. */
function simpleCommands(text: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  const token = /\s*(?:(#.*$)|(\|\||&&|[|;])|((?:'[^']*'|"[^"]*"|[^\s|;&'"])+|&))/gy;
  for (const [, comment, operator, word] of text.matchAll(token)) {
    if (comment !== undefined) break;
    if (operator !== undefined) commands.push([]);
    else commands.at(-1)?.push((word ?? '').replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return commands.filter((words) => words.length > 0);
}
