import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createItemSplitter } from '../../../src/core/manifests/json-items.ts';
import { loadManifestChunks } from '../../../src/core/manifests/load-chunks.ts';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { formatProblem } from '../../../src/core/manifests/problem.ts';
import { readWorld } from '../../../src/core/manifests/world.ts';

/** What a Pod has and nobody reads; five of them make a file long. */
const BALLAST = { env: [{ name: 'A', value: `[{"\\${'é'.repeat(500_000)}` }] };
const DIGEST = `sha256:${'a'.repeat(64)}`;

function pod(name: string, more: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: name,
      labels: { app: 'cart' },
      annotations: { a: 'b' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart', uid: 'r', controller: true }],
    },
    spec: {
      initContainers: [{ name: 'init', image: 'busybox:1', ...BALLAST }],
      containers: [
        { name: 'app', image: 'r.io/shop/cart:v1', ...BALLAST },
        { name: 'bad', image: 'r.io/x' },
      ],
      ephemeralContainers: [{ name: 'debug', image: 'r.io/debug' }],
      volumes: [
        { name: 'data', image: { reference: 'r.io/data:v1' } },
        { name: 'tmp', emptyDir: {} },
      ],
    },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'app', imageID: `r.io/shop/cart@${DIGEST}`, ready: true },
        { name: 'bad', state: { waiting: { reason: 'InvalidImageName' } } },
      ],
      initContainerStatuses: [{ name: 'init', imageID: `busybox@${DIGEST}` }],
      ephemeralContainerStatuses: [{ name: 'debug', imageID: `r.io/debug@${DIGEST}` }],
    },
    ...more,
  };
}

const LIST = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    pod('a'),
    pod('b'),
    pod('c', { status: { phase: 'Succeeded' } }),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'x' } } },
    pod('d'),
  ],
};
const TEXT = JSON.stringify(LIST, undefined, 4);

async function* pieces(text: string, size = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  const shared = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(shared, 0, at, at + size);
    yield shared.subarray(0, length);
  }
}

async function problemsOf(text: string): Promise<readonly string[]> {
  const { documents, problems } = await loadManifestChunks(pieces(text), 'pods.json');
  return [...problems, ...readWorld(documents).problems].map((problem) => formatProblem(problem));
}

describe('a long list', () => {
  test.each([
    ['as kubectl prints it', TEXT],
    ['with its kind after its items', `{"items":${JSON.stringify(LIST.items)},"apiVersion":"v1","kind":"List"}`],
    ['without white space', JSON.stringify(LIST)],
    ['with a byte order mark', `\uFEFF${TEXT}`],
  ])('%s is the same world as read at once', async (_, text) => {
    const whole = readWorld(loadManifests(text, 'pods.json').documents);
    const { documents, problems } = await loadManifestChunks(pieces(text), 'pods.json');
    expect(problems).toEqual([]);
    expect(documents.every(({ object }) => !JSON.stringify(object).includes('annotations'))).toBe(true);
    const read = readWorld(documents);
    expect(read.world).toEqual(whole.world);
    expect(whole.world.uses).toHaveLength(12);
    expect(read.problems).toEqual([]);
  });

  test('of Pods that leave out their kind', async () => {
    const items = [1, 2, 3, 4, 5].map((n) => pod(`p${n}`, { kind: undefined, apiVersion: undefined }));
    const { documents } = await loadManifestChunks(
      pieces(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', items })),
      'f',
    );
    expect(documents.map(({ kind, apiVersion }) => `${apiVersion}/${kind}`)).toEqual(
      Array.from({ length: 5 }, () => 'v1/Pod'),
    );
  });

  test('a mistake in an item has its item and the place where that begins', async () => {
    const text = TEXT.replace('"name": "d",', '"name": 5,');
    const line = text.slice(0, text.indexOf('"name": 5,')).split('\n').length - 4;
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(`^pods.json:${line}:9: document 1, items\\[4\\].metadata.name: expected a name`),
    ]);
  });

  test('an item that is no JSON has its own place', async () => {
    const text = TEXT.replace('"uid": "b",', '"uid": "b",,');
    const line = text.slice(0, text.indexOf('"uid": "b",,')).split('\n').length;
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(`^pods.json:${line}:\\d+: document 1, items\\[1\\]`),
    ]);
  });

  test.each([
    ['cut off within an item', TEXT.slice(0, -9_000)],
    ['cut off after an item', TEXT.slice(0, TEXT.lastIndexOf('}') - 6)],
    ['with a comma too many at the end', TEXT.replace(/\n {4}\]\n\}$/, ',]}')],
    ['with a comma too many between items', TEXT.replace(/\},\n {8}\{\n {12}"apiVersion"/, '},,{"apiVersion"')],
    ['without a comma between items', TEXT.replace(/\},\n {8}\{\n {12}"apiVersion"/, '}{"apiVersion"')],
    ['with an item that is no object', TEXT.replace('"items": [', '"items": [1,')],
    ['with a last item that is no object', TEXT.replace(/\n {4}\]\n\}$/, ',[1]]}')],
    ['with items twice', TEXT.replace(/\}$/, ',"items":[]}')],
    ['with something after it', `${TEXT}{}`],
    ['with a kind that is no list', TEXT.replace('"kind": "List"', '"kind": "Pod"')],
  ])('%s is refused', async (_, text) => {
    expect(text).not.toBe(TEXT);
    expect(await problemsOf(text)).not.toEqual([]);
  });
});

test('long input of another kind is read whole', async () => {
  const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  text: "${'x'.repeat(5_000_000)}"\n`;
  const { documents, problems } = await loadManifestChunks(pieces(yaml), 'f.yaml');
  expect(problems).toEqual([]);
  expect(documents.map(({ kind }) => kind)).toEqual(['ConfigMap']);
});

test('items come out as they are, however the bytes arrive', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const item = fc.dictionary(fc.string(), value);
  const document = fc.record({
    head: fc.dictionary(
      fc.string().filter((key) => key !== 'items'),
      value,
    ),
    items: fc.array(item),
    indent: fc.nat(3),
    size: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(document, ({ head, items, indent, size }) => {
      const bytes = Buffer.from(JSON.stringify({ ...head, items }, undefined, indent));
      const splitter = createItemSplitter();
      const found: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        found.push(...splitter.write(bytes.subarray(at, at + size)).map(({ text }) => JSON.parse(text) as unknown));
      }
      expect(found).toEqual(items.map((each) => JSON.parse(JSON.stringify(each)) as unknown));
      expect(JSON.parse(splitter.end())).toEqual(JSON.parse(JSON.stringify({ ...head, items: [] })));
    }),
  );
});
