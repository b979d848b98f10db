import { expect, test } from 'vitest';
import { formatNote } from '../../../src/outputs/imports/render.ts';
import { clusterPolicy, imported } from './imported.ts';

const imagesOf = (object: string): string => `{{ to_string(request.${object}.spec.[containers[].image]) }}`;
const changed = (operator: string, value: string) => ({
  preconditions: {
    any: [
      { key: '{{ request.operation }}', operator: 'Equals', value: 'CREATE' },
      { key: imagesOf('object'), operator, value },
    ],
  },
});
const Pod = [{ path: '/spec/containers/*/' }, { path: '/spec/volumes/*/image/' }];

/** What a rule has; what is said of it that was left out. */
test.each<[string, object, readonly string[]]>([
  ['what policies of ours have', { ...changed('NotEquals', imagesOf('oldObject')), imageExtractors: { Pod } }, []],
  ['images that did not change', changed('Equals', imagesOf('oldObject')), ['preconditions']],
  ['certain images', changed('NotEquals', 'registry.example.com/a'), ['preconditions']],
  ['other kinds', { imageExtractors: { Pod, Task: [{ path: '/spec/steps/*/image' }] } }, ['imageExtractors']],
  ['other places', { imageExtractors: { Pod: [{ path: '/metadata/annotations/*' }] } }, ['imageExtractors']],
])('%s', (_name, rule, fields) => {
  const { notes, refused } = imported(clusterPolicy({}, { rule }));
  expect(refused).toBe(0);
  expect(notes.map(formatNote)).toEqual(
    fields.map((field) => expect.stringContaining(`changed: spec.rules[0].${field}: `)),
  );
});
