/** Holes of a ClusterPolicy, each alone in a policy that has no other. */
import { K1, keys, OTHER, ROOT } from '../imports/imported.ts';
import { GITHUB, IDENTITY, REKOR, type Row, SIGNATURE } from './rows.ts';

const LISTS = ['containers', 'initContainers', 'ephemeralContainers'];
const EXTRACTORS = [
  ...LISTS.map((list) => ({ path: `/spec/${list}/*/`, value: 'image', key: 'name', name: list })),
  { path: '/spec/volumes/*/image/', value: 'reference', name: 'volumes' },
];
const GUARD = {
  any: [
    { key: '{{ request.operation }}', operator: 'Equals', value: 'CREATE' },
    {
      key: '{{ request.object.spec.containers[].image }}',
      operator: 'NotEquals',
      value: '{{ request.oldObject.spec.containers[].image }}',
    },
  ],
};

/** A ClusterPolicy without holes, with these changes. */
export function cluster(entry: object = {}, { rule = {}, spec = {} } = {}): object {
  const tight = {
    type: 'Cosign',
    failureAction: 'Enforce',
    imageReferences: ['registry.example.com/*'],
    mutateDigest: true,
    verifyDigest: false,
    required: false,
    useCache: false,
    attestors: [{ entries: [keys(K1)] }],
  };
  const verify = {
    name: 'verify',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    preconditions: GUARD,
    imageExtractors: { Pod: EXTRACTORS },
    verifyImages: [{ ...tight, ...entry }],
  };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'tight' },
    spec: { background: false, ...spec, rules: [{ ...verify, ...rule }] },
  };
}

const attestors = (...entries: readonly object[]) => ({ attestors: [{ entries }] });
const keyless = (fields: object) => attestors({ keyless: { ...REKOR, ...fields } });
const images = (...globs: readonly string[]) => ({ imageReferences: globs });
const attested = (more: object) => ({
  attestations: [{ type: 'https://slsa.dev/provenance/v1', attestors: [{ entries: [keys(K1)] }], ...more }],
});

