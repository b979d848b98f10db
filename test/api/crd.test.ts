import { describe, expect, test } from 'vitest';
import { generatedFiles, staleFiles } from '../../.ci/generate.ts';
import { crdOf, type OpenApiSchema, openApiOf, schemaMap } from '../../src/api/crd.ts';
import type { KindName } from '../../src/api/group.ts';

const KINDS: readonly KindName[] = ['TrustedKey', 'ImageTrustPolicy'];

/** Every schema node with its path. */
function nodes(schema: OpenApiSchema, path = ''): readonly (readonly [string, OpenApiSchema])[] {
  const below = Object.entries(schemaMap(schema['properties'])).flatMap(([name, field]) =>
    nodes(field, `${path}.${name}`),
  );
  const items = schemaMap({ items: schema['items'] })['items'];
  const values = schemaMap({ values: schema['additionalProperties'] })['values'];
  return [
    [path, schema],
    ...below,
    ...(items === undefined ? [] : nodes(items, `${path}[]`)),
    ...(values === undefined ? [] : nodes(values, `${path}{}`)),
  ];
}

test('the generated files are in date', () => expect(staleFiles()).toEqual([]));

test('generating twice gives the same bytes', () => expect([...generatedFiles()]).toEqual([...generatedFiles()]));

describe.each(KINDS)('%s', (kind) => {
  const all = nodes(openApiOf(kind)).filter(([path]) => path !== '.metadata');
  const typed = (type: string): readonly string[] => all.filter(([, s]) => s['type'] === type).map(([path]) => path);
  const lacking = (type: string, keyword: string): readonly string[] =>
    all.filter(([, s]) => s['type'] === type && s[keyword] === undefined).map(([path]) => path);

  test('is structural: every node has a type or preserves unknown fields, and no forbidden keyword', () => {
    const forbidden = [
      'oneOf',
      'anyOf',
      'allOf',
      'not',
      '$ref',
      '$schema',
      'const',
      'patternProperties',
      'propertyNames',
    ];
    const bad = all.filter(
      ([, s]) =>
        (s['type'] === undefined && s['x-kubernetes-preserve-unknown-fields'] !== true) ||
        forbidden.some((keyword) => s[keyword] !== undefined) ||
        s['additionalProperties'] === false,
    );
    expect(bad.map(([path]) => path)).toEqual([]);
  });

  test('bounds every string, list and map', () => {
    const strings = all.filter(
      ([, s]) => s['type'] === 'string' && s['maxLength'] === undefined && s['enum'] === undefined,
    );
    expect(strings.map(([path]) => path)).toEqual(['.apiVersion', '.kind']);
    expect(lacking('array', 'maxItems')).toEqual([]);
    const maps = all.filter(([, s]) => s['additionalProperties'] !== undefined && s['maxProperties'] === undefined);
    expect(maps.map(([path]) => path)).toEqual([]);
    expect(typed('string').length).toBeGreaterThan(30);
  });

  test('says for every list how it is merged', () => expect(lacking('array', 'x-kubernetes-list-type')).toEqual([]));

  test('documents every field', () => {
    const undocumented = all.filter(
      ([path, s]) => !/(\[\]|\{\})$/.test(path) && path !== '' && s['description'] === undefined,
    );
    expect(undocumented.map(([path]) => path)).toEqual([]);
  });

  test('ships no empty list, and no status of its own', () => {
    const crd = crdOf(kind);
    expect(JSON.stringify(crd)).not.toContain('[]');
    expect(Object.keys(crd)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(Object.keys(crd['metadata'] ?? {})).not.toContain('creationTimestamp');
  });

  test('starts with a status that kstatus takes for unfinished', () => {
    expect(schemaMap(openApiOf(kind)['properties'])['status']?.['default']).toEqual({ observedGeneration: -1 });
  });
});
