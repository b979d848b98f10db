/** Every row of test/fixtures/README.md: what is asked of which image, and the outcome with its reason. */

const KEYS = 'test/fixtures/keys';
const PKI = `${KEYS}/pki`;
const KEYED = (name: string): string[] => ['--key', `${KEYS}/${name}.pub`, '--insecure-ignore-tlog'];
const LOGGED = (name: string): string[] => [
  '--key',
  `${KEYS}/${name}.pub`,
  '--trusted-root',
  `${KEYS}/trusted_root.json`,
];
const CA = [
  '--ca-roots',
  `${PKI}/root.crt`,
  '--ca-intermediates',
  `${PKI}/inter.crt`,
  '--certificate-identity-regexp',
  '.*',
  '--insecure-ignore-tlog',
];
const ROOT = ['--trusted-root', `${KEYS}/trusted_root.json`];
const SAN = 'https://ci.example.com/org/repo@refs/heads/main';
const ISSUER = 'https://issuer.example.com';
const KEYLESS = [...ROOT, '--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER];
const NOTATION = ['--notation-ca', `${PKI}/root.crt`, '--notation-identity', 'x509.subject: C=US, ST=WA, O=Test'];
const TSA = [...NOTATION, '--notation-tsa', `${PKI}/root.crt`];
const SLSA = ['--type', 'slsaprovenance1'];

export interface FixtureRow {
  readonly behaviour: string;
  readonly fixture: string;
  readonly args: readonly string[];
  /** 0 trusted, 1 rejected. */
  readonly code: 0 | 1 | 2;
  readonly reason: string;
  /** Default: the tag v1. */
  readonly reference?: string;
  readonly note?: string;
}

function row(
  behaviour: string,
  fixture: string,
  args: readonly string[],
  reason: string,
  more: Partial<FixtureRow> = {},
): FixtureRow {
  return { behaviour, fixture, args, code: reason === 'Verified' ? 0 : 1, reason, ...more };
}

const keyRows: readonly FixtureRow[] = (
  [
    ['legacy2-k1', 'k1'],
    ['legacy3-k1', 'k1'],
    ['bundle3-k1', 'k1'],
    ['bundle3-signingconfig', 'k1'],
    ['legacy3-oci11', 'k1'],
    ['legacy2-ed25519', 'ed25519-cosign'],
    ['legacy3-ed25519', 'ed25519-cosign'],
    ['bundle3-ed25519', 'ed25519-cosign'],
    ['legacy2-p384', 'p384-cosign'],
    ['bundle3-p384', 'p384-cosign'],
    ['legacy3-p521', 'p521-cosign'],
    ['legacy2-rsa2048', 'rsa2048-cosign'],
    ['legacy3-rsa2048', 'rsa2048-cosign'],
    ['bundle3-rsa2048', 'rsa2048-cosign'],
    ['index-k1', 'k1'],
    ['index-bundle-recursive-k1', 'k1'],
    ['legacy2-k1-tlog', 'k1'],
    ['bundle3-k1-tlog', 'k1'],
    ['legacy2-annot', 'k1'],
    ['legacy3-annot', 'k1'],
    ['bundle3-annot', 'k1'],
  ] as const
).flatMap(([fixture, key]) => [
  row(`${fixture} by its key`, fixture, KEYED(key), 'Verified'),
  row(`${fixture} by another key`, fixture, KEYED('other'), 'UntrustedSigner'),
]);

const annotated = ['legacy2-annot', 'legacy3-annot', 'bundle3-annot'].flatMap((fixture) => [
  row(`${fixture} with the annotation`, fixture, [...KEYED('k1'), '-a', 'env=prod'], 'Verified'),
  row(`${fixture} with both annotations`, fixture, [...KEYED('k1'), '-a', 'env=prod', '-a', 'team=core'], 'Verified'),
  row(`${fixture} with another value`, fixture, [...KEYED('k1'), '-a', 'env=dev'], 'AnnotationMismatch'),
  row(
    `${fixture} with an annotation that is not there`,
    fixture,
    [...KEYED('k1'), '-a', 'tier=1'],
    'AnnotationMismatch',
  ),
]);

const logs: readonly FixtureRow[] = [
  row('a key with its log entry (SET)', 'legacy2-k1-tlog', LOGGED('k1'), 'Verified'),
  row('a key with its log entry (bundle)', 'bundle3-k1-tlog', LOGGED('k1'), 'Verified'),
  row('a key without the log entry that is required', 'legacy2-k1', LOGGED('k1'), 'TransparencyLogMissing'),
  row('a bundle without the log entry that is required', 'bundle3-k1', LOGGED('k1'), 'TransparencyLogMissing'),
  row(
    'a log entry, and no trusted root to check it with',
    'legacy2-k1-tlog',
    ['--key', `${KEYS}/k1.pub`],
    'TrustRootUnavailable',
    { code: 2 },
  ),
  row('the same in a bundle', 'bundle3-k1-tlog', ['--key', `${KEYS}/k1.pub`], 'TrustRootUnavailable', { code: 2 }),
  row('no log entry and no trusted root', 'legacy2-k1', ['--key', `${KEYS}/k1.pub`], 'TransparencyLogMissing'),
  row('not signed, and no trusted root', 'unsigned', ['--key', `${KEYS}/k1.pub`], 'NoSignature'),
  row('another key, and no trusted root', 'bundle3-k1-tlog', ['--key', `${KEYS}/other.pub`], 'UntrustedSigner'),
  row('another key with a log entry', 'legacy2-k1-tlog', LOGGED('other'), 'UntrustedSigner'),
];

const certificates: readonly FixtureRow[] = [
  row('a private CA, legacy, chain annotation empty', 'legacy3-cert', CA, 'Verified'),
  row('a private CA, bundle with the leaf alone', 'bundle3-cert', CA, 'Verified'),
  row(
    'a private CA without its intermediate',
    'bundle3-cert',
    ['--ca-roots', `${PKI}/root.crt`, '--certificate-identity-regexp', '.*', '--insecure-ignore-tlog'],
    'CertificateUntrusted',
  ),
  row(
    'a private CA, another identity',
    'legacy3-cert',
    [...CA.slice(0, 4), '--certificate-identity', 'nobody@example.com', '--insecure-ignore-tlog'],
    'IdentityMismatch',
  ),
  row('a leaf that has expired', 'neg-expired-cert', CA, 'CertificateExpired'),
  row('a leaf under another CA', 'neg-untrusted-ca', CA, 'CertificateUntrusted'),
];

const keyless = ['keyless3', 'keyless3-legacy', 'keyless3-tsa'].flatMap((fixture) => [
  row(`${fixture} by its workflow`, fixture, KEYLESS, 'Verified'),
  row(
    `${fixture} by a pattern`,
    fixture,
    [
      ...ROOT,
      '--certificate-identity-regexp',
      'https://ci\\.example\\.com/org/.*',
      '--certificate-oidc-issuer-regexp',
      'https://issuer\\..*',
    ],
    'Verified',
  ),
  row(
    `${fixture}, a pattern that matches a part only`,
    fixture,
    [...ROOT, '--certificate-identity-regexp', 'ci\\.example\\.com', '--certificate-oidc-issuer', ISSUER],
    'IdentityMismatch',
  ),
  row(
    `${fixture} by another workflow`,
    fixture,
    [...ROOT, '--certificate-identity', `${SAN}x`, '--certificate-oidc-issuer', ISSUER],
    'IdentityMismatch',
  ),
  row(
    `${fixture} by another issuer`,
    fixture,
    [...ROOT, '--certificate-identity', SAN, '--certificate-oidc-issuer', 'https://issuer.example.org'],
    'IdentityMismatch',
  ),
  row(`${fixture} long after its certificate expired`, fixture, [...KEYLESS, '--at', '2036-01-01'], 'Verified'),
]);

const attestations: readonly FixtureRow[] = [
  row('an attestation (.att)', 'attest2-slsa1', [...KEYED('k1'), ...SLSA], 'Verified'),
  row('an attestation (bundle)', 'attest3-slsa1', [...KEYED('k1'), ...SLSA], 'Verified'),
  row('a keyless attestation', 'keyless3-attest', [...KEYLESS, ...SLSA], 'Verified'),
  row('an attestation by another key', 'attest2-slsa1', [...KEYED('other'), ...SLSA], 'UntrustedSigner'),
  row('an attestation of another type', 'attest3-slsa1', [...KEYED('k1'), '--type', 'cyclonedx'], 'AttestationMissing'),
  row('an attestation (.att) is no signature', 'attest2-slsa1', KEYED('k1'), 'NoSignature'),
  row('an attestation (bundle) is no signature', 'attest3-slsa1', KEYED('k1'), 'NoSignature'),
  row('a keyless attestation is no signature', 'keyless3-attest', KEYLESS, 'NoSignature'),
  row('a signature is no attestation', 'bundle3-k1', [...KEYED('k1'), ...SLSA], 'AttestationMissing'),
];

const negatives: readonly FixtureRow[] = [
  row('no signature at all', 'unsigned', KEYED('k1'), 'NoSignature'),
  row('a payload blob that is not what its descriptor says', 'neg-blob-corrupt', KEYED('k1'), 'SignatureInvalid'),
  row('a bundle whose payload was edited', 'neg-bundle-payload-tampered', KEYED('k1'), 'SignatureInvalid'),
  row('a signature moved from another image', 'neg-moved-legacy', KEYED('k1'), 'DigestMismatch'),
  row('a bundle by another key', 'neg-otherkey-bundle', KEYED('k1'), 'UntrustedSigner'),
  row('a signature by another key', 'neg-otherkey-legacy', KEYED('k1'), 'UntrustedSigner'),
  row('a payload that was re-written', 'neg-payload-tampered', KEYED('k1'), 'UntrustedSigner'),
  row('a payload that names another digest', 'neg-payload-wrong-digest', KEYED('k1'), 'DigestMismatch'),
  row('a signature with a flipped byte', 'neg-sig-tampered', KEYED('k1'), 'UntrustedSigner'),
];

const notation: readonly FixtureRow[] = [
  ...['notation-jws', 'notation-cose', 'notation-jws-rsa', 'notation-jws-tsa'].flatMap((fixture) => [
    row(`${fixture} by its identity`, fixture, NOTATION, 'Verified'),
    row(
      `${fixture} by another identity`,
      fixture,
      [...NOTATION.slice(0, 3), 'x509.subject: C=US, ST=WA, O=Other'],
      'IdentityMismatch',
    ),
    row(
      `${fixture} by another CA`,
      fixture,
      ['--notation-ca', `${PKI}/root2.crt`, '--notation-identity', '*'],
      'CertificateUntrusted',
    ),
  ]),
  row('notation-jws with its metadata', 'notation-jws', [...NOTATION, '-a', 'env=prod'], 'Verified'),
  row('notation-jws with other metadata', 'notation-jws', [...NOTATION, '-a', 'env=dev'], 'AnnotationMismatch'),
  row('notation-cose with its metadata', 'notation-cose', [...NOTATION, '-a', 'env=prod'], 'Verified'),
  row('a timestamp that the tsa store trusts', 'notation-jws-tsa', TSA, 'Verified'),
  row('a leaf that expired after the timestamp', 'notation-jws-tsa-expiredcert', TSA, 'Verified'),
  row('the same without a tsa store', 'notation-jws-tsa-expiredcert', NOTATION, 'CertificateExpired'),
  row('a signature before its expiry', 'notation-cose-expiry', [...NOTATION, '--at', 'SIGNED'], 'Verified'),
  row('a signature after its expiry', 'notation-cose-expiry', [...NOTATION, '--at', '2027-06-01'], 'SignatureExpired'),
  row('an expired leaf without a timestamp', 'neg-notation-expired-cert', NOTATION, 'CertificateExpired'),
  row('the same, permissive', 'neg-notation-expired-cert', [...NOTATION, '--notation-level', 'permissive'], 'Verified'),
  row('an edited payload', 'neg-notation-tampered', NOTATION, 'SignatureInvalid'),
  row(
    'an edited payload, audit',
    'neg-notation-tampered',
    [...NOTATION, '--notation-level', 'audit'],
    'SignatureInvalid',
  ),
  row('an untrusted CA', 'neg-notation-untrusted-ca', NOTATION, 'CertificateUntrusted'),
  row(
    'an untrusted CA, permissive',
    'neg-notation-untrusted-ca',
    [...NOTATION, '--notation-level', 'permissive'],
    'CertificateUntrusted',
  ),
  row(
    'an untrusted CA, audit: said, not enforced',
    'neg-notation-untrusted-ca',
    [...NOTATION, '--notation-level', 'audit'],
    'Verified',
    { note: 'authenticity' },
  ),
  row('a cosign signature for a Notary policy', 'bundle3-k1', NOTATION, 'NoSignature'),
  row('a Notary signature for a cosign key', 'notation-jws', KEYED('k1'), 'NoSignature'),
];

export const FIXTURE_ROWS: readonly FixtureRow[] = [
  ...keyRows,
  ...annotated,
  ...logs,
  ...certificates,
  ...keyless,
  ...attestations,
  ...negatives,
  ...notation,
];