/** What is wrong; the policy; the holes, worst first. */
export const CLUSTER_POLICY_ROWS: readonly Row[] = [
  ['C: nothing', cluster(), []],
  ['C: a cached pass', cluster({ useCache: true }), ['CachedPass']],
  ['C: a cached pass by default', cluster({ useCache: undefined }), ['CachedPass']],
  ['C: no digest', cluster({ mutateDigest: false }), ['TagCanMove']],
  [
    'C: matchConditions',
    cluster({}, { spec: { webhookConfiguration: { matchConditions: [{ name: 'x', expression: 'true' }] } } }),
    ['MatchConditions'],
  ],
  ['C: no attestors', cluster({ attestors: [] }), ['NothingDemanded']],
  [
    'C: controllers alone',
    cluster({}, { rule: { match: { any: [{ resources: { kinds: ['Deployment'] } }] } } }),
    ['PodsNotMatched'],
  ],
  ['C: no extractor for volumes', cluster({}, { rule: { imageExtractors: undefined } }), ['ImageVolumes']],
  [
    'C: an extractor for volumes alone',
    cluster({}, { rule: { imageExtractors: { Pod: EXTRACTORS.slice(3) } } }),
    ['ContainersNotCovered'],
  ],
  [
    'C: extractors without names, of which the last counts',
    cluster({}, { rule: { imageExtractors: { Pod: EXTRACTORS.map((each) => ({ ...each, name: undefined })) } } }),
    ['ContainersNotCovered'],
  ],
  [
    'C: two extractors of one name',
    cluster({}, { rule: { imageExtractors: { Pod: EXTRACTORS.map((each) => ({ ...each, name: 'all' })) } } }),
    ['ContainersNotCovered'],
  ],
  [
    'C: creation alone by precondition',
    cluster(
      {},
      { rule: { preconditions: { all: [{ key: '{{request.operation}}', operator: 'Equals', value: 'CREATE' }] } } },
    ),
    ['UpdatesNotVerified'],
  ],
  [
    'C: creation alone by operation',
    cluster({}, { rule: { match: { any: [{ resources: { kinds: ['Pod'], operations: ['CREATE'] } }] } } }),
    ['UpdatesNotVerified'],
  ],
  ['C: every update', cluster({}, { rule: { preconditions: undefined } }), ['RunningPodsTrapped']],
  [
    'C: every update but deletion',
    cluster(
      {},
      { rule: { preconditions: { all: [{ key: '{{request.operation}}', operator: 'NotEquals', value: 'DELETE' }] } } },
    ),
    ['RunningPodsTrapped'],
  ],
  [
    'C: every update, only reported',
    cluster(
      { failureAction: 'Audit', mutateDigest: false },
      { rule: { preconditions: undefined }, spec: { webhookConfiguration: { failurePolicy: 'Ignore' } } },
    ),
    [],
  ],
  ['C: Audit that fails', cluster({ failureAction: 'Audit', mutateDigest: false }), ['AuditDenies']],
  ['C: Audit of the policy that fails', cluster({ failureAction: undefined, mutateDigest: false }), ['AuditDenies']],
  [
    'C: open while the registry is down',
    cluster({}, { spec: { webhookConfiguration: { failurePolicy: 'Ignore' } } }),
    ['RegistryDownAdmits'],
  ],
  ['C: required', cluster({ required: true }), ['EphemeralContainersDenied']],
  ['C: every tag and no digest', cluster(images('registry.example.com/app:*')), ['Spellings']],
  ['C: every tag and every digest', cluster(images('registry.example.com/app:*', 'registry.example.com/app@*')), []],
  ['C: one tag', cluster(images('registry.example.com/app:v1')), ['Spellings']],
  ['C: no tag', cluster(images('registry.example.com/app')), ['Spellings']],
  ['C: Docker Hub by one name', cluster(images('docker.io/library/nginx*')), ['Spellings']],
  [
    'C: Docker Hub by all names',
    cluster(
      images(
        'docker.io/nginx*',
        'docker.io/library/nginx*',
        'index.docker.io/nginx*',
        'index.docker.io/library/nginx*',
      ),
    ),
    [],
  ],
  ['C: everything', cluster(images('*')), []],
  ['C: bundles by signature', cluster({ type: 'SigstoreBundle' }), ['AttestationForSignature']],
  [
    'C: bundles by attestation',
    cluster({ type: 'SigstoreBundle', attestors: undefined, ...attested({ type: SIGNATURE }) }),
    [],
  ],
  [
    'C: annotations of bundles',
    cluster({
      type: 'SigstoreBundle',
      attestors: undefined,
      ...attested({ type: SIGNATURE, attestors: [{ entries: [keys(K1, { annotations: { a: 'b' } })] }] }),
    }),
    ['IgnoredAnnotations'],
  ],
  [
    'C: annotations of Notary',
    cluster({ type: 'Notary', ...attestors({ certificates: { cert: ROOT }, annotations: { a: 'b' } }) }),
    ['IgnoredAnnotations'],
  ],
  [
    'C: roots and extensions of bundles',
    cluster({
      type: 'SigstoreBundle',
      attestors: undefined,
      ...attested({ attestors: keyless({ ...IDENTITY, roots: ROOT, additionalExtensions: { a: 'b' } }).attestors }),
    }),
    ['IgnoredExtensions', 'IgnoredRoots'],
  ],
  [
    'C: a chain',
    cluster(attestors({ certificates: { certChain: ROOT, rekor: { ignoreTlog: true } } })),
    ['ChainWithoutIdentity'],
  ],
  ['C: roots alone', cluster(keyless({ roots: ROOT })), ['ChainWithoutIdentity']],
  ['C: roots with a subject', cluster(keyless({ roots: ROOT, subject: 'ci@example.com' })), []],
  ['C: keyless', cluster(keyless(IDENTITY)), []],
  ['C: keyless without identity', cluster(keyless({})), ['KeylessWithoutIdentity']],
  ['C: keyless by the issuer alone', cluster(keyless({ issuer: GITHUB })), ['KeylessWithoutIdentity']],
  ['C: keyless by a star', cluster(keyless({ issuer: GITHUB, subject: '*' })), ['KeylessWithoutIdentity']],
  [
    'C: a pattern that is not anchored',
    cluster(keyless({ issuer: GITHUB, subjectRegExp: 'acme' })),
    ['UnanchoredRegExp'],
  ],
  [
    'C: a pattern that is anchored in one alternative',
    cluster(keyless({ issuer: GITHUB, subjectRegExp: '^a|b$' })),
    ['UnanchoredRegExp'],
  ],
  ['C: a pattern that is anchored', cluster(keyless({ issuer: GITHUB, subjectRegExp: '^(a|[|]b)$' })), []],
  ['C: a pattern that is none', cluster(keyless({ issuer: GITHUB, subjectRegExp: '^(?=a)$' })), ['BadRegExp']],
  ['C: one key twice, all', cluster(attestors(keys(K1), keys(K1))), ['DoubledKey']],
  ['C: one key twice, any', cluster({ attestors: [{ count: 1, entries: [keys(K1), keys(K1)] }] }), []],
  [
    'C: one key twice in a nested set',
    cluster(attestors({ attestor: { count: 2, entries: [keys(K1), keys(OTHER + K1)] } })),
    ['DoubledKey'],
  ],
  ['C: no key', cluster(attestors(keys('hello'))), ['UnreadableKey']],
  ['C: text before the key', cluster(attestors(keys(`# mine\n${K1}`))), ['UnreadableKey']],
  ['C: a private key', cluster(attestors(keys(K1.replaceAll('PUBLIC', 'PRIVATE')))), ['UnreadableKey']],
  ['C: a variable', cluster(attestors(keys('{{ keys.data.a }}'))), []],
  ['C: a hash that is none', cluster(attestors({ ...keys(K1), signatureAlgorithm: 'md5' })), ['UnknownHash']],
  [
    'C: several mechanisms',
    cluster(attestors({ ...keys(K1), keyless: { ...REKOR, ...IDENTITY } })),
    ['SeveralMechanisms'],
  ],
  ['C: a log without url', cluster(attestors({ keys: { publicKeys: K1, rekor: { url: '' } } })), ['LogWithoutUrl']],
  ['C: an attestation by anybody', cluster(attested({ attestors: undefined })), ['AttestationByAnybody']],
  ['C: an attestation without type', cluster(attested({ type: undefined })), ['AttestationWithoutType']],
  [
    'C: an attestation by several keys in one text',
    cluster(attested({ attestors: [{ entries: [keys(K1 + OTHER)] }] })),
    ['SeveralPemBlocks'],
  ],
  ['C: rules that are no list', { ...cluster(), spec: { rules: 'none' } }, ['Malformed']],
];
