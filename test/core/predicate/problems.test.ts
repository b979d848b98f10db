import { expect, test } from 'vitest';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { formatProblem } from '../../../src/core/manifests/problem.ts';
import { readWorld } from '../../../src/core/manifests/world.ts';

/** What the reading of a policy with one attestation says. */
function saidOf(attestation: string): readonly string[] {
  const { documents } = loadManifests(
    `apiVersion: imagetrust.dev/v1alpha1
kind: ImageTrustPolicy
metadata: {name: production}
spec:
  images: ["*"]
  attestors: [{name: team, entries: [{trustedKey: release}]}]
  attestations:
  - type: https://slsa.dev/provenance/v1
    ${attestation}
`,
    'policy.yaml',
  );
  const { world, problems } = readWorld(documents);
  expect(world.policies).toHaveLength(problems.length === 0 ? 1 : 0);
  return problems.map(formatProblem);
}

test.each([
  [
    'bad JMESPath',
    'conditions: {all: [{key: "{{ a..b }}", operator: Equals, value: x}]}',
    'spec.attestations[0].conditions.all[0].key: expected a name, [ or { after the dot (JMESPath "a..b", character 3), found "."',
  ],
  [
    'a variable in a value',
    'conditions: {any: [{key: "{{ a }}", operator: Equals, value: "{{ nope(a) }}"}]}',
    'spec.attestations[0].conditions.any[0].value: expected one of abs, add,',
  ],
  [
    'a bad expression',
    'expression: "predicate.a =="',
    'spec.attestations[0].expression: expected an expression (CEL, character 15), found "the end"',
  ],
  ['a name that there is not', 'expression: "object.a == 1"', 'spec.attestations[0].expression: expected predicate,'],
  ['what is never true or false', 'expression: "1 + 1"', 'expected an expression that gives true or false'],
])('%s is told with its place', (_name, attestation, expected) => {
  const [said = ''] = saidOf(attestation);
  expect(said.replace('found the end', 'found "the end"')).toContain(expected);
});

test('what can be evaluated is no problem', () => {
  expect(
    saidOf(`conditions: {all: [{key: "{{ a.b }}", operator: Equals, value: x}]}
    expression: predicate.a.b == 'x'`),
  ).toEqual([]);
});
