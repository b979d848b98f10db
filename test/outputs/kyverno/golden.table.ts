/** Policies whose renderings stand in test/golden/kyverno: every kind of key and every feature. */
import { setOf, signatureFormat } from './samples.ts';

const attestors = (...keys: readonly string[]) => ({ attestors: [setOf('team', keys)] });
const SLSA = 'https://slsa.dev/provenance/v1';
const BUILD_TYPE = 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1';

/** Name of the case → spec of the policy, over `registry.example.com/*`. */
export const GOLDEN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'key-any': attestors('release'),
  'key-legacy': { ...attestors('release'), ...signatureFormat('Legacy') },
  'key-bundle': { ...attestors('release'), ...signatureFormat('Bundle') },
  'key-versions': { ...attestors('release-versions'), ...signatureFormat('Bundle') },
  'key-p384': { ...attestors('key-p384'), ...signatureFormat('Legacy') },
  'key-p384-bundle': { ...attestors('key-p384'), ...signatureFormat('Bundle') },
  'key-rsa': attestors('key-rsa'),
  'key-ed25519': attestors('key-ed25519'),
  'key-kms': attestors('kms'),
  'key-log': attestors('release-logged'),
  'key-log-file': { ...attestors('release-logged-file'), ...signatureFormat('Legacy') },
  'key-log-tuf': { ...attestors('release-logged-tuf'), ...signatureFormat('Bundle') },
  certificate: { ...attestors('certificate'), ...signatureFormat('Legacy') },
  keyless: attestors('keyless'),
  'keyless-bundle': { ...attestors('keyless'), ...signatureFormat('Bundle') },
  'keyless-file': { ...attestors('keyless-file'), ...signatureFormat('Legacy') },
  'keyless-pattern': { ...attestors('keyless-pattern'), ...signatureFormat('Legacy') },
  'keyless-extensions': { ...attestors('keyless-extensions'), ...signatureFormat('Legacy') },
  'keyless-tuf': { ...attestors('keyless-tuf'), ...signatureFormat('Bundle') },
  notation: attestors('notation'),
  'notation-timestamp': attestors('notation-timestamp'),
  'notation-timestamp-late': attestors('notation-timestamp-late'),
  'sets-anded': {
    attestors: [setOf('security', ['release']), setOf('release', ['release-2025'])],
    ...signatureFormat('Bundle'),
  },
  'count-one-of-two': { attestors: [setOf('team', ['release', 'release-2025'], 1)] },
  'count-two-of-three': { attestors: [setOf('team', ['release', 'release-2025', 'key-rsa'], 2)] },
  'count-of-versions': {
    attestors: [setOf('team', ['release-versions', 'key-rsa'])],
    ...signatureFormat('Bundle'),
  },
  'count-shared-key': { attestors: [setOf('team', ['release-versions', 'release'])] },
  'cosign-and-notation': { attestors: [setOf('team', ['release', 'notation'])] },
  annotations: {
    attestors: [{ name: 'team', entries: [{ trustedKey: 'release', annotations: { env: 'prod', team: 'core' } }] }],
    ...signatureFormat('Legacy'),
  },
  'annotations-bundle': {
    attestors: [{ name: 'team', entries: [{ trustedKey: 'release', annotations: { env: 'prod', team: 'core' } }] }],
    ...signatureFormat('Bundle'),
  },
  repository: {
    attestors: [{ name: 'team', entries: [{ trustedKey: 'release', repository: 'registry.example.com/signatures' }] }],
  },
  attestation: {
    ...attestors('release'),
    attestations: [
      {
        type: SLSA,
        conditions: { all: [{ key: '{{ buildDefinition.buildType }}', operator: 'Equals', value: BUILD_TYPE }] },
      },
    ],
    ...signatureFormat('Bundle'),
  },
  'attestation-legacy': {
    ...attestors('release'),
    attestations: [
      { type: SLSA, conditions: { any: [{ key: '{{ runs[0].id }}', operator: 'AnyIn', value: ['a', 'b'] }] } },
    ],
    ...signatureFormat('Legacy'),
  },
  'attestation-expression': {
    ...attestors('release'),
    attestations: [
      {
        type: SLSA,
        attestors: [setOf('builders', ['release-2025'])],
        expression: "predicate.runDetails.builder.id == 'https://ci.example.com'",
      },
    ],
    ...signatureFormat('Bundle'),
  },
  revoked: attestors('revoked'),
  'revoked-one-of-two': { attestors: [setOf('team', ['release', 'revoked'], 1)] },
  window: attestors('windowed'),
  'docker-hub': { images: ['nginx', 'acme/*', 'library/redis*', '*.example.com/*'] },
  exclusions: { images: ['*'], excludeImages: ['registry.example.com/sandbox/*', 'busybox'] },
  match: {
    match: {
      namespaces: ['production', 'shop'],
      excludeNamespaces: ['sandbox-*'],
      namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold'] }] },
      podSelector: { matchLabels: { app: 'cart' } },
    },
  },
  exceptions: {
    exceptions: [
      { images: ['registry.example.com/legacy/*'], reason: 'INC-1', expiresAt: '2026-12-31T00:00:00Z' },
      { images: ['registry.example.com/debug*'], namespaces: ['dev-*'], reason: 'INC-2' },
      { images: ['registry.example.com/over*'], reason: 'INC-3', expiresAt: '2026-11-21T12:00:00Z' },
    ],
  },
  'digest-required': { digest: { requireInSpec: true } },
  'no-mutation': {
    enforcement: { kyverno: { mutateDigest: false, failurePolicy: 'Ignore', webhookTimeoutSeconds: 10 } },
  },
  registry: {
    registry: { credentials: [{ secretRef: { namespace: 'kyverno', name: 'pull' } }], insecure: true },
  },
};
