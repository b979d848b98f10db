/**
 * The renderer's last look at its own policy: each of these Kyverno 1.19.1 takes, calls ready, and then lets everything
 * in, or nothing (kyverno-live 3).
 */
import { describe, expect, test } from 'vitest';
import { demandPolicy } from '../../../src/outputs/kyverno/check.ts';
import type { KyvernoFormat, KyvernoObject } from '../../../src/outputs/kyverno/rendering.ts';
import { render, setOf, signatureFormat } from './samples.ts';

type Path = readonly (string | number)[];

function whole(format: KyvernoFormat): KyvernoObject {
  const spec = { attestors: [setOf('team', ['release'])], ...signatureFormat('Legacy') };
  const rendering = render(spec, format);
  if (rendering.kind !== 'rendered') throw new Error('the sample is not expressible');
  return rendering.object;
}

/** A copy with another value at the path; undefined removes it. */
function changed(object: KyvernoObject, path: Path, value: unknown): KyvernoObject {
  const copy = JSON.parse(JSON.stringify(object)) as KyvernoObject;
  let node: Record<string | number, unknown> = copy as unknown as Record<string, unknown>;
  for (const step of path.slice(0, -1)) node = node[step] as Record<string | number, unknown>;
  const [last = ''] = path.slice(-1);
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

const RULE: Path = ['spec', 'rules', 0];
const VERIFY: Path = [...RULE, 'verifyImages', 0];
const SET: Path = [...VERIFY, 'attestors', 0];
const KEYS: Path = [...SET, 'entries', 0, 'keys'];
const NOT_PEM = 'text\n-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';

describe('a ClusterPolicy that is not whole is not given away', () => {
  test('as it is rendered, it is', () => expect(() => demandPolicy(whole('ClusterPolicy'))).not.toThrow());
  test.each<[string, Path, unknown]>([
    [
      'matchConditions switch it off',
      ['spec', 'webhookConfiguration', 'matchConditions'],
      [{ name: 'x', expression: 'true' }],
    ],
    ['no rules', ['spec', 'rules'], []],
    ['a rule that looks at nothing', [...RULE, 'match'], { any: [] }],
    ['no preconditions: running Pods are trapped', [...RULE, 'preconditions'], undefined],
    ['no extractors: image volumes get in', [...RULE, 'imageExtractors'], undefined],
    ['an extractor too few', [...RULE, 'imageExtractors', 'Pod', 3], undefined],
    ['two extractors of one name', [...RULE, 'imageExtractors', 'Pod', 1, 'name'], 'containers'],
    ['an extractor without a name', [...RULE, 'imageExtractors', 'Pod', 3, 'name'], undefined],
    ['no images', [...VERIFY, 'imageReferences'], []],
    ['no attestors: everything is let in', [...VERIFY, 'attestors'], undefined],
    ['no entries', [...SET, 'entries'], []],
    ['a count above the entries', [...SET, 'count'], 2],
    ['a count of nothing', [...SET, 'count'], 0],
    ['a cached pass', [...VERIFY, 'useCache'], true],
    ['required refuses signed ephemeral containers', [...VERIFY, 'required'], true],
    ['a key that is none', [...KEYS, 'publicKeys'], NOT_PEM],
    ['a hash that Kyverno does not know', [...KEYS, 'signatureAlgorithm'], 'md5'],
    ['an empty log', [...KEYS, 'rekor', 'url'], ''],
    ['a name that is too long', ['metadata', 'name'], 'x'.repeat(64)],
    ['a time-out out of range', ['spec', 'webhookConfiguration', 'timeoutSeconds'], 31],
    ['a field that nobody knows', ['spec', 'schemaValidation'], false],
  ])('%s', (_, path, value) => {
    expect(() => demandPolicy(changed(whole('ClusterPolicy'), path, value))).toThrow(/is not whole: /);
  });
});

const ATTESTOR: Path = ['spec', 'attestors', 0];
const VALIDATION: Path = ['spec', 'validations', 0];
const RESOURCE: Path = ['spec', 'matchConstraints', 'resourceRules', 0];

describe('an ImageValidatingPolicy that is not whole is not given away', () => {
  test('as it is rendered, it is', () => expect(() => demandPolicy(whole('ImageValidatingPolicy'))).not.toThrow());
  test.each<[string, Path, unknown]>([
    ['no constraints: everything is let in', ['spec', 'matchConstraints', 'resourceRules'], []],
    ['resources in the singular', [...RESOURCE, 'resources'], ['pod', 'pods/ephemeralcontainers']],
    ['no ephemeral containers', [...RESOURCE, 'resources'], ['pods']],
    ['no updates', [...RESOURCE, 'operations'], ['CREATE']],
    ['no validations: everything is let in', ['spec', 'validations'], []],
    ['a validation that proves nothing', [...VALIDATION, 'expression'], 'true'],
    [
      'a list of images left out',
      [...VALIDATION, 'expression'],
      'images.containers.all(i, verifyImageSignatures(i, [attestors.release, attestors.nobody]) > 0)',
    ],
    ['no list of volumes', ['spec', 'images', 3], undefined],
    ['a list of images under the name of another', ['spec', 'images', 1, 'name'], 'volumes'],
    ['no images in scope', ['spec', 'matchImageReferences'], []],
    ['no attestors', ['spec', 'attestors'], []],
    ['an attestor that is not declared', [...ATTESTOR, 'name'], 'other'],
    ['an attestor declared twice', ['spec', 'attestors', 1, 'name'], 'release'],
    ['a key that is none', [...ATTESTOR, 'cosign', 'key', 'data'], NOT_PEM],
    ['a hash that Kyverno does not know', [...ATTESTOR, 'cosign', 'key', 'hashAlgorithm'], 'md5'],
    ['no actions, which means Deny', ['spec', 'validationActions'], []],
    ['required, which knows no exceptions', ['spec', 'validationConfigurations', 'required'], true],
    ['a time-out out of range stops every later policy', ['spec', 'webhookConfiguration', 'timeoutSeconds'], 31],
  ])('%s', (_, path, value) => {
    expect(() => demandPolicy(changed(whole('ImageValidatingPolicy'), path, value))).toThrow(/is not whole: /);
  });
});
