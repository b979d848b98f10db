/**
 * Good and bad objects of both kinds. The unit tests try them on validateManifest, the cluster suite on a real API
 * server: both must take and refuse the same. `problems` are the places, each with a part of its sentence.
 */
import type { KindName } from '../../src/api/group.ts';

/** One object; good where `problems` is absent. */
export interface ManifestRow {
  readonly name: string;
  readonly kind: KindName;
  readonly object: Readonly<Record<string, unknown>>;
  readonly problems?: readonly (readonly [path: string, sentence: string])[];
}

type Problems = NonNullable<ManifestRow['problems']>;

const PEM = '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n';
const PRIVATE = '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJr\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
const ref = { namespace: 'security', name: 'cosign', key: 'cosign.pub' };
const exact = { issuer: 'https://issuer.example.com', subject: 'ci@example.com' };
const entries = [{ trustedKey: 'release' }];
const attestors = [{ name: 'release', entries }];
const longName = 'n'.repeat(64);

function key(name: string, spec: unknown, ...problems: Problems): ManifestRow {
  return row('TrustedKey', name, { metadata: { name: 'release-2026' }, spec }, problems);
}

function keyBeside(name: string, rest: object, ...problems: Problems): ManifestRow {
  return key(name, { publicKey: { pem: PEM }, ...rest }, ...problems);
}

function policy(name: string, rest: object, ...problems: Problems): ManifestRow {
  return row(
    'ImageTrustPolicy',
    name,
    { metadata: { name: 'production' }, spec: { images: ['registry.example.com/*'], attestors, ...rest } },
    problems,
  );
}

function notation(name: string, rest: object, ...problems: Problems): ManifestRow {
  const signer = {
    trustStores: { ca: [{ pem: PEM }] },
    trustedIdentities: ['x509.subject: C=US, ST=WA, O=Acme'],
    ...rest,
  };
  return key(name, { notation: signer }, ...problems);
}

function row(kind: KindName, name: string, rest: object, problems: Problems): ManifestRow {
  const object = { apiVersion: 'imagetrust.dev/v1alpha1', kind, ...rest };
  return problems.length === 0 ? { name, kind, object } : { name, kind, object, problems };
}

