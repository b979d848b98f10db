import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { imported, K1, written } from './imported.ts';

const VERIFIED =
  'images.containers.map(i, verifyAttestationSignatures(i, attestations.s, [attestors.k]) > 0).all(e, e)';
const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';

const asking = (body: string, attestation = 's'): string =>
  `images.containers.map(i, extractPayload(i, attestations.${attestation}).subject.exists(s, ${body})).all(e, e)`;
const COMPARED = 's.annotations["env"] == "prod"';
const HAS = 'has(s.annotations) && "env" in s.annotations';

/** An ImageValidatingPolicy that demands a signature and, of its statement, this. */
function policy(expression: string, type = SIGNATURE): object {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'annotated' },
    spec: {
      validationActions: ['Deny'],
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      matchImageReferences: [{ glob: 'registry.example.com/*' }],
      attestors: [
        {
          name: 'k',
          cosign: { key: { data: K1 }, ctlog: { insecureIgnoreTlog: true, insecureIgnoreSCT: true } },
        },
      ],
      attestations: [
        { name: 's', intoto: { type } },
        { name: 'other', intoto: { type: 'https://slsa.dev/provenance/v1' } },
      ],
      validations: [{ expression: VERIFIED }, { expression }],
    },
  };
}

/** The annotations of the only entry; undefined where the policy is refused. */
function annotationsOf(document: object): unknown {
  const { objects } = imported(document);
  const found = objects.find(({ object }) => object.kind === 'ImageTrustPolicy')?.object as
    | { spec: { attestors: readonly { entries: readonly { annotations?: unknown }[] }[] } }
    | undefined;
  return found?.spec.attestors[0]?.entries[0]?.annotations;
}

describe('annotations that are read out of the statement of a signature', () => {
  test.each([
    ['compared', COMPARED, { env: 'prod' }],
    ['asked for and compared', `${HAS} && ${COMPARED}`, { env: 'prod' }],
    ['two of them', `${COMPARED} && s.annotations["team"] == "core"`, { env: 'prod', team: 'core' }],
  ])('%s', (_name, body, annotations) => {
    expect(annotationsOf(policy(asking(body)))).toEqual(annotations);
  });
});

describe('what is not understood is refused, never left out', () => {
  test.each([
    ['asked for and not compared', policy(asking(HAS))],
    ['another comparison', policy(asking(`${COMPARED} && s.annotations["team"] != "core"`))],
    ['one of two', policy(asking(`${COMPARED} || s.annotations["env"] == "dev"`))],
    ['one twice', policy(asking(`${COMPARED} && s.annotations["env"] == "dev"`))],
    ['another value of the same in another validation', twice(policy(asking(COMPARED)))],
    ['those of an attestation that nobody verifies', policy(asking(COMPARED, 'other'))],
    ['those of another variable', policy(asking('x.annotations["env"] == "prod"'))],
  ])('%s', (_name, document) => {
    const result = imported(document);
    expect(result.refused).toBe(1);
    expect(written(result)).not.toContain('kind: ImageTrustPolicy');
  });
});

function twice(document: object): object {
  const more = { expression: asking('s.annotations["env"] == "dev"') };
  const copy = JSON.parse(JSON.stringify(document)) as { spec: { validations: object[] } };
  copy.spec.validations.push(more);
  return copy;
}

test('the rest of the policy stays as it is', () => {
  expect(stringify(imported(policy(asking(COMPARED))).objects.map(({ object }) => object.kind))).toBe(
    '- TrustedKey\n- ImageTrustPolicy\n',
  );
});
