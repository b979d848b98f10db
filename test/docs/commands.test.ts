/**
 * What our pages tell a reader to type exists: commands, options, targets, files. That it does what they say is tried in
 * test/commands.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { imageTrust } from '../support/cli.ts';
import { codesOf, commandsOf, pages, type ToldCommand } from '../support/documentation.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = pages();
const COMMANDS = PAGES.flatMap((page) => commandsOf(page, ['image-trust', 'make', 'kubectl']));
const at = (command: ToldCommand): string => `${command.page}:${command.line}: ${command.words.join(' ')}`;
const of = (program: string): readonly (readonly [string, ToldCommand])[] =>
  COMMANDS.filter(({ words }) => words[0] === program).map((command) => [at(command), command] as const);

/** Programs that are not ours. */
const OTHERS = ['kubectl', 'docker', 'npm', 'node', 'cosign', 'notation', 'flux', 'argocd', '.', 'source', 'git'];
/** Verbs of kubectl; whether the objects are there is asked of the real one. */
const VERBS =
  'annotate api-resources apply create delete describe diff explain get kustomize label logs patch rollout set wait'.split(
    ' ',
  );
/** Options in the text that belong to cosign. */
const FOREIGN = ['--tlog-upload', '--signature-digest-algorithm', '--experimental-oci11', '--allow-certificate-chain'];
/** Pages that speak of options and files of `make bench`, of Node and of other projects. */
const OF_DEVELOPERS = ['docs/benchmarks.md', 'docs/conformance.md'];
const FOR_USERS = PAGES.filter(({ path }) => !OF_DEVELOPERS.includes(path)).map((page) => [page.path, page] as const);

/** Options by command of image-trust, short ones too, as its help lists them. */
const options = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  const { stdout } = await imageTrust(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name = '']) => name);
  for (const name of commands) options.set(name, await optionsOf([name]));
  options.set('', await optionsOf([]));
});

describe('image-trust', () => {
  test.each(of('image-trust'))('%s', (_, { words: [, command = '', ...args] }) => {
    const name = command.startsWith('-') ? '' : command;
    expect([...options.keys()]).toContain(name);
    const given = [command, ...args].filter((word) => /^-[a-z-]/.test(word)).map((word) => word.replace(/=.*/s, ''));
    expect(given.filter((option) => options.get(name)?.has(option) !== true)).toEqual([]);
  });

  test.each(FOR_USERS)('options in the text of %s', (_, page) => {
    const all = new Set([...[...options.values()].flatMap((each) => [...each]), ...FOREIGN]);
    const told = codesOf(page)
      .filter(({ text }) => text.startsWith('--'))
      .flatMap(({ line, text }) => spelledOut(text).map((option) => ({ line, option })));
    expect(told.filter(({ option }) => !all.has(option))).toEqual([]);
  });
});

describe('make', () => {
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  const makefile = read('Makefile');
  const settings = makefile + read('test/demo/demo.ts') + read('test/demo/cluster.ts');

  test.each(of('make'))('%s', (_, { words: [, target = '', ...rest] }) => {
    expect(makefile).toMatch(new RegExp(`^${target}:.*## `, 'm'));
    for (const word of rest) {
      const [, name = ''] = /^([A-Z]+)=/.exec(word) ?? [];
      expect(settings).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});

describe('kubectl', () => {
  test.each(of('kubectl'))('%s', (_, { words: [, ...args] }) => {
    const verb = args.find((word, index) => !word.startsWith('-') && args[index - 1] !== '-n');
    expect(VERBS).toContain(verb);
    const files = args.filter(
      (word, index) => ['-k', '-f'].includes(args[index - 1] ?? '') && /^(config|crds)/.test(word),
    );
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

test('every other program is one that a reader has', () => {
  const known = ['image-trust', 'make', ...OTHERS];
  expect(COMMANDS.filter(({ words: [program = ''] }) => !known.includes(program)).map(at)).toEqual([]);
});

test.each(FOR_USERS)('%s names files that are there', (_, page) => {
  const named = codesOf(page).filter(({ text }) => /^(?:config|crds|docs|src|test|\.ci)(?:\/[\w./-]+)?$/.test(text));
  expect(named.filter(({ text }) => !existsSync(join(ROOT, text)))).toEqual([]);
});

async function optionsOf(command: readonly string[]): Promise<ReadonlySet<string>> {
  const { stdout } = await imageTrust([...command, '--help']);
  const names = [...stdout.matchAll(/^ {2}(-.*?)(?: {2}|$)/gm)].flatMap(
    ([, text = '']) => text.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [],
  );
  return new Set([...names, '-h', '--help']);
}

/** `--a[-b]` is two options, `--a-{b,c}` too; a value goes. */
function spelledOut(text: string): readonly string[] {
  const [option = ''] = text.split(/[ =]/);
  const optional = /^(.*)\[(.*)\](.*)$/.exec(option);
  if (optional !== null) return [`${optional[1]}${optional[3]}`, `${optional[1]}${optional[2]}${optional[3]}`];
  const choice = /^(.*)\{(.*)\}(.*)$/.exec(option);
  if (choice === null) return [option];
  return (choice[2] ?? '').split(',').map((part) => `${choice[1]}${part}${choice[3]}`);
}
