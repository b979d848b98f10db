import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { formatProblem } from '../../../src/core/manifests/problem.ts';
import { RUNS, threadTime } from '../../support/hostile.ts';

describe('loadManifests', () => {
  it.each([
    ['one document', 'kind: Pod\napiVersion: v1\n', ['v1 Pod']],
    ['several documents', 'kind: A\napiVersion: v1\n---\nkind: B\napiVersion: v2\n', ['v1 A', 'v2 B']],
    ['empty documents', '---\n# nothing\n---\nkind: A\napiVersion: v1\n---\n', ['v1 A']],
    ['nothing', '', []],
    ['comments', '# only\n', []],
    ['JSON', '{"kind": "A", "apiVersion": "v1"}', ['v1 A']],
    ['JSON after white space', '\n\t {"kind": "A", "apiVersion": "v1"}\n', ['v1 A']],
    ['YAML that begins like JSON', '{kind: A, apiVersion: v1}', ['v1 A']],
    ['a byte order mark', '\uFEFFkind: A\napiVersion: v1\n', ['v1 A']],
    ['Windows line ends', 'kind: A\r\napiVersion: v1\r\n---\r\nkind: B\r\napiVersion: v1\r\n', ['v1 A', 'v1 B']],
    [
      'a List',
      'kind: List\napiVersion: v1\nitems:\n- {kind: A, apiVersion: v1}\n- {kind: B, apiVersion: v2}\n',
      ['v1 A', 'v2 B'],
    ],
    ['a typed list', 'kind: PodList\napiVersion: v1\nitems:\n- metadata: {name: x}\n', ['v1 Pod']],
    [
      'a typed list whose items say what they are',
      'kind: PodList\napiVersion: v1\nitems:\n- {kind: Pod, apiVersion: v1}\n',
      ['v1 Pod'],
    ],
    [
      'a list in a list',
      'kind: List\napiVersion: v1\nitems:\n- kind: PodList\n  apiVersion: v1\n  items: [{}]\n',
      ['v1 Pod'],
    ],
    ['an empty list', 'kind: List\napiVersion: v1\nitems: []\n', []],
    ['an empty list as Go writes it', '{"kind":"PodList","apiVersion":"v1","items":null}', []],
    ['a kind that only ends like a list', 'kind: AllowList\napiVersion: x/v1\nspec: {}\n', ['x/v1 AllowList']],
    ['anchors and aliases', 'kind: &k A\napiVersion: v1\nagain: *k\n', ['v1 A']],
    ['merge keys', 'base: &b {apiVersion: v1}\n<<: *b\nkind: A\n', ['v1 A']],
  ])('reads %s', (_, text, expected) => {
    const { documents, problems } = loadManifests(text, 'f.yaml');
    expect(problems).toEqual([]);
    expect(documents.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual(expected);
  });

  it.each([
    ['a key twice', 'kind: A\nkind: B\napiVersion: v1\n', 'f.yaml:2:1: document 1: expected every key once'],
    ['a key twice in JSON', '{"kind":"A",\n"kind":"B"}', 'f.yaml:2:1: document 1: expected every key once'],
    ['broken YAML', 'kind: A\n  b: c\n', 'f.yaml:1:7: document 1: expected well-formed YAML or JSON, found '],
    ['broken JSON', '{"kind": "A"', 'f.yaml:1:13: document 1: expected well-formed YAML or JSON, found '],
    ['text', 'hello\n', 'f.yaml:1:1: document 1: expected an object with apiVersion and kind, found "hello"'],
    [
      'a list at the top',
      '- kind: A\n',
      'f.yaml:1:1: document 1: expected an object with apiVersion and kind, found a list',
    ],
    ['no kind', 'apiVersion: v1\n', 'f.yaml:1:1: document 1, kind: expected a kind, such as Pod, found nothing'],
    ['no apiVersion', 'a: 1\nkind: Pod\n', 'f.yaml:1:1: document 1, apiVersion: expected the apiVersion of Pod'],
    [
      'a kind that is no text',
      'apiVersion: v1\nkind: 7\n',
      'f.yaml:2:7: document 1, kind: expected a kind, such as Pod, found the number 7',
    ],
    [
      'an item that is none',
      'kind: List\napiVersion: v1\nitems:\n- 7\n',
      'f.yaml:4:3: document 1, items[0]: expected an object',
    ],
    [
      'an unknown alias',
      'kind: *nobody\n',
      'f.yaml:1:7: document 1: expected well-formed YAML or JSON, found an alias without',
    ],
    ['a merge of something else', 'kind: A\n<<: 7\n', 'found a merge key << whose value is no mapping'],
    ['a tab as indent', 'kind:\n\tA: b\n', 'document 1: expected well-formed YAML'],
  ])('says what is wrong with %s', (_, text, expected) => {
    const [first] = loadManifests(text, 'f.yaml').problems;
    expect(first === undefined ? 'no problem' : formatProblem(first)).toContain(expected);
  });

  it('says so of each bad document, and reads the good ones', () => {
    const text = 'a: [\n---\nkind: A\napiVersion: v1\n---\nkind: B\nkind: C\n---\nplain\n';
    const { documents, problems } = loadManifests(text, 'f.yaml');
    expect(documents.map(({ kind, document }) => [kind, document])).toEqual([['A', 2]]);
    expect(problems.map(({ document }) => document)).toEqual([1, 3, 4]);
  });

  it('repeats no line of a file in which it stumbled', () => {
    const text = 'kind: Secret\nstringData:\n  password: "hunter2\n  other: x\n';
    const problems = loadManifests(text, 'f.yaml').problems.map(formatProblem);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    ['aliases', bomb((name) => `[${Array.from({ length: 9 }, () => `*${name}`).join(', ')}]`)],
    ['merge keys', bomb((name) => `{${Array.from({ length: 9 }, (_, i) => `k${i}: {<<: *${name}}`).join(', ')}}`)],
  ])('is not blown up by %s that multiply', (_, text) => {
    const started = threadTime();
    const { problems } = loadManifests(text, 'f.yaml');
    expect(problems.map(formatProblem).join()).toContain('aliases that multiply');
    expect(threadTime() - started).toBeLessThan(2_000);
  });

  it('makes no prototypes', () => {
    const { documents } = loadManifests('kind: A\napiVersion: v1\n__proto__: {polluted: yes}\n', 'f.yaml');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(documents[0]?.object)).toBe(Object.prototype);
  });

  it('ends in documents or problems for any text', () => {
    const soup = fc.array(
      fc.constantFrom(
        'kind: ',
        'A',
        '\n',
        '- ',
        '---\n',
        '{',
        '}',
        '[',
        '&a',
        '*a',
        '<<: ',
        '"',
        ': ',
        '  ',
        'items:',
        '|',
        '!!',
        '%',
        '\t',
        '0',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          soup.map((parts) => parts.join('')),
        ),
        (text) => {
          for (const problem of loadManifests(text, 'f').problems) expect(formatProblem(problem)).toContain('expected');
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('a list too long for one syntax tree', () => {
  const head = 'apiVersion: v1\nitems:\n';
  const tail = 'kind: List\nmetadata:\n  resourceVersion: ""\n';
  const item = (name: string) =>
    `- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: ${name}\n    note: |\n      - no item\n\n      items:\n    long: ${'x'.repeat(2000)}\n`;
  const names = Array.from({ length: 600 }, (_, index) => `p${index}`);
  const long = head + names.map(item).join('') + tail;

  it('reads as the same', () => {
    expect(long.length).toBeGreaterThan(1024 * 1024);
    const { documents, problems } = loadManifests(long, 'f.yaml');
    const short = loadManifests(head + item('p0') + tail, 'f.yaml').documents[0];
    expect(problems).toEqual([]);
    expect(documents).toHaveLength(names.length);
    expect(documents[0]?.object).toEqual(short?.object);
    expect(documents[0]?.path).toEqual(['items', 0]);
  });

  it('has the same positions', () => {
    const { documents } = loadManifests(long, 'f.yaml');
    const line = long.slice(0, long.indexOf('name: p7\n')).split('\n').length;
    expect(documents[7]?.positionOf(['metadata', 'name'])).toEqual({ line, column: 11 });
  });

  it.each([
    ['a key twice in an item', long.replace('name: p9\n', 'name: p9\n    name: p9\n'), 'every key once'],
    ['a broken item', long.replace('name: p9\n', 'name: [p9\n'), 'well-formed YAML'],
    ['items twice', `${long}items: []\n`, 'every key once'],
  ])('has the same problems: %s', (_, text, expected) => {
    expect(loadManifests(text, 'f.yaml').problems.map(formatProblem).join()).toContain(expected);
  });

  it('is followed by other documents', () => {
    const { documents } = loadManifests(`${long}---\nkind: A\napiVersion: v1\n`, 'f.yaml');
    expect(documents).toHaveLength(names.length + 1);
    expect(documents.at(-1)).toMatchObject({ kind: 'A', document: 2 });
  });
});

function bomb(grow: (name: string) => string): string {
  const names = 'abcdefghij'.split('');
  const levels = names.slice(1).map((name, index) => `${name}: &${name} ${grow(names[index] ?? '')}`);
  return `a: &a {x: 1}\n${levels.join('\n')}\n`;
}
