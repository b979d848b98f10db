/** Good and bad TrustedKeys. */
import { exact, key, keyBeside, type ManifestRow, notation, PEM, PRIVATE, ref } from './manifest-row.ts';

/** Good and bad TrustedKeys. */
export const trustedKeys: readonly ManifestRow[] = [
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
  keyBeside('null where nothing is needed', { trustRoot: null, lifecycle: { validFrom: null, rotateEvery: null } }),
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
  keyBeside('a list where a time belongs', { lifecycle: { validFrom: ['2026-01-01T00:00:00Z'] } }, [
    'spec.lifecycle.validFrom',
    '',
  ]),
  keyBeside('a time before 1970', { lifecycle: { validFrom: '1969-12-31T23:59:59Z' } }, [
    'spec.lifecycle.validFrom',
    'write a time after 1970',
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
