import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../src/core/glob.ts';
import { canonicalImageGlob, compileImageGlobs } from '../../../src/core/image-glob.ts';
import { parseReference } from '../../../src/core/reference.ts';
import { coversImage } from '../../../src/outputs/kyverno/cel-images.ts';
import { clusterGlobs, HUB_PATHS } from '../../../src/outputs/kyverno/cluster-globs.ts';
import { createLedger } from '../../../src/outputs/kyverno/ledger.ts';
import { evaluateCel } from './cel.ts';
import { render } from './samples.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** Does the engine judge the image, by these globs? */
const inScope = (globs: readonly string[], image: string): boolean => compileImageGlobs(globs)(parseReference(image));

/** What Kyverno compares wildcards with (pkg/utils/image): docker.io/ is added, library/ never, the digest beats the tag. */
function asClusterPolicySees(image: string): string {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0));
  const hasHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const full = hasHost ? image : `docker.io/${image}`;
  const [named = '', digest] = full.split('@');
  const last = named.slice(named.lastIndexOf('/') + 1);
  const repository = last.includes(':') ? named.slice(0, named.lastIndexOf(':')) : named;
  if (digest !== undefined) return `${repository}@${digest}`;
  return `${repository}:${last.includes(':') ? last.slice(last.indexOf(':') + 1) : 'latest'}`;
}

/** Is the image verified by the rules of a ClusterPolicy over these globs? undefined: they cannot be expressed. */
function coveredByClusterPolicy(globs: readonly string[], image: string): boolean | undefined {
  const ledger = createLedger('ClusterPolicy');
  const { references, official } = clusterGlobs(globs.map(canonicalImageGlob), 'spec.images', ledger);
  if (ledger.problems.length > 0) return undefined;
  const seen = asClusterPolicySees(image);
  const matches = (list: readonly string[]): boolean => list.some((reference) => matchesGlob(reference, seen));
  return matches(references) || (matches(official) && !matches(HUB_PATHS));
}

const coveredByCel = (globs: readonly string[], image: string): boolean =>
  evaluateCel(coversImage('ref', globs.map(canonicalImageGlob)), { ref: image }) === true;

const HUB = [
  '',
  'docker.io/',
  'index.docker.io/',
  'registry-1.docker.io/',
  'registry.hub.docker.com/',
  'docker.io:443/',
];
const HOSTS = [
  'registry.example.com/',
  'registry.example.com:443/',
  'registry.example.com:5000/',
  'localhost/',
  'localhost:5000/',
];
const PATHS = [
  'nginx',
  'nginx2',
  'library/nginx',
  'acme/app',
  'acme/app2',
  'acme/nginx',
  'team/sub/app',
  'library/acme/app',
];
const TAGS = ['', ':latest', ':v1', ':1.27'];
const ENDS = TAGS.flatMap((tag) => [tag, `${tag}@${DIGEST}`]);
const image = fc
  .tuple(fc.constantFrom(...HUB, ...HOSTS), fc.constantFrom(...PATHS), fc.constantFrom(...ENDS))
  .map((parts) => parts.join(''));

/** A text with some letters made wildcards, and its end cut off for a star at times. */
const withWildcards = (text: string) =>
  fc
    .tuple(fc.nat(text.length), fc.nat(text.length), fc.constantFrom('none', 'star', 'mark', 'end'))
    .map(([a, b, how]) => {
      if (how === 'none' || text === '') return text;
      if (how === 'end') return `${text.slice(0, a)}*`;
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return how === 'star'
        ? `${text.slice(0, from)}*${text.slice(to)}`
        : `${text.slice(0, from)}?${text.slice(from + 1)}`;
    });
const glob = fc
  .oneof(
    image.chain(withWildcards),
    fc.constantFrom('*', 'nginx*', 'nginx', 'acme/*', 'docker.io/*', 'docker.io/library/*', 'docker.io/lib*', '*/app'),
    fc.constantFrom('registry.example.com*', 'registry.example.com/*', 'registry.example.com/*:*', '*.example.com/*'),
    fc.constantFrom(
      'docker.io*',
      'registry.example.com:*',
      'docker.io/*/app',
      'registry.example.com/acme/app:v1',
      'docker.io/*/nginx*',
      '*/nginx*',
    ),
  )
  .filter((text) => text !== '');
