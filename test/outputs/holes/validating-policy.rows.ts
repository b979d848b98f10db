/** Holes of an ImageValidatingPolicy, each alone in a policy that has no other. */
import { K1, OTHER, ROOT } from '../imports/imported.ts';
import { GITHUB, IDENTITY, REKOR, type Row, SIGNATURE } from './rows.ts';

const OFFLINE = { insecureIgnoreTlog: true, insecureIgnoreSCT: true };
const cosign = (name: string, fields: object) => ({ name, cosign: { ctlog: OFFLINE, ...fields } });
const LIST = '(images.containers + images.initContainers + images.ephemeralContainers + images.volumes)';
const signed = (names: string, by = '> 0') =>
  `${LIST}.all(i, verifyAttestationSignatures(i, attestations.s, [${names}]) ${by})`;
const validations = (...expressions: readonly string[]) => ({
  validations: expressions.map((expression) => ({ expression })),
});

/** An ImageValidatingPolicy without holes, with these changes. */
function validating(spec: object = {}, metadata: object = {}): object {
  const rule = {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: ['pods', 'pods/ephemeralcontainers'],
  };
  const tight = {
    validationActions: ['Deny'],
    validationConfigurations: { mutateDigest: true, verifyDigest: true, required: true },
    matchConstraints: { resourceRules: [rule] },
    matchConditions: [
      {
        name: 'change',
        expression: 'request.operation == "CREATE" || object.spec.containers != oldObject.spec.containers',
      },
    ],
    matchImageReferences: [{ glob: 'registry.example.com/*' }],
    images: [
      {
        name: 'volumes',
        expression: 'object.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.reference)',
      },
    ],
    attestors: [cosign('a', { key: { data: K1 } })],
    attestations: [{ name: 's', intoto: { type: SIGNATURE } }],
    ...validations(signed('attestors.a')),
  };
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'tight', ...metadata },
    spec: { ...tight, ...spec },
  };
}

const constraints = (change: object) => ({
  matchConstraints: {
    resourceRules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['pods', 'pods/ephemeralcontainers'],
        ...change,
      },
    ],
  },
});
const identities = (...list: readonly object[]) => ({
  attestors: [cosign('a', { ctlog: { url: REKOR.rekor.url }, keyless: { identities: list } })],
});
const globs = (...list: readonly string[]) => ({ matchImageReferences: list.map((glob) => ({ glob })) });

