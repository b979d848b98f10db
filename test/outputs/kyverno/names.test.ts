import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { celNames, kyvernoName } from '../../../src/outputs/kyverno/names.ts';

describe('the name of the generated policy', () => {
  test.each([
    ['production', 'image-trust-production'],
    ['a.b', /^image-trust-a-b-[0-9a-f]{8}$/],
    ['x'.repeat(51), `image-trust-${'x'.repeat(51)}`],
    ['x'.repeat(52), /^image-trust-x{42}-[0-9a-f]{8}$/],
  ])('%s', (name, expected) => expect(kyvernoName(name)).toMatch(expected));

  // Names of cluster-scoped objects (RFC 1123 subdomains).
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/);
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));

  test('is one that Kyverno takes, and no two policies have the same', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(kyvernoName(a)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        expect(kyvernoName(a) === kyvernoName(b)).toBe(a === b);
      }),
    );
  });
});

describe('names within CEL', () => {
  test.each([
    ['release-2026', 'release_2026'],
    ['2026-release', 'key_2026_release'],
    ['Nobody', 'key_nobody'],
    ['in', 'key_in'],
    ['---', 'key_'],
  ])('%s', (text, expected) => expect(celNames()(text)).toBe(expected));

  test('are identifiers, and no two are the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('a', 'a_2', 'A', 'in')), { maxLength: 8 }),
        (texts) => {
          const nameOf = celNames();
          const names = texts.map((text) => nameOf(text));
          expect(names.every((one) => /^[a-z][a-z0-9_]*$/.test(one))).toBe(true);
          expect(new Set(names).size).toBe(texts.length);
        },
      ),
    );
  });
});