const globs = fc.array(glob, { minLength: 1, maxLength: 3 });

describe('which images are covered', () => {
  test('by the CEL of an ImageValidatingPolicy: what the engine judges, however it is spelled, and nothing else', () => {
    fc.assert(
      fc.property(globs, image, (list, name) => {
        expect(coveredByCel(list, name)).toBe(inScope(list, name));
      }),
      { numRuns: 1000 },
    );
  });

  test('by the wildcards of a ClusterPolicy: what the engine judges, and nothing else, or it is not expressible', () => {
    fc.assert(
      fc.property(globs, image, (list, name) => {
        const covered = coveredByClusterPolicy(list, name);
        fc.pre(covered !== undefined);
        expect(covered).toBe(inScope(list, name));
      }),
      { numRuns: 5000 },
    );
  });

  test.for([
    '*',
    'nginx',
    'nginx*',
    'acme/*',
    'acme/app',
    'docker.io/*',
    'docker.io/library/*',
    'registry.example.com/*',
    'registry.example.com/team/app',
    'registry.example.com/team/app:*',
    'registry.example.com:5000/*',
    '*.example.com/*',
    '*/app',
    'registry.example.com*',
    `registry.example.com/app@${DIGEST}`,
    'docker.io/*/app',
  ])('%s can be expressed by a ClusterPolicy', (pattern) => {
    expect(coveredByClusterPolicy([pattern], 'registry.example.com/x')).toBeDefined();
  });

  test.for([
    'nginx:1.27',
    'registry.example.com/app:v1',
    '*nginx*',
    'registry.example.com/a*b',
    '*.io/*',
    'docker.io/a*/b',
  ])('%s cannot, and it says so', (pattern) => {
    const rendering = render({ images: [pattern] }, 'ClusterPolicy');
    expect(rendering).toMatchObject({
      kind: 'not-expressible',
      problems: [{ where: expect.stringContaining('spec.images') }],
    });
  });

  test.for(['REGISTRY.example.com/app', 'Registry.Example.Com:443/team/app:v1', 'registry.examplE.com/app@' + DIGEST])(
    '%s, with upper case in its host, is verified by one kind and refused by the other',
    (name) => {
      const list = ['registry.example.com/*'];
      expect(inScope(list, name)).toBe(true);
      expect(coveredByCel(list, name)).toBe(true);
      expect(refusedForItsHost({ images: list }, name)).toBe(true);
    },
  );

  test.for([
    'registry.example.com/app:V1',
    'other.example.com/app',
    'OTHER.example.com/app',
    'nginx',
    'registry.example.com.evil.io/X',
  ])('%s is no business of the rule on hosts', (name) => {
    expect(refusedForItsHost({ images: ['registry.example.com/*'] }, name)).toBe(false);
  });

  test('images that are left out are not refused for their hosts', () => {
    const spec = { images: ['registry.example.com/*'], excludeImages: ['registry.example.com/sandbox/*'] };
    expect(refusedForItsHost(spec, 'REGISTRY.example.com/sandbox/app')).toBe(false);
    expect(refusedForItsHost(spec, 'REGISTRY.example.com/team/app')).toBe(true);
  });
});

/** The filter of the rule hosts-in-lower-case, as JMESPath evaluates it. */
function refusedForItsHost(spec: Readonly<Record<string, unknown>>, name: string): boolean {
  const rendering = render(spec, 'ClusterPolicy');
  if (rendering.kind !== 'rendered') throw new Error('not rendered');
  const key = /\[\?@ && (.*)\] \| length/.exec(
    JSON.parse(JSON.stringify(JSON.stringify(rendering.object.spec))) as string,
  );
  const tests = (JSON.parse(`"${key?.[1] ?? ''}"`) as string).split(' && ');
  return tests.every((part) => {
    const [, not = '', pattern = '', what = ''] = /^(!?)regex_match\('([^']*)', (.*)\)$/.exec(part) ?? [];
    const text = what === '@' ? name : name.toLowerCase();
    return RE2JS.compile(pattern).matcher(text).find() !== (not === '!');
  });
}