/** What is wrong; the policy; the holes. */
export const VALIDATING_POLICY_ROWS: readonly Row[] = [
  ['I: nothing', validating(), []],
  ['I: only reported, every update', validating({ validationActions: ['Audit'], matchConditions: [] }), []],
  ['I: no constraints', validating({ matchConstraints: undefined }), ['EmptyConstraints']],
  ['I: the resource pod', validating(constraints({ resources: ['pod'] })), ['EmptyConstraints']],
  ['I: the resource Pods', validating(constraints({ resources: ['Pods'] })), ['EmptyConstraints']],
  ['I: pods of another group', validating(constraints({ apiGroups: ['apps'] })), ['EmptyConstraints']],
  [
    'I: deployments alone',
    validating(constraints({ apiGroups: ['apps'], resources: ['deployments'] })),
    ['PodsNotMatched'],
  ],
  ['I: no ephemeral containers', validating(constraints({ resources: ['pods'] })), ['ContainersNotCovered']],
  ['I: creation alone', validating(constraints({ operations: ['CREATE'] })), ['UpdatesNotVerified']],
  [
    'I: creation alone by condition',
    validating({ matchConditions: [{ name: 'c', expression: 'request.operation == "CREATE"' }] }),
    ['UpdatesNotVerified'],
  ],
  ['I: every update', validating({ matchConditions: [] }), ['RunningPodsTrapped']],
  ['I: a time-out of 31', validating({ webhookConfiguration: { timeoutSeconds: 31 } }), ['TimeoutOutOfRange']],
  ['I: a name of 210', validating({}, { name: 'n'.repeat(210) }), ['NameTooLong']],
  ['I: a name of 209', validating({}, { name: 'n'.repeat(209) }), []],
  ['I: no attestors', validating({ attestors: [] }), ['NothingDemanded', 'UndeclaredAttestor']],
  ['I: no validations', validating({ validations: [] }), ['NothingDemanded']],
  [
    'I: a validation of something else',
    validating(validations(`${LIST}.all(i, i.startsWith("a"))`)),
    ['NothingDemanded'],
  ],
  ['I: nothing passes', validating(validations(`${LIST}.all(i, false)`)), []],
  [
    'I: containers alone',
    validating(
      validations('images.containers.all(i, verifyAttestationSignatures(i, attestations.s, [attestors.a]) > 0)'),
    ),
    ['ContainersNotCovered', 'ImageVolumes'],
  ],
  [
    'I: lists in validations of their own',
    validating(
      validations(
        ...['containers', 'initContainers', 'ephemeralContainers', 'volumes'].map(
          (list) => `images.${list}.all(i, verifyAttestationSignatures(i, attestations.s, [attestors.a]) > 0)`,
        ),
      ),
    ),
    [],
  ],
  ['I: no volumes', validating({ images: [] }), ['ImageVolumes']],
  [
    'I: signatures',
    validating(validations(`${LIST}.all(i, verifyImageSignatures(i, [attestors.a]) > 0)`)),
    ['AttestationForSignature'],
  ],
  [
    'I: signatures of notation',
    validating({
      attestors: [{ name: 'n', notary: { certs: { value: ROOT } } }],
      ...validations(`${LIST}.all(i, verifyImageSignatures(i, [attestors.n]) > 0)`),
    }),
    [],
  ],
  [
    'I: annotations',
    validating({ attestors: [cosign('a', { key: { data: K1 }, annotations: { env: 'prod' } })] }),
    ['ForgeableAnnotations'],
  ],
  [
    'I: roots and extensions',
    validating({
      attestors: [
        cosign('a', {
          ctlog: { url: REKOR.rekor.url },
          keyless: { identities: [IDENTITY], roots: ROOT, additionalExtensions: { a: 'b' } },
        }),
      ],
    }),
    ['IgnoredExtensions', 'IgnoredRoots'],
  ],
  ['I: keyless', validating(identities(IDENTITY)), []],
  ['I: anybody', validating(identities({})), ['KeylessWithoutIdentity']],
  ['I: any subject', validating(identities({ issuer: GITHUB, subjectRegExp: '.*' })), ['KeylessWithoutIdentity']],
  ['I: a star is no wildcard', validating(identities({ issuer: GITHUB, subject: '*' })), []],
  [
    'I: a pattern that is not anchored',
    validating(identities({ issuer: GITHUB, subjectRegExp: '^acme' })),
    ['UnanchoredRegExp'],
  ],
  [
    'I: a chain',
    validating({ attestors: [cosign('a', { certificate: { certChain: { value: ROOT } } })] }),
    ['ChainWithoutIdentity'],
  ],
  [
    'I: several keys in one',
    validating({ attestors: [cosign('a', { key: { data: K1 + OTHER } })] }),
    ['SeveralPemBlocks'],
  ],
  ['I: no key', validating({ attestors: [cosign('a', { key: { data: 'garbage' } })] }), ['UnreadableKey']],
  ['I: md5', validating({ attestors: [cosign('a', { key: { data: K1, hashAlgorithm: 'md5' } })] }), ['UnknownHash']],
  [
    'I: key and keyless',
    validating({ attestors: [cosign('a', { key: { data: K1 }, keyless: { identities: [IDENTITY] } })] }),
    ['SeveralMechanisms'],
  ],
  [
    'I: a log without url',
    validating({ attestors: [cosign('a', { key: { data: K1 }, ctlog: { insecureIgnoreSCT: true } })] }),
    ['LogWithoutUrl'],
  ],
  [
    'I: a trust root that is not enough',
    validating({
      attestors: [
        cosign('a', {
          ctlog: { url: REKOR.rekor.url },
          keyless: { identities: [IDENTITY] },
          trustedRoot: { value: '{}' },
        }),
      ],
    }),
    ['TrustedRootIgnored'],
  ],
  [
    'I: one key twice, two needed',
    validating({
      attestors: [cosign('a', { key: { data: K1 } }), cosign('b', { key: { data: K1 } })],
      ...validations(signed('attestors.a, attestors.b', '== 2')),
    }),
    ['DoubledKey'],
  ],
  [
    'I: one key twice, one needed',
    validating({
      attestors: [cosign('a', { key: { data: K1 } }), cosign('b', { key: { data: K1 } })],
      ...validations(signed('attestors.a, attestors.b')),
    }),
    [],
  ],
  [
    'I: one name twice',
    validating({ attestors: [cosign('a', { key: { data: K1 } }), cosign('a', { key: { data: OTHER } })] }),
    ['DuplicateAttestor'],
  ],
  [
    'I: an attestor that is not declared',
    validating(validations(signed('attestors.a, attestors["b"]'))),
    ['UndeclaredAttestor'],
  ],
  [
    'I: tags that may move',
    validating({ validationConfigurations: { mutateDigest: false, verifyDigest: false } }),
    ['CachedPass', 'TagCanMove'],
  ],
  [
    'I: tags that are refused',
    validating({ validationConfigurations: { mutateDigest: false, verifyDigest: true } }),
    [],
  ],
  ['I: every tag', validating(globs('registry.example.com/app:*')), ['Spellings']],
  [
    'I: every tag, digest, and neither',
    validating(globs('registry.example.com/app', 'registry.example.com/app{:,@}*')),
    [],
  ],
  ['I: Docker Hub by its name', validating(globs('docker.io/*')), ['Spellings']],
  ['I: nginx alone', validating(globs('nginx*')), ['Spellings']],
];