const trustedKeys: readonly ManifestRow[] = [
  key('public key as PEM', { publicKey: { pem: PEM } }),
  key('public key in a Secret', { publicKey: { secretRef: ref } }),
  key('public key in a ConfigMap', { publicKey: { configMapRef: ref } }),
  key('public key in a KMS', { publicKey: { kms: { uri: 'awskms:///alias/release' } } }),
  key('private CA with an exact identity', {
    certificate: { roots: { pem: PEM }, identities: [{ subject: 'ci@example.com' }] },
  }),
  key('private CA with intermediates and a pattern', {
    certificate: {
      roots: { secretRef: ref },
      intermediates: { pem: PEM },
      identities: [{ subjectRegExp: '.*@example\\.com' }],
    },
  }),
  key('keyless with extensions', {
    keyless: { identities: [{ ...exact, extensions: { githubWorkflowRepository: 'acme/app' } }] },
  }),
  key('keyless by patterns', { keyless: { identities: [{ issuerRegExp: 'https://.*', subjectRegExp: '.*' }] } }),
  notation('notation with defaults', {}),
  notation('notation with every store and override', {
    trustStores: { ca: [{ pem: PEM }], signingAuthority: [{ secretRef: ref }], tsa: [{ configMapRef: ref }] },
    trustedIdentities: ['*'],
    level: 'permissive',
    levelOverrides: { expiry: 'enforce', revocation: 'skip' },
    verifyTimestamp: 'afterCertExpiry',
  }),
  notation('notation with a signing authority alone', { trustStores: { signingAuthority: [{ pem: PEM }] } }),
  keyBeside('log ignored', { transparencyLog: 'Ignored' }),
  keyBeside('trust root in a ConfigMap', { trustRoot: { configMapRef: { ...ref, key: 'trusted_root.json' } } }),
  keyBeside('trust root by TUF', {
    trustRoot: { tuf: { mirror: 'https://tuf.example.com', rootRef: { configMapRef: ref } } },
  }),
  keyBeside('a life in full', {
    lifecycle: {
      state: 'Revoked',
      validFrom: '2026-01-01T00:00:00Z',
      validUntil: '2026-12-31T23:59:59.5+02:00',
      rotateEvery: '90d',
      revokedAt: '2026-06-01T00:00:00Z',
      revocation: 'AfterRevokedAt',
    },
  }),
  keyBeside('29 February of a leap year', { lifecycle: { validFrom: '2028-02-29T00:00:00Z' } }),
  keyBeside('a compound duration', { lifecycle: { rotateEvery: '1d12h30m' } }),
  keyBeside('null where there is a default', { transparencyLog: null, lifecycle: { state: null } }),
  key('no kind of signer', {}, ['spec', 'set exactly one of publicKey, certificate, keyless, notation']),
  keyBeside('two kinds of signer', { keyless: { identities: [exact] } }, ['spec', 'set exactly one of publicKey']),
  key('public key without a source', { publicKey: {} }, [
    'spec.publicKey',
    'set exactly one of pem, secretRef, configMapRef, kms',
  ]),
  key('public key from two sources', { publicKey: { pem: PEM, secretRef: ref } }, [
    'spec.publicKey',
    'set exactly one of pem',
  ]),
  key('a private key', { publicKey: { pem: PRIVATE } }, ['spec.publicKey.pem', 'write only the public half']),
  key('text that is no PEM', { publicKey: { pem: 'MFkwEwYH' } }, ['spec.publicKey.pem', 'write whole PEM blocks']),
  key('empty PEM', { publicKey: { pem: '' } }, ['spec.publicKey.pem', '']),
  key('PEM that is too long', { publicKey: { pem: PEM + ' '.repeat(65_536) } }, ['spec.publicKey.pem', '']),
  key('a Secret without namespace', { publicKey: { secretRef: { name: 'cosign', key: 'cosign.pub' } } }, [
    'spec.publicKey.secretRef.namespace',
    '',
  ]),
  key('a namespace with capitals', { publicKey: { secretRef: { ...ref, namespace: 'Security' } } }, [
    'spec.publicKey.secretRef.namespace',
    'write a namespace',
  ]),
  key('a data key with a slash', { publicKey: { secretRef: { ...ref, key: 'a/b' } } }, [
    'spec.publicKey.secretRef.key',
    'write a key of letters',
  ]),
  key('an unknown KMS', { publicKey: { kms: { uri: 'vault://x' } } }, [
    'spec.publicKey.kms.uri',
    'write a URI as cosign does',
  ]),
  key('a KMS interval without unit', { publicKey: { kms: { uri: 'awskms:///x', refreshInterval: '10' } } }, [
    'spec.publicKey.kms.refreshInterval',
    'write a duration with the units',
  ]),
  key('a certificate without identities', { certificate: { roots: { pem: PEM }, identities: [] } }, [
    'spec.certificate.identities',
    '',
  ]),
  key('a certificate without roots', { certificate: { identities: [{ subject: 'a' }] } }, [
    'spec.certificate.roots',
    '',
  ]),
  key('an identity without subject', { certificate: { roots: { pem: PEM }, identities: [{}] } }, [
    'spec.certificate.identities[0]',
    'set exactly one of subject, subjectRegExp',
  ]),
  key(
    'an identity with both subjects',
    { certificate: { roots: { pem: PEM }, identities: [{ subject: 'a', subjectRegExp: 'a' }] } },
    ['spec.certificate.identities[0]', 'set exactly one of subject'],
  ),
  key('roots without source', { certificate: { roots: {}, identities: [{ subject: 'a' }] } }, [
    'spec.certificate.roots',
    'set exactly one of pem, secretRef, configMapRef',
  ]),
  key('keyless without issuer', { keyless: { identities: [{ subject: 'a' }] } }, [
    'spec.keyless.identities[0]',
    'set exactly one of issuer, issuerRegExp',
  ]),
  key('keyless without identities', { keyless: { identities: [] } }, ['spec.keyless.identities', '']),
  key(
    'an unknown certificate extension',
    { keyless: { identities: [{ ...exact, extensions: { workflowRepo: 'a' } }] } },
    ['spec.keyless.identities[0].extensions', 'write names of Fulcio certificate extensions'],
  ),
  notation('notation without a store', { trustStores: {} }, [
    'spec.notation.trustStores',
    'give at least one certificate source',
  ]),
  notation('notation with a timestamp store alone', { trustStores: { tsa: [{ pem: PEM }] } }, [
    'spec.notation.trustStores',
    'give at least one certificate source',
  ]),
  notation('notation without identities', { trustedIdentities: [] }, ['spec.notation.trustedIdentities', '']),
  notation('notation with a bare subject', { trustedIdentities: ['C=US, ST=WA, O=Acme'] }, [
    'spec.notation.trustedIdentities[0]',
    "write 'x509.subject:",
  ]),
  notation('notation with * and another identity', { trustedIdentities: ['*', 'x509.subject: C=US, ST=WA, O=Acme'] }, [
    'spec.notation.trustedIdentities',
    'write the identity * alone',
  ]),
  notation(
    'notation with the same identity twice',
    { trustedIdentities: ['x509.subject: C=US', 'x509.subject: C=US'] },
    ['spec.notation.trustedIdentities', ''],
  ),
  notation('notation with level skip', { level: 'skip' }, ['spec.notation.level', '']),
  notation('an override of integrity', { levelOverrides: { integrity: 'log' } }, [
    'spec.notation.levelOverrides.integrity',
    '',
  ]),
  notation('an override that skips authenticity', { levelOverrides: { authenticity: 'skip' } }, [
    'spec.notation.levelOverrides.authenticity',
    '',
  ]),
  keyBeside('a log setting in lower case', { transparencyLog: 'required' }, ['spec.transparencyLog', '']),
  keyBeside('a trust root without source', { trustRoot: {} }, [
    'spec.trustRoot',
    'set exactly one of configMapRef, tuf',
  ]),
  keyBeside(
    'a TUF mirror without scheme',
    { trustRoot: { tuf: { mirror: 'tuf.example.com', rootRef: { configMapRef: ref } } } },
    ['spec.trustRoot.tuf.mirror', 'write the URL of the TUF mirror'],
  ),
  keyBeside('an unknown state', { lifecycle: { state: 'Expired' } }, ['spec.lifecycle.state', '']),
  keyBeside('a day that does not exist', { lifecycle: { validFrom: '2026-02-30T00:00:00Z' } }, [
    'spec.lifecycle.validFrom',
    '',
  ]),
  keyBeside('29 February of a common year', { lifecycle: { validFrom: '2026-02-29T00:00:00Z' } }, [
    'spec.lifecycle.validFrom',
    '',
  ]),
  keyBeside('a time without offset', { lifecycle: { validUntil: '2026-12-31T00:00:00' } }, [
    'spec.lifecycle.validUntil',
    '',
  ]),
  keyBeside('an offset of 99 hours', { lifecycle: { validUntil: '2026-12-31T00:00:00+99:00' } }, [
    'spec.lifecycle.validUntil',
    '',
  ]),
  keyBeside(
    'a window that ends before it begins',
    { lifecycle: { validFrom: '2026-12-31T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' } },
    ['spec.lifecycle.validUntil', 'write a validUntil that is later'],
  ),
  keyBeside('AfterRevokedAt without a time', { lifecycle: { state: 'Revoked', revocation: 'AfterRevokedAt' } }, [
    'spec.lifecycle.revokedAt',
    'set revokedAt',
  ]),
  keyBeside('revokedAt of a key that is active', { lifecycle: { revokedAt: '2026-01-01T00:00:00Z' } }, [
    'spec.lifecycle.revokedAt',
    'set state: Revoked',
  ]),
  keyBeside('a duration of zero', { lifecycle: { rotateEvery: '0d' } }, [
    'spec.lifecycle.rotateEvery',
    'longer than zero',
  ]),
  keyBeside('units in the wrong order', { lifecycle: { rotateEvery: '30m1h' } }, [
    'spec.lifecycle.rotateEvery',
    'write a duration with the units',
  ]),
  keyBeside('an unknown field', { publickey: {} }, ['spec.publickey', '']),
  {
    name: 'a TrustedKey without spec',
    kind: 'TrustedKey',
    object: { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'TrustedKey', metadata: { name: 'a' } },
    problems: [['spec', '']],
  },
];

