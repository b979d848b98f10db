/** The order in which places are asked, and what is said when none has it. */
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { Failure, type FailureKind } from '../../src/core/failure.ts';
import { parseMirrorRule, plainHttpHosts, withMirrors } from '../../src/registry/mirrors.ts';
import type { Descriptor, ImageSource, Manifest, Repository } from '../../src/registry/source.ts';
import { failureOf } from '../support/failures.ts';

const options = { signal: new AbortController().signal };
const FIXTURES = new URL('../fixtures', import.meta.url).pathname;
const DIGEST: Digest = `sha256:${'1'.repeat(64)}`;
const SIGNED: Digest = 'sha256:3e5025f47a2d0c767a6d296ce8d7d18a33b82bd193417ef7a4601b020ef9bc64';
const referrer: Descriptor = { mediaType: 'x/y', digest: DIGEST, size: 1, annotations: {} };

type Answer = FailureKind['kind'] | 'has it' | 'has none';

/** A source that answers by repository, and writes down what it was asked. */
function origin(answers: Readonly<Record<string, Answer>>): { source: ImageSource; asked: string[] } {
  const asked: string[] = [];
  const answer = ({ registry, path }: Repository): Answer => {
    asked.push(`${registry}/${path}`);
    const found = answers[`${registry}/${path}`] ?? 'not-found';
    if (found === 'has it' || found === 'has none') return found;
    const detail =
      found === 'invalid' ? ({ kind: found, where: 'w', expected: 'e', found: 'f' } as const) : { kind: found };
    throw new Failure(detail, `${registry}/${path}: ${found}`);
  };
  const manifest: Manifest = {
    digest: DIGEST,
    mediaType: 'm',
    bytes: new Uint8Array(),
    layers: [],
    manifests: [],
    annotations: {},
  };
  return {
    asked,
    source: {
      manifest: async (repository) => (answer(repository), manifest),
      blob: async (repository) => (answer(repository), new Uint8Array()),
      referrers: async (repository) => ({
        descriptors: answer(repository) === 'has it' ? [referrer] : [],
        via: 'referrers-api',
        truncated: false,
      }),
    },
  };
}

const rules = (...texts: string[]) => texts.map((text) => parseMirrorRule(text, { cwd: FIXTURES }));
const nginx: Repository = { registry: 'docker.io', path: 'library/nginx' };

describe('rules', () => {
  test.each([
    [
      'docker.io=mirror.local/hub',
      {
        from: { registry: 'docker.io', path: '' },
        to: { type: 'registry', registry: 'mirror.local', path: 'hub', plainHttp: false },
      },
    ],
    [
      'index.docker.io/library=https://m:5000/',
      {
        from: { registry: 'docker.io', path: 'library' },
        to: { type: 'registry', registry: 'm:5000', path: '', plainHttp: false },
      },
    ],
    [
      'r.example/a/b/=HTTP://[::1]:5000/x/y',
      {
        from: { registry: 'r.example', path: 'a/b' },
        to: { type: 'registry', registry: '[::1]:5000', path: 'x/y', plainHttp: true },
      },
    ],
    [
      'r.example=oci:rel/',
      { from: { registry: 'r.example', path: '' }, to: { type: 'layout', path: `${FIXTURES}/rel` } },
    ],
    [
      'r.example=oci:/abs=x.tar',
      { from: { registry: 'r.example', path: '' }, to: { type: 'layout', path: '/abs=x.tar' } },
    ],
  ])('%s', (text, rule) => {
    expect(parseMirrorRule(text, { cwd: FIXTURES })).toEqual(rule);
  });

  test.each([
    '',
    '=',
    'a=',
    '=b',
    'docker.io',
    'docker.io=oci:',
    'docker.io=ftp://x',
    'docker.io=https://',
    'https://docker.io=x',
    'docker.io/App=x',
    'a=b/x:tag',
    'a=user@host',
    'a b=c',
    'a/../b=c',
  ])('"%s" is refused and named', (text) => {
    expect(() => parseMirrorRule(text)).toThrow(Failure);
    expect(() => parseMirrorRule(text)).toThrow(/--mirror/);
  });

  test('mirrors in plain HTTP are named for the client', () => {
    expect(plainHttpHosts(rules('a=http://m:1/x', 'b=https://n', 'c=oci:x'))).toEqual(['m:1']);
  });
});

describe('order', () => {
  test('longest FROM first, then as given, the origin last', async () => {
    const { source, asked } = origin({});
    const mirrored = withMirrors(
      source,
      rules('docker.io=one', 'docker.io/library=two/lib', 'docker.io=three/hub', 'docker.io/library/nginx=four/web'),
    );
    await failureOf(mirrored.manifest(nginx, 'v1', options));
    expect(asked).toEqual([
      'four/web',
      'two/lib/nginx',
      'one/library/nginx',
      'three/hub/library/nginx',
      'docker.io/library/nginx',
    ]);
  });

  test.each([
    [{ registry: 'docker.io', path: 'library-evil/nginx' }, 1],
    [{ registry: 'docker.io', path: 'library' }, 2],
    [{ registry: 'docker.io.evil.example', path: 'library/x' }, 1],
    [{ registry: 'docker.io', path: 'library/deep/er' }, 2],
  ])('a prefix ends at a path segment: %j', async (repository, places) => {
    const { source, asked } = origin({});
    await failureOf(withMirrors(source, rules('docker.io/library=m/x')).manifest(repository, 'v1', options));
    expect(asked).toHaveLength(places);
  });

  test('the first that has it is the last that is asked', async () => {
    const { source, asked } = origin({ 'm/library/nginx': 'has it' });
    await withMirrors(source, rules('docker.io=m', 'docker.io=n')).manifest(nginx, 'v1', options);
    expect(asked).toEqual(['m/library/nginx']);
  });
});

