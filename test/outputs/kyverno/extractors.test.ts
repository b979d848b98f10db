/** imageExtractors as Kyverno 1.19.1 reads them (pkg/utils/api/image.go): whose images are verified. */
import { describe, expect, test } from 'vitest';
import { IMAGE_EXTRACTORS } from '../../../src/outputs/kyverno/cluster-pods.ts';

interface Extractor {
  readonly path: string;
  readonly value: string;
  readonly key?: string;
  readonly name?: string;
}

type Found = Readonly<Record<string, string>>;

/** One map of images for each name; a later extractor of the same name takes its place where it finds any. */
function extracted(pod: object): readonly string[] {
  const byName = new Map<string, Found>();
  for (const extractor of (IMAGE_EXTRACTORS as { readonly Pod: readonly Extractor[] }).Pod) {
    const found = foundBy(extractor, pod);
    if (Object.keys(found).length > 0) byName.set(extractor.name ?? 'custom', found);
  }
  return [...byName.values()].flatMap((found) => Object.values(found)).toSorted();
}

function foundBy({ path, value, key }: Extractor, pod: object): Found {
  const steps = path.split('/').filter((step) => step !== '');
  const found: Record<string, string> = {};
  const walk = (node: unknown, rest: readonly string[], place: string): void => {
    if (Array.isArray(node) && rest[0] === '*') {
      node.forEach((item, index) => walk(item, rest.slice(1), `${place}/${index}`));
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const fields = node as Readonly<Record<string, unknown>>;
    const [step] = rest;
    if (step !== undefined) {
      walk(fields[step], rest.slice(1), `${place}/${step}`);
      return;
    }
    const image = fields[value];
    if (typeof image === 'string') found[key === undefined ? place : String(fields[key])] = image;
  };
  walk(pod, steps, '');
  return found;
}

describe('what Kyverno finds in a Pod', () => {
  const containers = [
    { name: 'app', image: 'a' },
    { name: 'sidecar', image: 'b' },
  ];
  const initContainers = [{ name: 'init', image: 'c' }];
  const ephemeralContainers = [{ name: 'debug', image: 'd' }];
  const volumes = [
    { name: 'data', image: { reference: 'e' } },
    { name: 'cache', emptyDir: {} },
    { name: 'more', image: { reference: 'f' } },
  ];

  test.each<[string, object, readonly string[]]>([
    ['containers alone', { containers }, ['a', 'b']],
    ['and init containers', { containers, initContainers }, ['a', 'b', 'c']],
    ['and ephemeral containers', { containers, ephemeralContainers }, ['a', 'b', 'd']],
    ['and image volumes', { containers, volumes }, ['a', 'b', 'e', 'f']],
    [
      'every list at once',
      { containers, initContainers, ephemeralContainers, volumes },
      ['a', 'b', 'c', 'd', 'e', 'f'],
    ],
  ])('%s', (_, spec, expected) => expect(extracted({ spec })).toEqual(expected));
});
