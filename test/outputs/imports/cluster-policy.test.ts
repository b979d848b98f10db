import { describe, expect, test } from 'vitest';
import { clusterPolicy, imported, INTER, K1, keys, LEAF, OFFLINE, OTHER, ROOT, slug, written } from './imported.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const REKOR = { rekor: { url: 'https://rekor.sigstore.dev' } };
const entries = (list: readonly object[], count?: number) => ({
  attestors: [{ ...(count === undefined ? {} : { count }), entries: list }],
});
const keyless = (fields: object) => entries([{ keyless: { ...REKOR, ...fields } }]);
const nested = (count: number, list: readonly object[]) => ({ attestor: { count, entries: list } });
const K3 = { keys: { kms: 'awskms:///alias/third' } };
const slsa = (more: object = {}) => ({
  attestations: [{ type: 'https://slsa.dev/provenance/v1', attestors: [{ entries: [keys(K1)] }], ...more }],
});
const match = (any: readonly object[]) => ({ rule: { match: { any } } });
const pods = (resources: object) => ({ resources: { kinds: ['Pod'], ...resources } });
const exclude = (filter: object) => ({ rule: { exclude: { any: [filter] } } });

/** What the policy is like; the policy; how many rules of it are refused. */
const ROWS: readonly (readonly [string, object, number])[] = [
  ['one key offline', clusterPolicy(), 0],
  ['one key with the public log', clusterPolicy(entries([{ keys: { publicKeys: K1 } }])), 0],
  ['several PEM blocks all of which must vouch', clusterPolicy(entries([keys(K1 + OTHER)])), 0],
  ['several PEM blocks any of which may vouch', clusterPolicy(entries([keys(K1 + OTHER)], 1)), 0],
  ['one key twice with count two', clusterPolicy(entries([keys(K1), keys(K1), keys(OTHER)], 2)), 0],
  [
    'one key with several annotations',
    clusterPolicy(entries([keys(K1, { annotations: { a: '1' } }), keys(K1, { annotations: { b: '2' } })])),
    0,
  ],
  ['two of three keys', clusterPolicy(entries([keys(K1), keys(OTHER), K3], 2)), 0],
  ['nested any of any', clusterPolicy(entries([keys(K1), nested(1, [keys(OTHER), K3])], 1)), 0],
  ['nested any of all', clusterPolicy(entries([keys(K1), nested(2, [keys(OTHER), K3])], 1)), 0],
  ['nested all of any', clusterPolicy(entries([keys(K1), nested(1, [keys(OTHER), K3])])), 0],
  ['several sets', clusterPolicy({ attestors: [{ entries: [keys(K1)] }, { entries: [keys(OTHER)] }] }), 0],
  ['a count above the entries', clusterPolicy(entries([keys(K1)], 2)), 1],
  ['a set without entries', clusterPolicy({ attestors: [{ entries: [] }] }), 1],
  ['no attestors at all', clusterPolicy({ attestors: [] }), 1],
  ['a Secret', clusterPolicy(entries([{ keys: { secret: { name: 'cosign', namespace: 'security' } } }])), 0],
  ['a Secret by reference', clusterPolicy(entries([keys('k8s://security/cosign')])), 0],
  ['a key management service', clusterPolicy(entries([{ keys: { kms: 'gcpkms://projects/p/locations/l' } }])), 0],
  ['a key management service that is unknown', clusterPolicy(entries([{ keys: { kms: 'pkcs11:token=x' } }])), 1],
  [
    'a key out of a ConfigMap',
    clusterPolicy(entries([keys('{{ trust.data."cosign.pub" }}')]), {
      rule: { context: [{ name: 'trust', configMap: { name: 'trust', namespace: 'security' } }] },
    }),
    0,
  ],
  ['a key out of an unknown variable', clusterPolicy(entries([keys('{{ who.data.knows }}')])), 1],
  ['a text that is no key', clusterPolicy(entries([keys('hello')])), 1],
  ['a private key', clusterPolicy(entries([keys(K1.replaceAll('PUBLIC', 'PRIVATE'))])), 1],
  [
    'a repository and annotations',
    clusterPolicy({
      repository: 'registry.example.com/sigs',
      ...entries([keys(K1, { annotations: { env: 'prod' } })]),
    }),
    0,
  ],
  [
    'bundles with what Kyverno ignores',
    clusterPolicy({
      type: 'SigstoreBundle',
      repository: 'registry.example.com/sigs',
      ...entries([keys(K1, { annotations: { env: 'prod' } })]),
    }),
    0,
  ],
  [
    'keyless by exact names',
    clusterPolicy(
      keyless({
        issuer: GITHUB,
        subject: 'https://github.com/acme/app/.github/workflows/release.yaml@refs/heads/main',
      }),
    ),
    0,
  ],
  ['keyless by wildcards', clusterPolicy(keyless({ issuer: GITHUB, subject: 'https://github.com/acme/*' })), 0],
  [
    'keyless bundles take wildcards as themselves',
    clusterPolicy({ type: 'SigstoreBundle', ...keyless({ issuer: GITHUB, subject: 'https://github.com/acme/*' }) }),
    0,
  ],
  [
    'keyless by patterns that are not anchored',
    clusterPolicy(keyless({ issuerRegExp: '^https://a|https://b$', subjectRegExp: 'acme' })),
    0,
  ],
  [
    'keyless by patterns that are anchored',
    clusterPolicy(keyless({ issuer: GITHUB, subjectRegExp: '^https://github\\.com/acme/.+$' })),
    0,
  ],
  [
    'keyless by either subject',
    clusterPolicy(keyless({ issuer: GITHUB, subject: 'a@example.com', subjectRegExp: '^b@.*$' })),
    0,
  ],
  [
    'keyless by both issuers',
    clusterPolicy(keyless({ issuer: GITHUB, issuerRegExp: '.*', subject: 'a@example.com' })),
    1,
  ],
  ['keyless without identity', clusterPolicy(keyless({})), 0],
  [
    'keyless with extensions',
    clusterPolicy(
      keyless({
        issuer: GITHUB,
        subject: '*',
        additionalExtensions: { githubWorkflowRepository: 'acme/app', '1.3.6.1.4.1.57264.1.2': 'push' },
      }),
    ),
    0,
  ],
  [
    'keyless with wildcards in extensions',
    clusterPolicy(
      keyless({ issuer: GITHUB, subject: '*', additionalExtensions: { githubWorkflowRepository: 'acme/*' } }),
    ),
    1,
  ],
  [
    'keyless with an unknown log',
    clusterPolicy(
      entries([{ keyless: { issuer: GITHUB, subject: 'a', rekor: { url: 'https://rekor.example.com' } } }]),
    ),
    1,
  ],
  [
    'keyless below roots of its own',
    clusterPolicy(
      keyless({
        issuer: 'https://issuer.example.com',
        subject: 'ci@example.com',
        roots: INTER + ROOT,
        rekor: { url: 'https://rekor.example.com', pubkey: K1 },
        ctlog: { pubkey: OTHER },
      }),
    ),
    0,
  ],
  [
    'a private authority with a subject',
    clusterPolicy(
      keyless({ subject: 'ci@example.com', roots: INTER + ROOT, rekor: OFFLINE.rekor, ctlog: OFFLINE.ctlog }),
    ),
    0,
  ],
  [
    'a private authority with an issuer',
    clusterPolicy(keyless({ issuer: 'https://i', subject: 'ci@example.com', roots: ROOT, ...OFFLINE })),
    1,
  ],
  ['a certificate', clusterPolicy(entries([{ certificates: { cert: LEAF, ...OFFLINE } }])), 0],
  ['a chain without identity', clusterPolicy(entries([{ certificates: { certChain: INTER + ROOT, ...OFFLINE } }])), 0],
  ['a notation certificate', clusterPolicy({ type: 'Notary', ...entries([{ certificates: { cert: ROOT } }]) }), 0],
  ['notation with a key', clusterPolicy({ type: 'Notary' }), 1],
  [
    'an attestation with conditions',
    clusterPolicy(
      slsa({
        conditions: [
          { all: [{ key: '{{ buildDefinition.buildType }}', operator: 'Equals', value: 'x' }] },
          { any: [{ key: '{{ a }}', operator: 'anyIn', value: ['b', 'c'], message: 'no' }] },
        ],
      }),
    ),
    0,
  ],
  ['an attestation alone', clusterPolicy({ attestors: [], ...slsa() }), 0],
  ['an attestation by anybody', clusterPolicy(slsa({ attestors: undefined })), 0],
  [
    'an attestation of several keys in one text',
    clusterPolicy(slsa({ attestors: [{ entries: [keys(K1 + OTHER)] }] })),
    0,
  ],
  [
    'an attestation that stands for the signature',
    clusterPolicy({ type: 'SigstoreBundle', attestors: [], ...slsa({ type: 'https://sigstore.dev/cosign/sign/v1' }) }),
    0,
  ],
  [
    'a condition on the request',
    clusterPolicy(
      slsa({ conditions: [{ all: [{ key: '{{ request.namespace }}', operator: 'Equals', value: 'x' }] }] }),
    ),
    1,
  ],
  [
    'a condition with a variable as its value',
    clusterPolicy(slsa({ conditions: [{ all: [{ key: '{{ a }}', operator: 'Equals', value: '{{ b }}' }] }] })),
    1,
  ],
  [
    'two blocks of alternatives',
    clusterPolicy(
      slsa({
        conditions: [1, 2].map((n) => ({
          any: [
            { key: '{{ a }}', operator: 'Equals', value: n },
            { key: '{{ b }}', operator: 'Equals', value: n },
          ],
        })),
      }),
    ),
    1,
  ],
  [
    'an attestation that notation signs',
    clusterPolicy({
      type: 'Notary',
      ...entries([{ certificates: { cert: ROOT } }]),
      ...slsa({ type: 'sbom/example' }),
    }),
    1,
  ],
  ['deny conditions', clusterPolicy({ validate: { message: 'no', deny: { conditions: { all: [] } } } }), 1],
  ['a field that is unknown', clusterPolicy({ soon: true }), 1],
  [
    'fields of old',
    clusterPolicy({
      imageReferences: undefined,
      image: 'registry.example.com/*',
      attestors: undefined,
      key: K1,
      annotations: { env: 'prod' },
    }),
    0,
  ],
  [
    'image references that match nothing',
    clusterPolicy({ imageReferences: ['nginx', 'registry.example.com/{a,b}*', 'registry.example.com/app:*'] }),
    0,
  ],
  [
    'images that are skipped',
    clusterPolicy({
      skipImageReferences: ['registry.example.com/base*', 'registry.example.com/a:v1', 'registry.example.com/never'],
    }),
    0,
  ],
  [
    'filters that differ in namespaces',
    clusterPolicy({}, match([pods({ namespaces: ['a'] }), pods({ namespaces: ['b-*'] })])),
    0,
  ],
  [
    'filters that differ in labels',
    clusterPolicy(
      {},
      match([
        pods({ selector: { matchLabels: { a: 'b' } } }),
        pods({ namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod'] }] } }),
      ]),
    ),
    0,
  ],
  [
    'all of several filters',
    clusterPolicy(
      {},
      { rule: { match: { all: [pods({ namespaces: ['a'] }), pods({ selector: { matchLabels: { x: '*' } } })] } } },
    ),
    0,
  ],
  ['controllers alone', clusterPolicy({}, match([{ resources: { kinds: ['apps/v1/Deployment'] } }])), 0],
  ['other kinds alone', clusterPolicy({}, match([{ resources: { kinds: ['tekton.dev/v1/Task'] } }])), 1],
  [
    'a filter on names and users',
    clusterPolicy({}, match([{ ...pods({ names: ['web-*'] }), subjects: [{ kind: 'User', name: 'x' }] }])),
    0,
  ],
  ['excluded namespaces', clusterPolicy({}, exclude(pods({ namespaces: ['kube-system', 'dev-*'] }))), 0],
  ['excluded labels', clusterPolicy({}, exclude(pods({ selector: { matchLabels: { trusted: 'yes' } } }))), 0],
  [
    'excluded by two conditions',
    clusterPolicy({}, exclude(pods({ namespaces: ['a'], selector: { matchLabels: { trusted: 'yes' } } }))),
    0,
  ],
  [
    'preconditions on the operation',
    clusterPolicy(
      {},
      {
        rule: { preconditions: { all: [{ key: '{{ request.operation }}', operator: 'NotEquals', value: 'DELETE' }] } },
      },
    ),
    0,
  ],
  [
    'preconditions on something else',
    clusterPolicy(
      {},
      {
        rule: {
          preconditions: { all: [{ key: '{{ request.object.metadata.labels.a }}', operator: 'Equals', value: 'b' }] },
        },
      },
    ),
    0,
  ],
  [
    'matchConditions',
    clusterPolicy(
      {},
      {
        spec: {
          webhookConfiguration: {
            matchConditions: [{ name: 'x', expression: 'true' }],
            failurePolicy: 'Ignore',
            timeoutSeconds: 7,
          },
        },
      },
    ),
    0,
  ],
  [
    'overrides by namespace',
    clusterPolicy({}, { spec: { validationFailureActionOverrides: [{ action: 'Audit', namespaces: ['dev-*'] }] } }),
    0,
  ],
  [
    'overrides by selector',
    clusterPolicy(
      {},
      {
        spec: {
          validationFailureAction: 'audit',
          validationFailureActionOverrides: [
            { action: 'Enforce', namespaceSelector: { matchLabels: { env: 'prod' } } },
          ],
        },
      },
    ),
    0,
  ],
  ['its own action', clusterPolicy({ failureAction: 'Audit', mutateDigest: false }), 0],
  [
    'credentials',
    clusterPolicy({
      imageRegistryCredentials: { allowInsecureRegistry: true, providers: ['amazon'], secrets: ['pull', 'team/pull'] },
    }),
    0,
  ],
  [
    'a severity and a long name',
    clusterPolicy(
      {},
      { metadata: { name: `${'long-'.repeat(16)}name`, annotations: { 'policies.kyverno.io/severity': 'critical' } } },
    ),
    0,
  ],
  ['a namespaced Policy', { ...clusterPolicy({}, { metadata: { namespace: 'team' } }), kind: 'Policy' }, 0],
  ['no rule that verifies images', clusterPolicy({}, { rule: { verifyImages: undefined, validate: {} } }), 0],
];

describe('a ClusterPolicy of Kyverno', () => {
  test.each(ROWS)('%s', async (name, policy, refused) => {
    const result = imported(policy);
    expect(result.refused).toBe(refused);
    await expect(written(result)).toMatchFileSnapshot(`../../golden/imports/cluster-policy/${slug(name)}.yaml`);
  });

  test('two policies with the same key share one TrustedKey, whose name does not depend on them', () => {
    const alone = imported(clusterPolicy());
    const both = imported(clusterPolicy({}, { metadata: { name: 'first' } }), clusterPolicy());
    const names = (result: typeof alone) =>
      result.objects.filter(({ object }) => object.kind === 'TrustedKey').map(({ object }) => object.metadata.name);
    expect(names(both)).toEqual(names(alone));
  });

  test('policies of one name stay apart', () => {
    const result = imported(clusterPolicy(), clusterPolicy(), {
      ...clusterPolicy(),
      kind: 'Policy',
      metadata: { name: 'images', namespace: 'check' },
    });
    const policies = result.objects.filter(({ object }) => object.kind === 'ImageTrustPolicy');
    expect(new Set(policies.map(({ object }) => object.metadata.name)).size).toBe(3);
  });

  test('a rule that is refused takes no other with it', () => {
    const result = imported(clusterPolicy({ soon: true }, { metadata: { name: 'bad' } }), clusterPolicy());
    expect(result.refused).toBe(1);
    expect(result.objects.map(({ object }) => object.kind)).toEqual(['TrustedKey', 'ImageTrustPolicy']);
  });
});
