/**
 * TrustedKeys and policies of the renderer's tests: every kind of key and every feature, over the fixtures' material.
 */
import { readFileSync } from 'node:fs';
import { TrustedKey } from '../../../src/api/trusted-key.ts';
import type { AdmissionKey } from '../../../src/core/admission-key.ts';
import type { AdmissionMode, KyvernoFormat, Rendering, RenderRequest } from '../../../src/outputs/kyverno/rendering.ts';
import { renderKyverno } from '../../../src/outputs/kyverno/render.ts';
import { admissionKeyOf } from '../../../src/verify/trust/admission-key.ts';
import type { MaterialLookup } from '../../../src/verify/trust/material.ts';
import { policyOf } from '../../support/builders.ts';

/** The moment as of which everything is rendered. */
export const NOW = new Date('2026-11-21T12:00:00Z');

/** Text of a file in test/fixtures/keys. */
export function keyFile(name: string): string {
  return readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url), 'utf8');
}

const CONFIG_MAPS: Readonly<Record<string, string>> = {
  'security/sigstore/trusted_root.json': keyFile('trusted_root.json'),
  'security/sigstore/root.json': '{"signed":{"_type":"root","version":1},"signatures":[]}',
};

/** ConfigMap security/sigstore, and nothing else. */
export const LOOKUP: MaterialLookup = {
  text({ namespace, name, key }) {
    const text = CONFIG_MAPS[`${namespace}/${name}/${key}`];
    return text === undefined ? { ok: false, message: `there is no ${namespace}/${name}` } : { ok: true, text };
  },
};

/** An AdmissionKey from the spec of a TrustedKey. */
export function keyOf(name: string, spec: Readonly<Record<string, unknown>>): AdmissionKey {
  const key = TrustedKey.parse({
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'TrustedKey',
    metadata: { name },
    spec,
  });
  return admissionKeyOf(key, LOOKUP);
}

const WITHOUT_LOG = { transparencyLog: 'Ignored' } as const;
const publicKey = (...files: readonly string[]) => ({
  publicKey: { pem: files.map(keyFile).join('') },
  ...WITHOUT_LOG,
});
const IDENTITY = { issuer: 'https://issuer.example.com', subject: 'https://ci.example.com/org/repo@refs/heads/main' };
const FILE_ROOT = { configMapRef: { namespace: 'security', name: 'sigstore', key: 'trusted_root.json' } };
const TUF_ROOT = {
  tuf: {
    mirror: 'https://tuf.example.com',
    rootRef: { configMapRef: { namespace: 'security', name: 'sigstore', key: 'root.json' } },
  },
};
const notation = (fields: Readonly<Record<string, unknown>> = {}) => ({
  notation: { trustStores: { ca: [{ pem: keyFile('pki/root.crt') }] }, trustedIdentities: ['*'], ...fields },
});

/** TrustedKeys by name. */
export const KEYS: ReadonlyMap<string, AdmissionKey> = new Map(
  Object.entries({
    release: publicKey('k1.pub'),
    'release-2025': publicKey('other.pub'),
    'release-versions': publicKey('k1.pub', 'other.pub'),
    'key-p384': publicKey('p384-cosign.pub'),
    'key-rsa': publicKey('rsa2048-cosign.pub'),
    'key-ed25519': publicKey('ed25519-cosign.pub'),
    'release-logged': { publicKey: { pem: keyFile('k1.pub') } },
    'release-logged-file': { publicKey: { pem: keyFile('k1.pub') }, trustRoot: FILE_ROOT },
    'release-logged-tuf': { publicKey: { pem: keyFile('k1.pub') }, trustRoot: TUF_ROOT },
    kms: { publicKey: { kms: { uri: 'awskms:///alias/release' } }, ...WITHOUT_LOG },
    certificate: {
      certificate: {
        roots: { pem: keyFile('pki/root.crt') },
        intermediates: { pem: keyFile('pki/inter.crt') },
        identities: [{ subject: 'signer@example.com' }],
      },
      ...WITHOUT_LOG,
    },
    keyless: { keyless: { identities: [IDENTITY] } },
    'keyless-file': { keyless: { identities: [IDENTITY] }, trustRoot: FILE_ROOT },
    'keyless-tuf': { keyless: { identities: [IDENTITY] }, trustRoot: TUF_ROOT },
    'keyless-pattern': {
      keyless: { identities: [{ issuerRegExp: 'https://.*', subjectRegExp: '.*@example\\.com|x' }] },
      trustRoot: FILE_ROOT,
    },
    'keyless-extensions': {
      keyless: { identities: [{ ...IDENTITY, extensions: { githubWorkflowRepository: 'acme/app' } }] },
      trustRoot: FILE_ROOT,
    },
    notation: notation(),
    'notation-timestamp': notation({
      trustStores: { ca: [{ pem: keyFile('pki/root.crt') }], tsa: [{ pem: keyFile('pki/root.crt') }] },
    }),
    'notation-timestamp-late': notation({
      trustStores: { ca: [{ pem: keyFile('pki/root.crt') }], tsa: [{ pem: keyFile('pki/root.crt') }] },
      verifyTimestamp: 'afterCertExpiry',
    }),
    'notation-identity': notation({ trustedIdentities: ['x509.subject: C=US, ST=WA, O=Test'] }),
    revoked: { ...publicKey('other.pub'), lifecycle: { state: 'Revoked' } },
    expired: { ...publicKey('other.pub'), lifecycle: { validUntil: '2026-01-01T00:00:00Z' } },
    coming: { ...publicKey('other.pub'), lifecycle: { validFrom: '2027-01-01T00:00:00Z' } },
    windowed: {
      ...publicKey('k1.pub'),
      lifecycle: { validFrom: '2026-01-01T00:00:00Z', validUntil: '2027-06-01T00:00:00Z' },
    },
    broken: { publicKey: { secretRef: { namespace: 'security', name: 'absent', key: 'cosign.pub' } }, ...WITHOUT_LOG },
  }).map(([name, spec]) => [name, keyOf(name, spec)]),
);

/** A set of entries by name of their TrustedKeys. */
export function setOf(name: string, keys: readonly string[], count?: number): Readonly<Record<string, unknown>> {
  return { name, entries: keys.map((trustedKey) => ({ trustedKey })), ...(count === undefined ? {} : { count }) };
}

/** A request for a policy over `registry.example.com/*`; `spec` replaces whole fields. */
export function requestOf(
  spec: Readonly<Record<string, unknown>>,
  format: KyvernoFormat,
  mode: AdmissionMode = 'Enforce',
  name = 'production',
): RenderRequest {
  const policy = policyOf(name, { images: ['registry.example.com/*'], ...spec });
  return { policy, keys: KEYS, format, mode, now: NOW };
}

/** The rendering of such a policy. */
export function render(
  spec: Readonly<Record<string, unknown>>,
  format: KyvernoFormat,
  mode: AdmissionMode = 'Enforce',
): Rendering {
  return renderKyverno(requestOf(spec, format, mode));
}

/** The setting that names a format of signatures. */
export function signatureFormat(format: 'Any' | 'Legacy' | 'Bundle'): Readonly<Record<string, unknown>> {
  return { enforcement: { kyverno: { signatureFormat: format } } };
}