describe('what is handed on', () => {
  test.each([
    ['not-found', 'handed on'],
    ['unavailable', 'handed on'],
    ['unauthorized', 'handed on'],
    ['rate-limited', 'handed on'],
    ['invalid', 'final'],
    ['timeout', 'final'],
  ] as const)('%s is %s', async (kind, expected) => {
    const { source, asked } = origin({ 'm/library/nginx': kind, 'docker.io/library/nginx': 'has it' });
    const lookup = withMirrors(source, rules('docker.io=m')).manifest(nginx, 'v1', options);
    if (expected === 'handed on') await lookup;
    else await failureOf(lookup);
    expect(asked).toHaveLength(expected === 'handed on' ? 2 : 1);
  });

  test("a cancel is nobody's failure", async () => {
    const cancel = new Error('Ctrl-C');
    const source: ImageSource = { ...origin({}).source, manifest: () => Promise.reject(cancel) };
    await expect(withMirrors(source, rules('docker.io=m')).manifest(nginx, 'v1', options)).rejects.toBe(cancel);
  });
});

describe('what is reported when none has it', () => {
  const signed: Repository = { registry: 'docker.io', path: 'bundle3-k1' };
  const missing: Repository = { registry: 'docker.io', path: 'no-such-layout' };
  test.each([
    ['the origin decides what exists', 'docker.io=m', nginx, 'unavailable', 'not-found', 'not-found'],
    [
      "a mirror registry's not-found is nothing against an origin that is down",
      'docker.io=m',
      nginx,
      'not-found',
      'unavailable',
      'unavailable',
    ],
    ['nor against one that refuses', 'docker.io=m', nginx, 'not-found', 'unauthorized', 'unauthorized'],
    [
      "a layout's not-found stands where the origin is out of reach",
      'docker.io=oci:.',
      signed,
      'not-found',
      'unavailable',
      'not-found',
    ],
    ['but not where the origin refuses', 'docker.io=oci:.', signed, 'not-found', 'unauthorized', 'unauthorized'],
    ['a layout that is missing says nothing', 'docker.io=oci:.', missing, 'not-found', 'unavailable', 'unavailable'],
  ] as const)('%s', async (_, rule, repository, mirror, last, expected) => {
    const { source } = origin({ [`m/${repository.path}`]: mirror, [`docker.io/${repository.path}`]: last });
    const failure = await failureOf(withMirrors(source, rules(rule)).manifest(repository, 'nope', options));
    expect(failure.detail.kind).toBe(expected);
  });

  test('all that were asked are named', async () => {
    const { source } = origin({ 'm/library/nginx': 'unavailable', 'docker.io/library/nginx': 'unavailable' });
    const failure = await failureOf(withMirrors(source, rules('docker.io=m')).manifest(nginx, 'v1', options));
    expect(failure.message).toBe('docker.io/library/nginx: unavailable; m/library/nginx: unavailable');
  });
});

describe('referrers', () => {
  const unsigned: Repository = { registry: 'docker.io', path: 'unsigned' };
  const listOf = async (
    answers: Readonly<Record<string, Answer>>,
    rule: string,
    repository: Repository,
    subject = DIGEST,
  ) =>
    (await withMirrors(origin(answers).source, rules(rule)).referrers(repository, subject, options)).descriptors.length;

  test('a mirror without signatures is passed by', async () => {
    expect(
      await listOf({ 'm/library/nginx': 'has none', 'docker.io/library/nginx': 'has it' }, 'docker.io=m', nginx),
    ).toBe(1);
    expect(await listOf({ 'docker.io/unsigned': 'has it' }, 'docker.io=oci:.', unsigned)).toBe(1);
  });

  test('an outage of the origin makes no empty list of a mirror registry', async () => {
    const lookup = listOf(
      { 'm/library/nginx': 'has none', 'docker.io/library/nginx': 'unavailable' },
      'docker.io=m',
      nginx,
    );
    expect((await failureOf(lookup)).detail.kind).toBe('unavailable');
  });

  test('a layout is complete: its empty list stands where the origin is out of reach', async () => {
    expect(await listOf({ 'docker.io/unsigned': 'unavailable' }, 'docker.io=oci:.', unsigned)).toBe(0);
    expect(
      await listOf(
        { 'docker.io/bundle3-k1': 'unavailable' },
        'docker.io=oci:.',
        { registry: 'docker.io', path: 'bundle3-k1' },
        SIGNED,
      ),
    ).toBe(1);
  });

  test('nobody behind a layout that holds the image is asked for what refers to it', async () => {
    const { source, asked } = origin({ 'docker.io/bundle3-k1': 'has it' });
    const mirrored = withMirrors(source, rules('docker.io=oci:.'));
    const repository = { registry: 'docker.io', path: 'bundle3-k1' };
    expect((await mirrored.referrers(repository, SIGNED, options)).descriptors).toHaveLength(1);
    const tag = mirrored.manifest(repository, `${SIGNED.replace(':', '-')}.sig`, options);
    expect((await failureOf(tag)).detail.kind).toBe('not-found');
    expect(asked).toEqual([]);
    await mirrored.referrers(repository, DIGEST, options);
    expect(asked).toEqual(['docker.io/bundle3-k1']);
  });

  test('none anywhere is an empty list', async () => {
    expect(
      await listOf({ 'm/library/nginx': 'has none', 'docker.io/library/nginx': 'has none' }, 'docker.io=m', nginx),
    ).toBe(0);
  });
});
