/** What a rendering tells of itself: what it lets in, and what it refuses though the engine trusts it. */
import { describe, expect, test } from 'vitest';
import type { KyvernoFormat } from '../../../src/outputs/kyverno/rendering.ts';
import { render, setOf, signatureFormat } from './samples.ts';

const trusting = (...keys: readonly string[]) => ({ attestors: [setOf('team', keys, 1)] });

/** `+` lets in, `-` refuses; what holds for every policy aside. */
function told(spec: Readonly<Record<string, unknown>>, format: KyvernoFormat): readonly string[] {
  const rendering = render(spec, format);
  if (rendering.kind !== 'rendered') return rendering.problems.map(({ name }) => name);
  const { gaps, refusals } = rendering;
  const all = [...gaps.map(({ name }) => `+${name}`), ...refusals.map(({ name }) => `-${name}`)];
  return all.filter((name) => !EVERYWHERE.includes(name)).toSorted();
}

const EVERYWHERE = ['+exemptNamespaces', '-hostInUpperCase', '-repeatedImages'];
const C = 'ClusterPolicy';
const I = 'ImageValidatingPolicy';

describe('told of a policy', () => {
  test.each<[string, KyvernoFormat, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['a key, any format', C, trusting('release'), ['-anyFormat', '-signatureManifests']],
    ['a key, any format', I, trusting('release'), ['+anyFormat', '-bundleHidesTag', '-signatureManifests']],
    ['a key, tags', C, { ...trusting('release'), ...signatureFormat('Legacy') }, ['-signatureManifests']],
    [
      'a key, tags',
      I,
      { ...trusting('release'), ...signatureFormat('Legacy') },
      ['+legacyFormat', '-bundleHidesTag', '-signatureManifests'],
    ],
    ['a key, bundles', C, { ...trusting('release'), ...signatureFormat('Bundle') }, ['-bundleFormat']],
    ['a key, bundles', I, { ...trusting('release'), ...signatureFormat('Bundle') }, []],
    [
      'an Ed25519 key, tags: cosign 3 writes those too',
      C,
      { ...trusting('key-ed25519'), ...signatureFormat('Legacy') },
      ['-ed25519Prehashed', '-signatureManifests'],
    ],
    ['an Ed25519 key, bundles', I, { ...trusting('key-ed25519'), ...signatureFormat('Bundle') }, ['-ed25519Prehashed']],
    ['Notary signatures alone have no formats', C, trusting('notation'), []],
    ['Notary signatures alone have no formats', I, trusting('notation'), []],
    [
      'Notary signatures or those of a key',
      I,
      trusting('notation', 'release'),
      ['+anyFormat', '-bundleHidesTag', '-signatureManifests'],
    ],
    ['a key that vouches for nothing lets nothing in', I, trusting('revoked'), []],
    ['a window of validity', I, { ...trusting('windowed'), ...signatureFormat('Bundle') }, ['+signingTime']],
  ])('%s, %s', (_, format, spec, expected) => expect(told(spec, format)).toEqual(expected));

  test('pinning hangs at repeated images in one kind, where it is asked for', () => {
    const names = (spec: object, format: KyvernoFormat, mode: 'Audit' | 'Enforce' = 'Enforce'): readonly string[] => {
      const rendering = render({ ...trusting('release'), ...spec }, format, mode);
      return rendering.kind === 'rendered' ? rendering.refusals.map(({ name }) => name) : [];
    };
    expect(names({}, I)).toContain('repeatedImages');
    expect(names({}, C)).not.toContain('repeatedImages');
    expect(names({}, I, 'Audit')).not.toContain('repeatedImages');
    expect(names({ digest: { requireInSpec: true } }, I)).not.toContain('repeatedImages');
    expect(names({ enforcement: { kyverno: { mutateDigest: false } } }, I)).not.toContain('repeatedImages');
  });
});
