/** Good and bad ImageTrustPolicies. */
import { attestors, entries, longName, type ManifestRow, policy, ref, row } from './manifest-row.ts';

/** Good and bad ImageTrustPolicies. */
export const policies: readonly ManifestRow[] = [
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
  policy('null in place of lists and maps', {
    excludeImages: null,
    attestors: [{ name: 'a', entries: [{ trustedKey: 'a', annotations: { team: null } }] }],
  }),
  policy('null in a list', { images: ['a', null] }, ['spec.images[1]', '']),
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