const policies: readonly ManifestRow[] = [
  policy('the smallest policy', {}),
  policy('every field', {
    excludeImages: ['registry.example.com/sandbox/*'],
    match: {
      namespaces: ['production', 'team-*'],
      excludeNamespaces: ['kube-system'],
      namespaceSelector: {
        matchLabels: { tier: 'gold' },
        matchExpressions: [{ key: 'env', operator: 'In', values: ['a', ''] }],
      },
      podSelector: { matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'Exists' }] },
    },
    attestors: [
      {
        name: 'security',
        count: 1,
        entries: [
          { trustedKey: 'a', annotations: { env: 'production' }, repository: 'registry.example.com/signatures' },
          { trustedKey: 'b' },
        ],
      },
      { name: 'release', entries },
    ],
    attestations: [
      {
        type: 'https://slsa.dev/provenance/v1',
        attestors,
        conditions: {
          all: [{ key: '{{ buildType }}', operator: 'AnyIn', value: ['a', 'b'] }],
          any: [{ key: 'x', operator: 'Equals', value: 1, message: 'm' }],
        },
        expression: "predicate.builder.id == 'x'",
      },
    ],
    digest: { requireInSpec: true, onTagDrift: 'Fail' },
    exceptions: [{ images: ['nginx'], namespaces: ['dev-?'], reason: 'INC-42', expiresAt: '2026-12-31T00:00:00Z' }],
    verification: {
      schedule: '0,30 8-18/2 * JAN-jun MON-FRI',
      timeZone: 'America/Argentina/Buenos_Aires',
      timeout: '1m30s',
      maxStaleness: '2d',
      suspend: true,
    },
    registry: {
      credentials: [{ secretRef: { namespace: 'a', name: 'b' } }],
      mirrors: [{ from: 'docker.io', to: 'mirror.local/hub' }],
      caRef: { configMapRef: ref },
      insecure: true,
    },
    severity: 'critical',
    enforcement: {
      mode: 'Progressive',
      progressive: { compliantFor: '24h', minimumPasses: 3 },
      kyverno: {
        format: 'ClusterPolicy',
        signatureFormat: 'Bundle',
        mutateDigest: false,
        failurePolicy: 'Ignore',
        webhookTimeoutSeconds: 10,
      },
    },
  }),
  policy('an image with port, tag and digest', {
    images: ['localhost:5000/a/b:v1', '[::1]:5000/a', `a@sha256:${'0'.repeat(64)}`, '*'],
  }),
  policy('a condition that compares with true', {
    attestations: [{ type: 't', conditions: { any: [{ key: 'k', operator: 'Equals', value: true }] } }],
  }),
  policy('empty lists', { excludeImages: [], attestations: [], exceptions: [], match: { namespaces: [] } }),
  policy('a mirror with a scheme', {
    registry: { mirrors: [{ from: 'docker.io/library', to: 'http://127.0.0.1:5000/hub' }] },
  }),
  policy('no images', { images: [] }, ['spec.images', '']),
  policy('an image twice', { images: ['a', 'a'] }, ['spec.images', '']),
  policy('an image with a scheme', { images: ['https://registry.example.com/a'] }, [
    'spec.images[0]',
    'without a scheme',
  ]),
  policy('an image with a space', { images: ['registry.example.com/a b'] }, ['spec.images[0]', 'without spaces']),
  policy('images as a string', { images: 'registry.example.com/*' }, ['spec.images', '']),
  policy('no attestors', { attestors: [] }, ['spec.attestors', '']),
  policy('a set without name', { attestors: [{ entries }] }, ['spec.attestors[0].name', '']),
  policy('two sets of one name', { attestors: [...attestors, ...attestors] }, ['spec.attestors', '']),
  policy('a set without entries', { attestors: [{ name: 'a', entries: [] }] }, ['spec.attestors[0].entries', '']),
  policy('a count beyond the entries', { attestors: [{ name: 'a', count: 2, entries }] }, [
    'spec.attestors[0].count',
    'write a count of at most',
  ]),
  policy('a count of zero', { attestors: [{ name: 'a', count: 0, entries }] }, ['spec.attestors[0].count', '']),
  policy('a count that is no whole number', { attestors: [{ name: 'a', count: 1.5, entries }] }, [
    'spec.attestors[0].count',
    '',
  ]),
  policy('an entry without key', { attestors: [{ name: 'a', entries: [{}] }] }, [
    'spec.attestors[0].entries[0].trustedKey',
    '',
  ]),
  policy('an entry with a bad name', { attestors: [{ name: 'a', entries: [{ trustedKey: 'A_b' }] }] }, [
    'spec.attestors[0].entries[0].trustedKey',
    'write a name of lower-case',
  ]),
  policy(
    'a signature repository with a tag',
    { attestors: [{ name: 'a', entries: [{ trustedKey: 'a', repository: 'registry.example.com/s:v1' }] }] },
    ['spec.attestors[0].entries[0].repository', 'write a repository such as'],
  ),
  policy(
    'an annotation that is a number',
    { attestors: [{ name: 'a', entries: [{ trustedKey: 'a', annotations: { team: 1 } }] }] },
    ['spec.attestors[0].entries[0].annotations.team', ''],
  ),
  policy(
    'an annotation without name',
    { attestors: [{ name: 'a', entries: [{ trustedKey: 'a', annotations: { '': 'x' } }] }] },
    ['spec.attestors[0].entries[0].annotations', 'write keys of 1 to'],
  ),
  policy('an attestation without type', { attestations: [{}] }, ['spec.attestations[0].type', '']),
  policy('empty conditions', { attestations: [{ type: 't', conditions: {} }] }, [
    'spec.attestations[0].conditions',
    'give at least one condition',
  ]),
  policy(
    'an unknown operator',
    { attestations: [{ type: 't', conditions: { all: [{ key: 'k', operator: 'Matches', value: 'x' }] } }] },
    ['spec.attestations[0].conditions.all[0].operator', ''],
  ),
  policy('a namespace glob with capitals', { match: { namespaces: ['Prod*'] } }, [
    'spec.match.namespaces[0]',
    'write a namespace, or a glob',
  ]),
  policy('In without values', { match: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }, [
    'spec.match.podSelector.matchExpressions[0]',
    'give values for In and NotIn',
  ]),
  policy(
    'Exists with values',
    { match: { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] } } },
    ['spec.match.podSelector.matchExpressions[0]', 'give values for In and NotIn'],
  ),
  policy('a schedule of one field', { verification: { schedule: '5' } }, [
    'spec.verification.schedule',
    'write five cron fields',
  ]),
  policy('a schedule of six fields', { verification: { schedule: '0 */5 * * * *' } }, [
    'spec.verification.schedule',
    'write five cron fields',
  ]),
  policy('a schedule with minute 60', { verification: { schedule: '60 * * * *' } }, [
    'spec.verification.schedule',
    'write five cron fields',
  ]),
  policy('a schedule by macro', { verification: { schedule: '@daily' } }, [
    'spec.verification.schedule',
    'write five cron fields',
  ]),
  policy('a schedule with step zero', { verification: { schedule: '*/0 * * * *' } }, [
    'spec.verification.schedule',
    'write five cron fields',
  ]),
  policy('a time zone with a space', { verification: { timeZone: 'Europe Berlin' } }, [
    'spec.verification.timeZone',
    'write a time zone',
  ]),
  policy('a time-out of an hour', { verification: { timeout: '1h' } }, [
    'spec.verification.timeout',
    'write a duration of minutes',
  ]),
  policy('a time-out of zero', { verification: { timeout: '0s' } }, ['spec.verification.timeout', 'longer than zero']),
  policy('an exception without reason', { exceptions: [{ images: ['a'] }] }, ['spec.exceptions[0].reason', '']),
  policy('an exception without images', { exceptions: [{ images: [], reason: 'r' }] }, [
    'spec.exceptions[0].images',
    '',
  ]),
  policy(
    'an exception that ends on a bad day',
    { exceptions: [{ images: ['a'], reason: 'r', expiresAt: '2026-13-01T00:00:00Z' }] },
    ['spec.exceptions[0].expiresAt', ''],
  ),
  policy('a mirror without target', { registry: { mirrors: [{ from: 'docker.io' }] } }, [
    'spec.registry.mirrors[0].to',
    '',
  ]),
  policy('a mirror of a URL', { registry: { mirrors: [{ from: 'https://docker.io', to: 'a' }] } }, [
    'spec.registry.mirrors[0].from',
    'write a registry',
  ]),
  policy('an unknown severity', { severity: 'urgent' }, ['spec.severity', '']),
  policy('an unknown mode', { enforcement: { mode: 'enforce' } }, ['spec.enforcement.mode', '']),
  policy('a webhook time-out of a minute', { enforcement: { kyverno: { webhookTimeoutSeconds: 60 } } }, [
    'spec.enforcement.kyverno.webhookTimeoutSeconds',
    '',
  ]),
  policy('a boolean as text', { digest: { requireInSpec: 'true' } }, ['spec.digest.requireInSpec', '']),
  policy('null where there is no default', { severity: null, images: null }, ['spec.images', '']),
  policy(
    'an unknown field deep inside',
    { attestors: [{ name: 'a', entries: [{ trustedKey: 'a', annotation: {} }] }] },
    ['spec.attestors[0].entries[0].annotation', ''],
  ),
  row(
    'ImageTrustPolicy',
    'a name of 64 characters',
    { metadata: { name: longName }, spec: { images: ['a'], attestors } },
    [['', 'write a metadata.name of at most 63']],
  ),
];

/** All rows. */
export const MANIFESTS: readonly ManifestRow[] = [...trustedKeys, ...policies];
