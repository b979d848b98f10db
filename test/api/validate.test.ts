import { describe, expect, test } from 'vitest';
import { shownPath } from '../../src/api/problem.ts';
import { validateManifest } from '../../src/api/validate.ts';
import { MANIFESTS } from './manifests.table.ts';

const SECRET = 'eyJr';

describe.each(MANIFESTS)('$kind: $name', ({ kind, object, problems = [] }) => {
  const result = validateManifest(kind, object);
  const found = result.ok ? [] : result.problems;

  test('is taken or refused as the row says', () => {
    expect({ ok: result.ok, clean: found.length === 0 }).toEqual({
      ok: problems.length === 0,
      clean: problems.length === 0,
    });
  });

  test.each(problems)('names %s', (path, sentence) => {
    const here = found.filter((problem) => shownPath(problem.path) === path);
    expect(here.map((problem) => problem.expected).join('\n')).toContain(sentence);
    expect(here).not.toHaveLength(0);
  });

  test('never repeats key material', () => {
    expect(JSON.stringify(found)).not.toContain(SECRET);
    expect(JSON.stringify(found)).not.toContain('MFkw');
  });
});

describe('problems', () => {
  const base = { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'TrustedKey', metadata: { name: 'a' } };
  const problemsOf = (
    object: unknown,
  ): readonly { path: string; expected: string; found: string; advice?: string }[] => {
    const result = validateManifest('TrustedKey', object);
    return result.ok ? [] : result.problems.map((p) => ({ ...p, path: shownPath(p.path) }));
  };

  test('are all said at once, cross-field rules included', () => {
    const spec = {
      publicKey: { pem: 'x' },
      keyless: { identities: [{ subject: 1 }] },
      lifecycle: { state: 'x' },
      foo: 1,
    };
    expect(problemsOf({ ...base, spec }).map((p) => p.path)).toEqual([
      'spec.publicKey.pem',
      'spec.keyless.identities[0].subject',
      'spec.keyless.identities[0]',
      'spec.lifecycle.state',
      'spec.foo',
      'spec',
    ]);
  });

  test('an unknown field has a suggestion where one is close', () => {
    const spec = { publickey: { pem: 'x' } };
    expect(problemsOf({ ...base, spec })[0]).toEqual({
      path: 'spec.publickey',
      expected: 'one of the fields publicKey, certificate, keyless, notation, transparencyLog, trustRoot, lifecycle',
      found: 'unknown field "publickey"',
      advice: 'did you mean publicKey?',
    });
    expect(problemsOf({ ...base, spec: { ...spec, whatever: 1 } })[1]?.advice).toBe('remove it');
  });

  test('an enum lists its values', () => {
    const spec = { publicKey: { configMapRef: { namespace: 'a', name: 'b', key: 'c' } }, transparencyLog: 'no' };
    expect(problemsOf({ ...base, spec })).toEqual([
      { path: 'spec.transparencyLog', expected: 'one of Required, Ignored', found: '"no"' },
    ]);
  });

  test('a missing field says what belongs there', () => {
    expect(problemsOf(base)).toEqual([
      { path: 'spec', expected: 'an object (the field is required)', found: 'nothing' },
    ]);
  });

  test.each([
    ['nothing', undefined, 'nothing'],
    ['a list', [], 'an empty list'],
    ['a text', 'hello', '"hello"'],
    ['a number', 7, 'number 7'],
  ])('%s is no object', (_, object, found) => {
    expect(problemsOf(object)).toEqual([{ path: '', expected: 'an object of kind TrustedKey', found }]);
  });

  test('another version or kind is refused', () => {
    const spec = { publicKey: { configMapRef: { namespace: 'a', name: 'b', key: 'c' } } };
    expect(problemsOf({ ...base, apiVersion: 'imagetrust.dev/v1', spec })).toEqual([
      { path: 'apiVersion', expected: 'imagetrust.dev/v1alpha1', found: '"imagetrust.dev/v1"' },
    ]);
    expect(problemsOf({ ...base, kind: 'ImageTrustPolicy', spec })[0]?.path).toBe('kind');
  });

  test.each([
    [
      'a demanded extension',
      'spec.keyless.identities[0].extensions.__proto__',
      '{"keyless":{"identities":[{"issuer":"a","subject":"b","extensions":{"__proto__":"x"}}]}}',
    ],
    [
      'a field',
      'spec.__proto__',
      '{"keyless":{"identities":[{"issuer":"a","subject":"b"}]},"__proto__":{"transparencyLog":"Ignored"}}',
    ],
  ])('__proto__ as %s is refused, not lost', (_, path, spec) => {
    expect(problemsOf({ ...base, spec: JSON.parse(spec) }).map((problem) => problem.path)).toEqual([path]);
  });

  test('long texts are cut, whatever they hold', () => {
    const spec = { publicKey: { kms: { uri: 'x'.repeat(5000) } } };
    for (const problem of problemsOf({ ...base, spec })) expect(problem.found.length).toBeLessThan(120);
  });
});

describe('a status', () => {
  const object = {
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'TrustedKey',
    metadata: { name: 'a', creationTimestamp: null, managedFields: [] },
    spec: { publicKey: { configMapRef: { namespace: 'a', name: 'b', key: 'c' } } },
  };
  const statusOf = (status: unknown): unknown => {
    const result = validateManifest('TrustedKey', { ...object, status });
    return result.ok ? result.value.status : 'refused';
  };

  test('that can be read is kept', () =>
    expect(statusOf({ observedGeneration: 3 })).toEqual({ observedGeneration: 3 }));
  test('of another version is left out', () => expect(statusOf({ newField: 1 })).toBeUndefined());
});
